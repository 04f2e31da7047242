internal import Kafka
internal import Ledger
internal import Logging

// The destinations of a worker's records, all of them through one producer. After an error a record may be missing, so
// the worker makes a new producer.

/// The fold's producer: facts, ticks, checkpoints, announcements. Several threads may send with it. Only the poller
/// sends ticks and announcements, and serves deliveries.
struct FactProducer: @unchecked Sendable {
    let producer: any ProducerClient
    /// By `FactTopic.rawValue`.
    let facts: [Int]
    let ticker: LedgerAppender
    /// Nil if this member signs no checkpoints.
    let checkpoints: Int?
    /// Nil if this member has no address.
    let members: Int?

    init(_ configuration: PipelineConfiguration, ledgerPartitions: Int, logger: Logger) throws {
        let producer = try configuration.gaplessProducer(
            "fact-producer", lingerMilliseconds: Batching.factLingerMilliseconds, logger)
        self.producer = producer
        facts = try configuration.topics.facts.map { try producer.topic($0) }
        ticker = try configuration.appender(producer, ledgerPartitions: ledgerPartitions)
        checkpoints = try configuration.checkpoints.flatMap {
            $0.keyring.signingKey == nil ? nil : try producer.topic($0.topic)
        }
        members = try configuration.members.map { try producer.topic($0.topic) }
    }
}

/// The intake's producer: entries and dead letters.
struct EntryProducer {
    let producer: OverflowProducer
    let appender: LedgerAppender
    let deadLetters: Int

    init(_ configuration: PipelineConfiguration, ledgerPartitions: Int, logger: Logger) throws {
        producer = OverflowProducer(try configuration.gaplessProducer("intake-producer", logger))
        appender = try configuration.appender(producer, ledgerPartitions: ledgerPartitions)
        deadLetters = try producer.topic(configuration.topics.deadLetter)
    }
}

extension PipelineConfiguration {
    /// `handle`: the name in the log and in `/metrics`.
    func gaplessProducer(
        _ handle: String, lingerMilliseconds: Int = Batching.frameLingerMilliseconds, _ logger: Logger
    ) throws -> any ProducerClient {
        var options = Producer.Options()
        options.name = handle
        options.gapless = true
        options.lingerMilliseconds = lingerMilliseconds
        options.maximumQueuedKilobytes = queuedKilobytes
        return try kafka.producer(options) { logger.kafka($0, of: handle) }
    }

    /// The appender begins sessions of its own.
    func appender(_ producer: any ProducerClient, ledgerPartitions: Int) throws -> LedgerAppender {
        try LedgerAppender(
            producer: producer, ledger: topics.ledger, partitions: ledgerPartitions, runtime: runtime,
            maximumSessions: noticesForgottenSessions ? maximumSessions : nil)
    }
}
