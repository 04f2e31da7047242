public import Kafka
internal import Pipeline
internal import Scoring
internal import Terminal

extension Settings {
    /// Each thread needs memory for its stack.
    private static let maximumWorkers = max(1024, PipelineConfiguration.cores)

    /// The number of threads that fold.
    public mutating func workers(flag: String?) throws -> Int {
        try parse(
            "workers", flag: flag, default: String(PipelineConfiguration.cores),
            expected: "a number of threads from 1 to \(Self.maximumWorkers): without a worker nothing is folded"
        ) { Int($0).flatMap { (1...Self.maximumWorkers).contains($0) ? $0 : nil } }
    }

    /// In bytes.
    public mutating func queueSize(flag: String?) throws -> Int64 {
        let sizes = PipelineConfiguration.queueSizes
        return try parse(
            "queue-size", flag: flag, expected: "a size from \(sizes.lowerBound >> 20)M to \(sizes.upperBound >> 20)M"
        ) { Settings.bytes($0).flatMap { sizes.contains($0) ? $0 : nil } }
    }

    /// In milliseconds. Without the setting, librdkafka's property is used.
    public mutating func maximumPollInterval(flag: String?, _ kafka: KafkaConfiguration) throws -> Int {
        let (session, longest) = (kafka.sessionTimeout, Consumer.Options.longestPollInterval)
        return try parse(
            "max-poll-interval", flag: flag, default: kafka.pollInterval.map { "\(Double($0) / 1000)s" },
            expected: """
                a duration such as 5m, from \(session) ms (the session's time-out) to \(longest) ms: librdkafka takes no other
                """
        ) { text in
            Settings.duration(text).map { Int($0 / 1000) }.flatMap {
                (session...max(session, longest)).contains($0) ? $0 : nil
            }
        }
    }

    /// The ledger's name; nil if none is given.
    public mutating func ledgerName(flag: String?) throws -> String? {
        try parseIfGiven(
            "ledger", flag: flag,
            expected:
                "the name of a ledger: letters, digits, '.', '_' and '-', at most \(LedgerIdentity.maximumNameBytes)"
        ) { LedgerIdentity.isName($0) ? $0 : nil }
    }
}
