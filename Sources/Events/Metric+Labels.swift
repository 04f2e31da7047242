extension Metric {
    /// The value of a label for all names beyond the limit of those that have a series.
    public static let others = "other"

    /// The names of a metric's labels, in ascending order. Each series has all of them. The number of values is
    /// limited: they come from the policy, the topics, the cluster and this program. A subject is never a value, and
    /// neither is an event's source or id.
    public var labels: [String] {
        switch self {
        case .foldNextOffset, .foldClock, .ledgerNextOffset: ["partition"]
        case .shadowPartitions: ["state"]
        case .shadowSubjects: ["change"]
        case .shadowBands: ["from", "to"]
        case .shadowPerks: ["change", "perk"]
        case .shadowSanctions: ["change", "sanction"]
        case .subjects: ["band"]
        case .policyInfo: ["policy", "version"]
        case .foldEventsByRule, .foldCostByRule: ["rule"]
        case .foldEvaluationErrorsByRule: ["reason", "rule"]
        case .foldEvaluationErrorsByMeasure: ["measure", "reason"]
        case .foldEvaluationErrorsBySanction: ["reason", "sanction"]
        case .foldEvaluationErrorsByPerk: ["perk", "reason"]
        case .foldUnmatchedByType: ["type"]
        case .sourceFrozen, .sourceWithdrawn, .sourceWithdrawnPartitions, .foldNotEnrolledByTopic,
            .intakeRecordsByTopic, .deadLettersByTopic, .factsPublished, .factBytesPublished:
            ["topic"]
        case .roleRestarts, .pollAge, .pollGapLongest: ["role"]
        case .deadLetters, .accessRefused: ["reason"]
        case .sanctions: ["state"]
        case .lagRecords, .lagSeconds, .lagCatchUpSeconds, .lagUnknownPartitions: ["group"]
        case .lagStatus: ["group", "status"]
        case .lookUps, .lookUpsMaximum: ["kind"]
        case .downstreamFacts: ["result"]
        case .kafkaStatisticsAge, .kafkaQueuedRecords, .kafkaQueuedBytes, .kafkaFetchedRecords, .kafkaFetchedBytes,
            .kafkaEventsWaiting, .kafkaRebalances:
            ["client"]
        case .kafkaBrokerUp, .kafkaRoundTrip, .kafkaThrottle, .kafkaRequests, .kafkaRequestBytes,
            .kafkaResponses, .kafkaResponseBytes, .kafkaRequestsWaiting, .kafkaRequestsInFlight, .kafkaRetries,
            .kafkaTimeouts, .kafkaErrors, .kafkaConnects, .kafkaDisconnects:
            ["broker", "client"]
        case .buildInfo: ["commit", "fold_version", "librdkafka", "version"]
        default: []
        }
    }

    /// Whether these are the metric's labels, in any order.
    func hasLabels(_ labels: [(String, String)]) -> Bool { labels.map(\.0).sorted() == self.labels }
}
