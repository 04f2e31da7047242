import Pipeline
import Replay
import Testing

@testable import Query

struct ReadinessTests {
    private let notReady = Readiness(
        unreadyFor: .milliseconds(41_200), failure: nil, missing: [.intake], intakePartitions: 0, foldPartitions: 12,
        currentPartitions: 9, behind: .init(time: .milliseconds(7300), partition: 4), readyWithin: .seconds(5),
        secondsLeft: 3.2)

    @Test func readinessSaysWhyNot() {
        #expect(
            notReady.json == #"""
                {"ready":false,"error":"not ready for 42 s","reasons":[\#
                "the intake has not joined its group: which partitions are its own is not known yet",\#
                "ledger partition 4 has been behind its end for 8 s, 5 s are allowed"],\#
                "intakePartitions":0,"foldPartitions":12,"currentPartitions":9,"behindSeconds":8,"secondsLeft":4}
                """#)
        var unknown = notReady
        (unknown.behind, unknown.missing) = (nil, [])
        #expect(unknown.reasons == ["how far the fold is behind the ledger's end is not known yet"])
        var foldsNothing = notReady
        (foldsNothing.foldPartitions, foldsNothing.missing) = (0, [.fold])
        #expect(
            foldsNothing.reasons == [
                "the fold has not joined its group: which partitions are its own is not known yet"
            ])
        var failed = notReady
        failed.failure = "the disk is gone"
        #expect(failed.json.hasPrefix(#"{"ready":false,"error":"the disk is gone","reasons":["#))
    }

    @Test func whoIsReadyGivesNoReasons() {
        let ready = Readiness(
            unreadyFor: nil, failure: nil, missing: [], intakePartitions: 6, foldPartitions: 12,
            currentPartitions: 11, behind: .init(time: .milliseconds(40), partition: 1), readyWithin: .seconds(5),
            secondsLeft: nil)
        #expect(
            ready.json
                == #"{"ready":true,"intakePartitions":6,"foldPartitions":12,"currentPartitions":11,"behindSeconds":1}"#)
    }

    @Test func whoSwitchesToAnotherPolicySaysSoAndIsReady() {
        var readiness = Readiness(
            unreadyFor: nil, failure: nil, missing: [], intakePartitions: 6, foldPartitions: 12,
            currentPartitions: 10, behind: .init(time: .seconds(60), partition: 3),
            late: .init(time: .zero, partition: 0), readyWithin: .seconds(5),
            switching: [
                .init(partition: 3, policy: "town", version: 2, done: 0.429),
                .init(partition: 7, policy: "town", version: 2, done: 1),
            ], secondsLeft: nil)
        #expect(
            readiness.json == #"""
                {"ready":true,"intakePartitions":6,"foldPartitions":12,"currentPartitions":10,"switching":[\#
                {"partition":3,"policy":{"id":"town","version":2},"done":0.42},\#
                {"partition":7,"policy":{"id":"town","version":2},"done":1}],"behindSeconds":60}
                """#)
        // The reason is the partition that is late without a switch.
        readiness.unreadyFor = .seconds(1)
        readiness.late = .init(time: .seconds(8), partition: 5)
        #expect(
            readiness.reasons == [
                "ledger partition 5 has been behind its end for 8 s, refolds of its history not counted, 5 s are allowed"
            ])
    }

    /// The policy is there as well, because older readers require it.
    @Test func whoFoldsWithoutASourceNamesTheSource() {
        var readiness = Readiness(
            unreadyFor: nil, failure: nil, missing: [], intakePartitions: 6, foldPartitions: 12,
            currentPartitions: 10, behind: .init(time: .seconds(60), partition: 3),
            late: .init(time: .zero, partition: 0), readyWithin: .seconds(5),
            switching: [
                .init(
                    partition: 3, policy: "town", version: 2,
                    source: .init(topic: "trams", isWithdrawn: true), done: 0.429),
                .init(
                    partition: 7, policy: "town", version: 2, source: .init(topic: "\"bills\"", isWithdrawn: false),
                    done: 1),
            ], secondsLeft: nil)
        #expect(
            readiness.json == #"""
                {"ready":true,"intakePartitions":6,"foldPartitions":12,"currentPartitions":10,"switching":[\#
                {"partition":3,"policy":{"id":"town","version":2},"source":{"topic":"trams","withdrawn":true},"done":0.42},\#
                {"partition":7,"policy":{"id":"town","version":2},"source":{"topic":"\"bills\"","withdrawn":false},"done":1}],"behindSeconds":60}
                """#)
        readiness.unreadyFor = .seconds(1)
        readiness.late = .init(time: .seconds(8), partition: 5)
        #expect(readiness.reasons.count == 1 && !readiness.reasons[0].contains("policy"))
    }

    /// Its group has more members than partitions.
    @Test func whoIsReadyWithoutPartitionsSaysSo() {
        let ready = Readiness(
            unreadyFor: nil, failure: nil, missing: [], intakePartitions: 0, foldPartitions: 0, currentPartitions: 0,
            behind: nil, readyWithin: .seconds(5), secondsLeft: nil)
        #expect(ready.json == #"{"ready":true,"intakePartitions":0,"foldPartitions":0,"currentPartitions":0}"#)
    }
}
