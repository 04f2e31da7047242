import Events
import Policy
import Scoring
import Testing

@testable import Query

/// Why events did not count, as /metrics has it.
struct DiagnosisMetricsTests {
    private static let policy = """
        policy: rides
        version: 1
        early: 0 hours
        score: {base: 600, min: 350, max: 950}
        dimensions: {driving: {}}
        rules:
          - {id: ride, dimension: driving, event: ride.finished, points: "int(data.km / 10.0)"}
        bands: [{name: A, from: 350}]
        """

    private func diagnosis(_ lines: [String]) throws -> Diagnosis {
        var fold = Fold(policy: try ScoringPolicy(yaml: Self.policy, file: "rides.yaml"))
        let decoder = EventDecoder()
        for line in lines {
            Array(line.utf8).withUnsafeBytes { bytes in
                var event = EventView.empty
                let defect = decoder.decode(structured: bytes, into: &event)
                #expect(defect == nil)
                fold.fold(event, type: fold.resolve(type: event.type), entry: 0)
                fold.clearOutput()
            }
        }
        return fold.diagnosis
    }

    private func line(_ type: String, _ id: String, _ data: String) -> String {
        #"{"specversion":"1.0","id":"\#(id)","source":"/rides/secret","type":"\#(type)","subject":"anna","#
            + #""time":"2026-01-02T00:00:00Z","data":\#(data)}"#
    }

    @Test func errorsAndTypesHaveNamesAndNobodyIsNamed() throws {
        var diagnosis = try diagnosis([
            line("standing.subject.enrolled", "1", #"{"kind":"individual","terms":"t"}"#),
            line("ride.finished", "2", #"{"km":25}"#), line("ride.finished", "3", #"{"km":25}"#),
            line("ride.finished", "4", "{}"), line("ride.finished", "5", #"{"km":25.0}"#),
            line("ride.finishd", "6", #"{"km":25.0}"#),
        ])
        diagnosis.notEnrolled = [.init(topic: "rides", events: 7), .init(topic: nil, events: 1)]
        diagnosis.waiting = 3
        var exposition = Exposition()
        exposition.add(diagnosis)
        #expect(
            exposition.text == """
                # HELP standing_fold_cost_by_rule_total \(Metric.foldCostByRule.help)
                # TYPE standing_fold_cost_by_rule_total counter
                standing_fold_cost_by_rule_total{rule="ride"} 2
                # HELP standing_fold_early_events \(Metric.foldEarlyEvents.help)
                # TYPE standing_fold_early_events gauge
                standing_fold_early_events 3
                # HELP standing_fold_evaluation_errors_by_rule_total \(Metric.foldEvaluationErrorsByRule.help)
                # TYPE standing_fold_evaluation_errors_by_rule_total counter
                standing_fold_evaluation_errors_by_rule_total{reason="no such field",rule="ride"} 1
                standing_fold_evaluation_errors_by_rule_total{reason="no such overload",rule="ride"} 2
                # HELP standing_fold_evaluation_errors_other_total \(Metric.foldEvaluationErrorsOther.help)
                # TYPE standing_fold_evaluation_errors_other_total counter
                standing_fold_evaluation_errors_other_total 0
                # HELP standing_fold_events_by_rule_total \(Metric.foldEventsByRule.help)
                # TYPE standing_fold_events_by_rule_total counter
                standing_fold_events_by_rule_total{rule="ride"} 1
                # HELP standing_fold_not_enrolled_by_topic_total \(Metric.foldNotEnrolledByTopic.help)
                # TYPE standing_fold_not_enrolled_by_topic_total counter
                standing_fold_not_enrolled_by_topic_total{topic="other"} 1
                standing_fold_not_enrolled_by_topic_total{topic="rides"} 7
                # HELP standing_fold_timers_fired_total \(Metric.foldTimersFired.help)
                # TYPE standing_fold_timers_fired_total counter
                standing_fold_timers_fired_total 0
                # HELP standing_fold_unmatched_by_type_total \(Metric.foldUnmatchedByType.help)
                # TYPE standing_fold_unmatched_by_type_total counter
                standing_fold_unmatched_by_type_total{type="other"} 0
                standing_fold_unmatched_by_type_total{type="ride.finishd"} 1

                """)
        #expect(!exposition.text.contains("anna") && !exposition.text.contains("/rides/secret"))
    }

    /// Of two ledger partitions.
    @Test func rulesAndTimersAddUp() {
        var (sum, other) = (Diagnosis(), Diagnosis())
        (sum.ruleEvents, sum.timersFired) = ([.init(rule: "a", events: 1)], 2)
        (other.ruleEvents, other.timersFired) = ([.init(rule: "b", events: 5), .init(rule: "a", events: 3)], 4)
        sum.add(other)
        #expect(sum.ruleEvents == [.init(rule: "a", events: 4), .init(rule: "b", events: 5)] && sum.timersFired == 6)
    }

    @Test func diagnosesAddUp() throws {
        let enrolment = line("standing.subject.enrolled", "1", #"{"kind":"individual","terms":"t"}"#)
        var sum = try diagnosis([
            enrolment, line("ride.finished", "2", #"{"km":25}"#), line("ride.finishd", "3", "{}"),
        ])
        sum.add(
            try diagnosis([
                enrolment, line("ride.finished", "4", #"{"km":25}"#), line("ride.finished", "5", "{}"),
                line("ride.finishd", "6", "{}"), line("tea.drunk", "7", "{}"),
            ]))
        let example = Diagnosis.Example(source: "/rides/secret", id: "2")
        #expect(
            sum.failures == [
                .init(part: .rule, id: "ride", reason: "no such overload", count: 2, example: example),
                .init(
                    part: .rule, id: "ride", reason: "no such field", count: 1,
                    example: .init(source: "/rides/secret", id: "5")),
            ])
        #expect(
            sum.unmatchedTypes == [.init(type: "ride.finishd", events: 2), .init(type: "tea.drunk", events: 1)])
    }

    @Test func rulesBeyondALimitAreOneSeries() {
        var diagnosis = Diagnosis()
        diagnosis.ruleEvents = (0..<300).map { .init(rule: "rule-\($0)", events: 2) }
        diagnosis.ruleCosts = (0..<300).map { .init(rule: "rule-\($0)", units: 2) }
        var exposition = Exposition()
        exposition.add(diagnosis)
        for metric in [Metric.foldEventsByRule, .foldCostByRule] {
            let lines = exposition.text.split(separator: "\n").filter { $0.hasPrefix("\(metric.rawValue){") }
            #expect(lines.count == 257 && lines.contains("\(metric.rawValue){rule=\"other\"} 88"), "\(metric)")
        }
    }

    /// A type can be called what the rest is called.
    @Test func aTypeThatIsCalledOther() {
        var diagnosis = Diagnosis()
        diagnosis.unmatchedTypes = [.init(type: "other", events: 2)]
        diagnosis.otherUnmatched = 3
        var exposition = Exposition()
        exposition.add(diagnosis)
        #expect(exposition.text.contains(#"standing_fold_unmatched_by_type_total{type="other"} 5"#))
    }
}
