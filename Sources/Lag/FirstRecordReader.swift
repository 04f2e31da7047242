import Kafka
import Logging

/// The first record from an offset on.
enum FirstRecord: Hashable {
    /// The record's offset, and its timestamp in milliseconds since 1970; negative if it has none.
    case record(offset: Int64, timestamp: Int64)
    /// There is no record up to this offset, which is the end of what can be read. There were only the ends of
    /// transactions, aborted records, or holes.
    case end(Int64)
    /// The broker no longer has the record at the offset.
    case expired
    case unknown

    /// The next unread record of a partition that ends at `end`; nil if too little was read to know it.
    func next(before end: Int64) -> LagSample.NextRecord? {
        switch self {
        case .record(let offset, _) where offset >= end: .nothing
        case .record(_, let timestamp): timestamp < 0 ? .unknown : .timestamp(timestamp)
        case .end(let offset): offset >= end ? .nothing : nil
        case .expired: .expired
        case .unknown: .unknown
        }
    }
}

/// Reads the first record from each of many offsets on. Every call blocks. Only one thread may use it.
final class FirstRecordReader {
    /// The limit of partitions that are read together for one record each.
    static let maximumRoundPartitions = 64
    /// The longest wait for the records of one such round.
    static let roundMilliseconds = 4_000
    /// The longest sleep within a round.
    static let pollMilliseconds = 100
    /// Bytes fetched per partition at a time. A larger batch is fetched whole: librdkafka doubles this until it fits.
    static let fetchBytes = 64 * 1024
    /// The queue's size in rounds of fetched bytes. librdkafka before 2.2 pauses for a second whenever its queue is
    /// full, and partitions starve.
    static let roundsQueued = 4
    static let queuedRecords = 100_000

    private let queuedKilobytes: Int
    private let roundPartitions: Int

    private let kafka: KafkaConfiguration
    private let logger: Logger
    private var consumer: Consumer?

    /// `isolation` is librdkafka's `isolation.level`, if `kafka` does not set it. `read_committed` ends at the first
    /// open transaction and omits aborted records, `read_uncommitted` reads everything.
    init(_ kafka: KafkaConfiguration, isolation: String, queuedKilobytes: Int, logger: Logger) {
        self.queuedKilobytes = queuedKilobytes
        let round = queuedKilobytes * 1024 / (Self.roundsQueued * Self.fetchBytes)
        roundPartitions = max(1, min(Self.maximumRoundPartitions, round))
        var kafka = kafka
        for (name, value) in [
            ("isolation.level", isolation), ("fetch.message.max.bytes", String(Self.fetchBytes)),
            ("fetch.max.bytes", String(queuedKilobytes * 1024)),
        ] where kafka.properties[name] == nil {
            kafka.properties[name] = value
        }
        self.kafka = kafka
        self.logger = logger
    }

    /// Reads in rounds, in the given order; none starts after the deadline. Offsets that are missing in the answer were
    /// not read in time, and `failure` has the reason.
    func read(
        _ wanted: [PartitionOffset], until deadline: ContinuousClock.Instant, _ failure: inout String?
    ) -> [PartitionOffset: FirstRecord] {
        var found: [PartitionOffset: FirstRecord] = [:]
        var rest = wanted
        while !rest.isEmpty, ContinuousClock.now < deadline {
            // A consumer reads a partition at one position only. Another group's offset in it waits for the next round.
            var round: [PartitionOffset] = []
            var topicPartitions: Set<TopicPartition> = []
            var later: [PartitionOffset] = []
            for item in rest {
                if round.count < roundPartitions, topicPartitions.insert(item.topicPartition).inserted {
                    round.append(item)
                } else {
                    later.append(item)
                }
            }
            rest = later
            // The next round often has the same partitions. In the same order it seeks, which costs less than to
            // assign.
            round.sort { $0.topicPartition < $1.topicPartition }
            do {
                try read(round, into: &found, &failure)
            } catch {
                consumer = nil
                failure = "\(error)"
                break
            }
        }
        if !rest.isEmpty, failure == nil { failure = "there was no time to read them all" }
        return found
    }

    private func read(
        _ round: [PartitionOffset], into found: inout [PartitionOffset: FirstRecord], _ failure: inout String?
    ) throws {
        let consumer = try self.consumer ?? makeConsumer()
        self.consumer = consumer
        _ = consumer.takeErrors()
        try consumer.assign(round)
        var open = Set(round.indices)
        let deadline = ContinuousClock.now + .milliseconds(Self.roundMilliseconds)
        while !open.isEmpty, ContinuousClock.now < deadline {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records where open.remove(record.source) != nil {
                    found[round[record.source]] = .record(offset: record.offset, timestamp: record.timestamp)
                }
            }
            for (topicPartition, error) in consumer.takeErrors() {
                guard let source = round.firstIndex(where: { $0.topicPartition == topicPartition }),
                    open.contains(source)
                else { continue }
                if error.isOffsetOutOfRange {
                    found[round[source]] = .expired
                } else {
                    failure = "\(error)"
                    if error.isRetriable { continue }
                    found[round[source]] = .unknown
                }
                open.remove(source)
            }
            for source in open {
                guard let end = consumer.assignment[source].end else { continue }
                found[round[source]] = .end(end)
                open.remove(source)
            }
        }
        if !open.isEmpty, failure == nil { failure = "no record within \(Self.roundMilliseconds) ms" }
        try consumer.assign([])
    }

    private func makeConsumer() throws(KafkaError) -> Consumer {
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedRecords = Self.queuedRecords
        options.maximumQueuedKilobytes = queuedKilobytes
        return try Consumer(kafka, options: options, onNotice: logger.take)
    }
}

extension Logger {
    /// Handles a message of librdkafka beside its answers.
    func take(_ notice: KafkaNotice) {
        switch notice {
        case .log(_, let facility, let message): debug("\(facility): \(message)")
        case .error(let error): warning("\(error)")
        }
    }
}
