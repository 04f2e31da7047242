import Kafka
import Logging

/// Counts of keys in some records. Keys are known only by their hashes, so the most frequent one cannot be named.
struct KeyCounts {
    /// The limit of records that are counted. More would hardly change a share.
    static let maximum = 10_000

    private var counts: [UInt64: Int] = [:]
    private(set) var total = 0
    private var greatest = 0

    /// A null key counts as a record, but is not a key.
    mutating func add(_ key: UnsafeRawBufferPointer?) {
        guard total < Self.maximum else { return }
        total += 1
        guard let key else { return }
        let count = counts[Self.hash(key), default: 0] + 1
        counts[Self.hash(key)] = count
        greatest = max(greatest, count)
    }

    /// Nil if nothing was counted.
    var share: KeyShare? { total == 0 ? nil : KeyShare(share: Double(greatest) / Double(total), counted: total) }

    /// FNV-1a.
    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

/// The share of the most frequent key among records, or of the most frequent subject among the events in frames.
public struct KeyShare: Sendable, Hashable {
    /// From 0 to 1.
    public let share: Double
    public let counted: Int

    public init(share: Double, counted: Int) { (self.share, self.counted) = (share, counted) }
}

/// Reads some of the unread records of a partition for their keys. Every call blocks. Only one thread may use it.
final class KeySampler {
    /// The limit of records that a call reads.
    static let maximumRecords = 1_000
    /// The limit of bytes that a call reads; half of the queue's limit if that is less.
    static let maximumBytes = 4 * 1024 * 1024
    /// The longest wait for them.
    static let callMilliseconds = 2_000
    /// The longest sleep within a call.
    static let pollMilliseconds = 50

    private let kafka: KafkaConfiguration
    private let topics: FramedTopics?
    private let logger: Logger
    private let readBytes: Int
    private var consumer: Consumer?

    init(_ kafka: KafkaConfiguration, topics: FramedTopics?, queuedKilobytes: Int, logger: Logger) {
        (self.kafka, self.topics, self.logger) = (kafka, topics, logger)
        readBytes = min(Self.maximumBytes, queuedKilobytes * 1024 / 2)
    }

    /// The share among the records from an offset on; nil if none could be read.
    func read(_ topicPartition: TopicPartition, from offset: Int64, to end: Int64) -> KeyShare? {
        var counts = KeyCounts()
        do {
            try read(topicPartition, from: offset, to: end, &counts)
        } catch {
            consumer = nil
            logger.debug("the keys of \(topicPartition) are not read: \(error)")
        }
        return counts.share
    }

    private func read(
        _ topicPartition: TopicPartition, from offset: Int64, to end: Int64, _ counts: inout KeyCounts
    ) throws {
        let consumer = try self.consumer ?? makeConsumer()
        self.consumer = consumer
        let isFramed = topics?.includes(topicPartition.topic) ?? false
        try consumer.assign([PartitionOffset(topicPartition, offset: offset)])
        let deadline = ContinuousClock.now + .milliseconds(Self.callMilliseconds)
        var (records, bytes, isOver) = (0, 0, false)
        while !isOver, ContinuousClock.now < deadline {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { batch in
                for record in batch where !isOver {
                    if isFramed, let value = record.value {
                        topics?.subjects(value) { counts.add($0) }
                    } else {
                        counts.add(record.key)
                    }
                    records += 1
                    bytes += record.value?.count ?? 0
                    isOver =
                        records == Self.maximumRecords || bytes >= readBytes || record.offset + 1 >= end
                        || counts.total == KeyCounts.maximum
                }
            }
            if consumer.takeErrors().contains(where: { !$0.error.isRetriable }) || consumer.assignment[0].reachedEnd {
                isOver = true
            }
        }
        try consumer.assign([])
    }

    private func makeConsumer() throws(KafkaError) -> Consumer {
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedKilobytes = 2 * readBytes / 1024
        return try Consumer(kafka, options: options, onNotice: logger.take)
    }
}
