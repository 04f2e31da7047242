internal import Events
import Scoring

extension Exposition {
    /// The number of rules that have a series of their own.
    private static let maximumRules = 256

    /// The effects of rules, and the reasons why events did not count, by labels of bounded number: names from the
    /// policy and the topics, and the first unknown types. No subject, and no event's source or id, is a label.
    ///
    /// Errors and unmatched types count from the start of the process, and restart with another policy.
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
        var types = [Metric.others: diagnosis.otherUnmatched]
        for item in diagnosis.unmatchedTypes { types[item.type, default: 0] += item.events }
        for (type, events) in types {
            add(.foldUnmatchedByType, events, labels: [("type", type)])
        }
        var topics: [String: Int64] = [:]
        for item in diagnosis.notEnrolled { topics[item.topic ?? Metric.others, default: 0] += item.events }
        for (topic, events) in topics {
            add(.foldNotEnrolledByTopic, events, labels: [("topic", topic)])
        }
        add(.foldEarlyEvents, diagnosis.waiting)
        add(.foldTimersFired, diagnosis.timersFired)
        var rules: [String: Int64] = [:]
        for (index, item) in diagnosis.ruleEvents.enumerated() {
            rules[index < Self.maximumRules ? item.rule : Metric.others, default: 0] += item.events
        }
        for (rule, events) in rules { add(.foldEventsByRule, events, labels: [("rule", rule)]) }
        var costs: [String: Int64] = [:]
        for (index, item) in diagnosis.ruleCosts.enumerated() {
            costs[index < Self.maximumRules ? item.rule : Metric.others, default: 0] += item.units
        }
        for (rule, units) in costs { add(.foldCostByRule, units, labels: [("rule", rule)]) }
    }
}
