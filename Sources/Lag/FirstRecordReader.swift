import Kafka
import Logging

/// What a reader meets first when it reads on from an offset.
enum FirstRecord: Hashable {
    /// Where the record is, and when it was made in milliseconds since 1970; negative if it carries no timestamp.
    case record(offset: Int64, timestamp: Int64)
    /// No record up to here, the end of what can be read: all there was are the ends of transactions, what aborted ones
    /// left, or holes.
    case end(Int64)
    /// The broker no longer has the record at the offset.
    case expired
    case unknown

    /// The next unread record of a partition that ends at `end`; nil if that was not read far enough to know.
    func next(before end: Int64) -> LagSample.NextRecord? {
        switch self {
        case .record(let offset, _) where offset >= end: .nothing
        case .record(_, let timestamp): timestamp < 0 ? .unknown : .timestamp(timestamp)
        case .end(let place): place >= end ? .nothing : nil
        case .expired: .expired
        case .unknown: .unknown
        }
    }
}

/// Reads the first record from each of many offsets on. Every call blocks; one thread uses it.
final class FirstRecordReader {
    /// Partitions that are read together for one record each, at the most.
    static let maximumRoundPartitions = 64
    /// Longest wait for the records of one such round.
    static let roundMilliseconds = 4_000
    /// Longest sleep inside a round.
    static let pollMilliseconds = 100
    /// Bytes fetched of a partition at a time. A larger batch comes whole: librdkafka doubles this until it fits.
    static let fetchBytes = 64 * 1024
    /// librdkafka before 2.2 rests for a second whenever its queue is full, and partitions starve: it must hold this many times
    /// what a round fetches.
    static let roundsQueued = 4
    static let queuedRecords = 100_000

    private let queuedKilobytes: Int
    private let roundPartitions: Int

    private let kafka: KafkaConfiguration
    private let logger: Logger
    private var consumer: Consumer?

    /// `isolation` is librdkafka's `isolation.level`, where `kafka` does not set it: `read_committed` ends where the first
    /// open transaction begins and leaves out what aborted ones wrote, `read_uncommitted` reads all of it.
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

    /// Reads in rounds, in the given order; none starts after the deadline. What is missing in the answer was not read in time,
    /// and `failure` says why.
    func read(
        _ wanted: [PartitionOffset], until deadline: ContinuousClock.Instant, _ failure: inout String?
    ) -> [PartitionOffset: FirstRecord] {
        var found: [PartitionOffset: FirstRecord] = [:]
        var rest = wanted
        while !rest.isEmpty, ContinuousClock.now < deadline {
            // A consumer reads a partition at one place only; another group's offset in it waits for the next round.
            var round: [PartitionOffset] = []
            var places: Set<TopicPartition> = []
            var later: [PartitionOffset] = []
            for item in rest {
                if round.count < roundPartitions, places.insert(item.topicPartition).inserted {
                    round.append(item)
                } else {
                    later.append(item)
                }
            }
            rest = later
            // The next round often has the same partitions: in the same order it seeks, which costs less than to assign.
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
            for (place, error) in consumer.takeErrors() {
                guard let source = round.firstIndex(where: { $0.topicPartition == place }), open.contains(source)
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
    /// What librdkafka says beside its answers.
    func take(_ notice: KafkaNotice) {
        switch notice {
        case .log(_, let facility, let message): debug("\(facility): \(message)")
        case .error(let error): warning("\(error)")
        }
    }
}
