import Scoring

extension Exposition {
    /// What is counted together because it is beyond the number of names.
    private static let others = "other"

    /// Why events did not count, by names that have an end: what the policy and the topics are called, and the first types
    /// that nobody names. No subject, and no event's source or id, is a label.
    ///
    /// Errors and unmatched types count from the start of the process and begin anew with another policy.
    mutating func add(_ diagnosis: Diagnosis) {
        for failure in diagnosis.failures {
            let part = failure.part.rawValue
            add(
                "standing_fold_evaluation_errors_by_\(part)_total", .counter, failure.count,
                labels: [(part, failure.id), ("reason", failure.reason)])
        }
        add("standing_fold_evaluation_errors_other_total", .counter, diagnosis.otherFailures)
        var types = [Self.others: diagnosis.otherUnmatched]
        for item in diagnosis.unmatchedTypes { types[item.type, default: 0] += item.events }
        for (type, events) in types {
            add("standing_fold_unmatched_by_type_total", .counter, events, labels: [("type", type)])
        }
        var topics: [String: Int64] = [:]
        for item in diagnosis.notEnrolled { topics[item.topic ?? Self.others, default: 0] += item.events }
        for (topic, events) in topics {
            add("standing_fold_not_enrolled_by_topic_total", .counter, events, labels: [("topic", topic)])
        }
        add("standing_fold_early_events", .gauge, diagnosis.waiting)
    }
}
