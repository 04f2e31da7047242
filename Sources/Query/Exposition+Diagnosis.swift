internal import Events
import Scoring

extension Exposition {
    /// What is counted together because it is beyond the number of names.
    private static let others = "other"
    /// Rules that have a series of their own.
    private static let maximumRules = 256

    /// What rules took, and why events did not count, by names that have an end: what the policy and the topics are called, and
    /// the first types that nobody names. No subject, and no event's source or id, is a label.
    ///
    /// Errors and unmatched types count from the start of the process and begin anew with another policy.
    mutating func add(_ diagnosis: Diagnosis) {
        for failure in diagnosis.failures {
            let metric: Metric =
                switch failure.part {
                case .rule: .foldEvaluationErrorsByRule
                case .measure: .foldEvaluationErrorsByMeasure
                case .sanction: .foldEvaluationErrorsBySanction
                case .perk: .foldEvaluationErrorsByPerk
                }
            add(metric, failure.count, labels: [(failure.part.rawValue, failure.id), ("reason", failure.reason)])
        }
        add(.foldEvaluationErrorsOther, diagnosis.otherFailures)
        var types = [Self.others: diagnosis.otherUnmatched]
        for item in diagnosis.unmatchedTypes { types[item.type, default: 0] += item.events }
        for (type, events) in types {
            add(.foldUnmatchedByType, events, labels: [("type", type)])
        }
        var topics: [String: Int64] = [:]
        for item in diagnosis.notEnrolled { topics[item.topic ?? Self.others, default: 0] += item.events }
        for (topic, events) in topics {
            add(.foldNotEnrolledByTopic, events, labels: [("topic", topic)])
        }
        add(.foldEarlyEvents, diagnosis.waiting)
        add(.foldTimersFired, diagnosis.timersFired)
        var rules: [String: Int64] = [:]
        for (index, item) in diagnosis.ruleEvents.enumerated() {
            rules[index < Self.maximumRules ? item.rule : Self.others, default: 0] += item.events
        }
        for (rule, events) in rules { add(.foldEventsByRule, events, labels: [("rule", rule)]) }
    }
}
