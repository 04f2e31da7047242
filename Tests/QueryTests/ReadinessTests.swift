import Pipeline
import Testing

@testable import Query

struct ReadinessTests {
    private let notReady = Readiness(
        unreadyFor: .milliseconds(41_200), failure: nil, isIntake: true, isFold: true, intakePartitions: 0,
        foldPartitions: 12,
        currentPartitions: 9, behind: .init(time: .milliseconds(7300), partition: 4), readyWithin: .seconds(5),
        secondsLeft: 3.2)

    @Test func readinessSaysWhyNot() {
        #expect(
            notReady.json == #"""
                {"ready":false,"error":"not ready for 42 s","reasons":["no source partition is read here",\#
                "ledger partition 4 has been behind its end for 8 s, 5 s are allowed"],\#
                "intakePartitions":0,"foldPartitions":12,"currentPartitions":9,"behindSeconds":8,"secondsLeft":4}
                """#)
        var unknown = notReady
        (unknown.behind, unknown.intakePartitions) = (nil, 1)
        #expect(unknown.reasons == ["how far the fold is behind the ledger's end is not known yet"])
        var foldsNothing = notReady
        foldsNothing.foldPartitions = 0
        foldsNothing.isIntake = false
        #expect(foldsNothing.reasons == ["no ledger partition is folded here"])
        var failed = notReady
        failed.failure = "the disk is gone"
        #expect(failed.json.hasPrefix(#"{"ready":false,"error":"the disk is gone","reasons":["#))
    }

    @Test func whoIsReadyGivesNoReasons() {
        let ready = Readiness(
            unreadyFor: nil, failure: nil, isIntake: true, isFold: true, intakePartitions: 6, foldPartitions: 12,
            currentPartitions: 11, behind: .init(time: .milliseconds(40), partition: 1), readyWithin: .seconds(5),
            secondsLeft: nil)
        #expect(
            ready.json
                == #"{"ready":true,"intakePartitions":6,"foldPartitions":12,"currentPartitions":11,"behindSeconds":1}"#)
    }
}
