import Foundation
import Kafka
import Lag
import Testing

/// What a member answers, and what follows.
@Suite struct MemberReadingTests {
    private let quiet = "standing_slices_waiting 0\nstanding_partitions_paused 0\n"

    private func reading(_ readiness: String, metrics: String? = nil) -> MemberReading? {
        MemberReading(member: "one:8080", readiness: Data(readiness.utf8), metrics: metrics)
    }

    private func causes(_ readiness: String, metrics: String? = nil) -> [LagCause] {
        LagCause.inside([reading(readiness, metrics: metrics)].compactMap { $0 }, ledger: "ledger")
    }

    @Test func aReadyMemberHasNoCause() {
        #expect(causes(#"{"ready":true,"foldPartitions":2}"#, metrics: quiet).isEmpty)
        #expect(causes(#"{"ready":true}"#).isEmpty, "nothing is known of its workers")
    }

    @Test func anotherServersAnswerIsNone() {
        #expect(reading("not found") == nil)
        #expect(reading("{}") == nil)
    }

    @Test func aPartitionInQuarantineIsPoison() {
        let found = causes(
            #"{"ready":true,"quarantined":[{"partition":3,"offset":412,"reason":"no frame"}]}"#, metrics: quiet)
        #expect(found.map(\.code) == [.poison])
        #expect(found.first?.topicPartition == TopicPartition("ledger", 3))
        #expect(found.first?.sentence.contains("`standing ledger skip 3 412 --reason TEXT`") == true)
    }

    @Test func aSwitchOfPolicyTakesItsTime() {
        let switches = [
            #"{"partition":0,"policy":{"id":"card","version":4},"done":0.5}"#,
            #"{"partition":1,"policy":{"id":"card","version":4},"done":0.25}"#,
        ].joined(separator: ",")
        let found = causes(#"{"ready":true,"switching":["# + switches + "]}")
        #expect(found.map(\.code) == [.policySwitch])
        #expect(found.first?.sentence.hasPrefix("2 ledger partitions switch to policy card 4, 25% of ") == true)
    }

    @Test func theHistoryIsFoldedAgainWithoutASource() {
        func sentence(_ withdrawn: Bool) -> String {
            let source = #"{"topic":"trams","withdrawn":\#(withdrawn)}"#
            let item =
                #"{"partition":0,"policy":{"id":"town","version":2},"source":\#(source),"done":0.5}"#
            return causes(#"{"ready":true,"switching":[\#(item)]}"#).first?.sentence ?? ""
        }
        #expect(
            sentence(true).hasPrefix("1 ledger partition folds its history again for the withdrawal of trams, 50% of "))
        #expect(sentence(false).contains(" for the restoration of trams, ") && !sentence(false).contains("policy"))
    }

    @Test func whatWaitsForWorkersIsTheFold() {
        let found = causes(
            #"{"ready":true}"#, metrics: "# TYPE a gauge\nstanding_slices_waiting 3\nstanding_partitions_paused 1\n")
        #expect(found.map(\.code) == [.fold])
        #expect(found.first?.sentence.hasPrefix("at one:8080 3 ledger partitions wait for a worker, ") == true)
    }

    @Test func theFoldsCauseNamesTheRuleThatCostsMost() {
        let busy = "standing_slices_waiting 3\nstanding_partitions_paused 1\n"
        func sentence(_ metrics: String) -> String {
            causes(#"{"ready":true}"#, metrics: busy + metrics).first?.sentence ?? ""
        }
        let costs = """
            standing_fold_cost_by_rule_total{rule="late"} 100
            standing_fold_cost_by_rule_total{rule="tags"} 300

            """
        #expect(sentence(costs).hasSuffix("; of the work of the rules' expressions over events 75% is rule tags's"))
        #expect(sentence("").hasSuffix("else add a member"), "no rule is known to cost anything")
        let others = "standing_fold_cost_by_rule_total{rule=\"other\"} 600\n"
        #expect(sentence(costs + others).hasSuffix(" events 30% is rule tags's"), "other is no rule's name")
        #expect(sentence(others).hasSuffix("else add a member"))
    }

    @Test func aFullDiskIsTheArchive() {
        let paused = "standing_slices_waiting 0\nstanding_partitions_paused 2\n"
        let found = causes(#"{"ready":true}"#, metrics: paused + "standing_archive_waits_for_room 2\n")
        #expect(found.map(\.code) == [.archive], "the queues are full because of it")
        #expect(found.first?.sentence.hasPrefix("at one:8080 2 ledger partitions wait for room on the disk ") == true)
        let others = causes(#"{"ready":true}"#, metrics: paused + "standing_archive_waits_for_room 1\n")
        #expect(others.map(\.code) == [.archive, .fold])
    }

    @Test func factsThatAreNotAcknowledgedStopTheFold() {
        let paused = "standing_partitions_paused 2\nstanding_facts_in_flight 900\n"
        func codes(_ metrics: String) -> [LagCause.Code] {
            causes(#"{"ready":true}"#, metrics: metrics).map(\.code)
        }
        let full = paused + "standing_facts_wait_for_room 1\n"
        let found = causes(#"{"ready":true}"#, metrics: full + "standing_slices_waiting 0\n")
        #expect(found.map(\.code) == [.publish])
        #expect(
            found.first?.sentence.hasPrefix(
                "at one:8080 1 ledger partition waits for room in the producer of facts, and 900 facts are not ")
                == true)
        // Workers have more to do than they can.
        #expect(codes(full + "standing_slices_waiting 1\n") == [.fold])
        // Facts are always on their way while something is folded. Two workers that fold two partitions are busy.
        #expect(codes(paused + "standing_facts_wait_for_room 0\nstanding_slices_waiting 0\n") == [.fold])
        #expect(codes(paused + "standing_slices_waiting 0\n") == [.fold], "a member of an older version")
        #expect(codes(quiet + "standing_facts_in_flight 900\n").isEmpty)
    }

    @Test func whyIntakeReadsNothing() throws {
        func intake(_ metrics: String) throws -> [LagCause] {
            LagCause.insideIntake([try #require(reading(#"{"ready":true}"#, metrics: metrics))])
        }
        #expect(try intake("standing_intake_paused 0\nstanding_intake_waits_for_control 0\n").isEmpty)
        #expect(try intake("").isEmpty, "nothing is known of its intake")
        let paused = try intake("standing_intake_paused 1\nstanding_intake_bytes_in_flight 4096\n")
        #expect(paused.map(\.code) == [.publish])
        #expect(paused.first?.sentence.hasPrefix("at one:8080 4096 bytes that were sent to the ledger ") == true)
        #expect(try intake("standing_intake_waits_for_control 1\n").map(\.code) == [.controlFirst])
    }

    @Test func anIntakeWhosePollsAreAllFullIsBoundByItsOwnWork() throws {
        func member(_ all: Int, _ full: Int, _ more: String = "") throws -> MemberReading {
            let polls = "standing_intake_polls_total \(all)\nstanding_intake_full_polls_total \(full)\n"
            return try #require(reading(#"{"ready":true}"#, metrics: polls + more))
        }
        let before = try member(1_000, 100)
        func codes(_ now: MemberReading, before: [MemberReading]) -> [LagCause.Code] {
            LagCause.insideIntake([now], before: before).map(\.code)
        }
        let found = LagCause.insideIntake([try member(1_100, 196)], before: [before])
        #expect(found.map(\.code) == [.decode])
        #expect(found.first?.sentence.hasPrefix("at one:8080 96% of intake's polls return as many records ") == true)
        #expect(codes(try member(1_100, 194), before: [before]).isEmpty, "it often waits for records")
        #expect(codes(try member(1_009, 109), before: [before]).isEmpty, "these polls are too few")
        #expect(codes(try member(1_010, 110), before: [before]) == [.decode])
        #expect(codes(try member(1_100, 1_100), before: []).isEmpty, "nothing is known of the time before")
        #expect(codes(try member(200, 200), before: [before]).isEmpty, "the member was restarted")
        let silent = try #require(reading(#"{"ready":true}"#, metrics: quiet))
        #expect(codes(silent, before: [before]).isEmpty, "a member of an older version")
        #expect(codes(before, before: [silent]).isEmpty)
        // Another cause of the same member explains it.
        for (metrics, code) in [
            ("standing_intake_paused 1\n", LagCause.Code.publish),
            ("standing_intake_waits_for_control 1\n", .controlFirst),
            ("standing_kafka_throttle_seconds{client=\"intake\",broker=\"1\",quantile=\"0.99\"} 2\n", .fetch),
        ] {
            #expect(codes(try member(1_100, 200, metrics), before: [before]) == [code])
        }
    }

    @Test func brokersThatDelayRequestsAreACauseOfBoth() throws {
        let throttle = """
            standing_kafka_throttle_seconds{client="fold",broker="1",quantile="0.99"} 0.02
            standing_kafka_throttle_seconds{client="fold",broker="2",quantile="0.99"} 1.25
            standing_kafka_throttle_seconds_sum{client="fold",broker="2"} 900

            """
        let found = causes(#"{"ready":true}"#, metrics: throttle)
        #expect(found.map(\.code) == [.fetch])
        #expect(found.first?.sentence.hasPrefix("the brokers delay requests of one:8080 by 1.2 s, ") == true)
        let member = try #require(reading(#"{"ready":true}"#, metrics: throttle))
        #expect(LagCause.insideIntake([member]) == found)
        #expect(causes(#"{"ready":true}"#, metrics: throttle.replacing("1.25", with: "0.05")).isEmpty)
    }

    @Test func sanctionsAreReadFromItsMetrics() {
        let found = reading(
            #"{"ready":true}"#,
            metrics: """
                standing_sanctions{state="in-force"} 7
                standing_sanctions{state="noticed"} 2
                standing_sanctions{state="stayed"} 1
                standing_sanctions_overdue 3
                standing_sanctions_partitions 12
                standing_source_frozen{topic="behaviour.payments"} 1

                """)
        #expect(
            found?.sanctions
                == SanctionReading(open: 10, overdue: 3, partitions: 12, frozenTopics: ["behaviour.payments"]))
        // Before its first look, and of a member of an older version, nothing is known: not that there are none.
        #expect(reading(#"{"ready":true}"#, metrics: quiet)?.sanctions == nil)
        // A ledger with a clock of its own has no overdue ones.
        let other = reading(#"{"ready":true}"#, metrics: "standing_sanctions_partitions 1\n")
        #expect(other?.sanctions == SanctionReading(open: 0, overdue: nil, partitions: 1, frozenTopics: []))
    }

    @Test func aMemberThatIsNotReadySaysWhy() {
        let found = causes(#"{"ready":false,"error":"x","reasons":["the fold has not joined its group"]}"#)
        #expect(found.map(\.code) == [.member])
        #expect(found.first?.sentence == "one:8080 is not ready: the fold has not joined its group")
    }

    /// If nothing lags there is nothing to explain.
    @Test func whatMembersSayExplainsALag() throws {
        func group(_ committed: Int64) -> GroupLag {
            let sample = LagSample(time: 0, committed: committed, start: 0, end: 9, next: .unknown)
            let lag = LagEvaluation([sample], now: 0)
            return GroupLag(
                GroupProfile(name: "g"),
                partitions: [GroupLag.Partition(topicPartition: TopicPartition("t", 0), lag: lag)])
        }
        let cause = LagCause(.fold, "busy")
        func causes(_ committed: Int64, of name: String) -> [LagCause.Code]? {
            let report = LagReport(time: 0, groups: [group(committed)], notes: []).adding([cause], to: name)
            return report.groups.first?.causes.map(\.code)
        }
        #expect(causes(4, of: "g") == [.fold])
        #expect(causes(9, of: "g") == [])
        #expect(causes(4, of: "other") == [])
    }
}
