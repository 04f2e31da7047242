import Kafka
import Logging

/// Topics whose records are frames, of any number of events each.
public struct FramedTopics: Sendable {
    /// Whether a topic's records are frames.
    public let includes: @Sendable (String) -> Bool
    /// The number of events in a record's value; nil if it is not a frame.
    public let events: @Sendable (UnsafeRawBufferPointer) -> Int?
    /// Calls `body` with the subject of each event in a record's value.
    public let subjects: @Sendable (UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) -> Void

    public init(
        includes: @escaping @Sendable (String) -> Bool, events: @escaping @Sendable (UnsafeRawBufferPointer) -> Int?,
        subjects: @escaping @Sendable (UnsafeRawBufferPointer, (UnsafeRawBufferPointer) -> Void) -> Void
    ) {
        (self.includes, self.events, self.subjects) = (includes, events, subjects)
    }
}

/// Counts the events in unread frames, and their subjects, by reading each frame once. Reading and memory have limits.
/// Beyond them the number of events is unknown, and that of subjects a lower bound. Every call blocks. Only one thread
/// may use it.
final class FrameCounter {
    /// The limit of unread frames of a partition that are counted.
    static let maximumFrames: Int64 = 512
    /// The longest wait for the frames of a call.
    static let callMilliseconds = 5_000
    /// The longest sleep within a call.
    static let pollMilliseconds = 100
    /// The limit of subjects that are stored, over all partitions: eight bytes each.
    static let maximumSubjects = 1_000_000

    private let kafka: KafkaConfiguration
    private let topics: FramedTopics
    private let logger: Logger
    /// The limit of the queue, and of a call's reading. The rest waits for the next call.
    private let queuedKilobytes: Int
    private var consumer: Consumer?
    private var counts: [TopicPartition: FrameCounts] = [:]

    init(_ kafka: KafkaConfiguration, topics: FramedTopics, queuedKilobytes: Int, logger: Logger) {
        self.queuedKilobytes = queuedKilobytes
        var kafka = kafka
        // The limit of one answer, over all partitions.
        if kafka.properties["fetch.max.bytes"] == nil {
            kafka.properties["fetch.max.bytes"] = String(queuedKilobytes * 1024)
        }
        self.kafka = kafka
        self.topics = topics
        self.logger = logger
    }

    func isFramed(_ topic: String) -> Bool { topics.includes(topic) }

    /// Counts unread events, from the first offset that a group has not read to the partition's end. `failure` gets the
    /// reason if some are not counted.
    func count(_ unread: [TopicPartition: Range<Int64>], _ failure: inout String?) {
        counts = counts.filter { unread[$0.key] != nil }
        var starts: [PartitionOffset] = []
        for (topicPartition, offsets) in unread {
            var known = counts[topicPartition] ?? FrameCounts(at: offsets.lowerBound)
            known.move(to: offsets.lowerBound)
            counts[topicPartition] = known
            if known.next < offsets.upperBound { starts.append(PartitionOffset(topicPartition, offset: known.next)) }
        }
        guard !starts.isEmpty else { return }
        do {
            try read(starts, unread, &failure)
        } catch {
            consumer = nil
            failure = "\(error)"
        }
    }

    /// The events that a group at `offset` has not read; nil if they are not counted.
    func events(in topicPartition: TopicPartition, from offset: Int64, to end: Int64) -> Int64? {
        offset == end ? 0 : counts[topicPartition]?.events(from: offset, to: end)
    }

    /// The subjects of the events that a group at `offset` has not read.
    func subjects(in topicPartition: TopicPartition, from offset: Int64, to end: Int64) -> CountBounds {
        offset == end ? CountBounds(exactly: 0) : counts[topicPartition]?.subjects(from: offset, to: end) ?? .unknown
    }

    private func read(
        _ starts: [PartitionOffset], _ unread: [TopicPartition: Range<Int64>], _ failure: inout String?
    ) throws {
        let consumer = try self.consumer ?? makeConsumer()
        self.consumer = consumer
        _ = consumer.takeErrors()
        try consumer.assign(starts)
        var open = Set(starts.indices)
        var bytes = 0
        var room = Self.maximumSubjects - counts.values.reduce(0) { $0 + $1.rememberedSubjects }
        let deadline = ContinuousClock.now + .milliseconds(Self.callMilliseconds)
        while !open.isEmpty, bytes < queuedKilobytes * 1024, ContinuousClock.now < deadline {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records where open.contains(record.source) {
                    let topicPartition = starts[record.source].topicPartition
                    bytes += record.value?.count ?? 0
                    let events = record.value.flatMap { topics.events($0) }
                    let subjects = events == nil ? nil : record.value.flatMap { self.subjects($0, room: &room) }
                    counts[topicPartition]?.add(record.offset, events: events, subjects: subjects)
                    if record.offset + 1 >= unread[topicPartition]?.upperBound ?? 0 { open.remove(record.source) }
                }
            }
            for (topicPartition, error) in consumer.takeErrors() where !error.isRetriable {
                failure = failure ?? "\(error)"
                if let source = starts.firstIndex(where: { $0.topicPartition == topicPartition }) {
                    open.remove(source)
                }
            }
            for source in open {
                guard let end = consumer.assignment[source].end else { continue }
                counts[starts[source].topicPartition]?.skip(to: end)
                open.remove(source)
            }
        }
        try consumer.assign([])
    }

    /// The hashes of a frame's subjects, each once; nil if there is no room for them.
    private func subjects(_ frame: UnsafeRawBufferPointer, room: inout Int) -> [UInt64]? {
        var hashes: Set<UInt64> = []
        topics.subjects(frame) { hashes.insert(KeyCounts.hash($0)) }
        guard hashes.count <= room else { return nil }
        room -= hashes.count
        return Array(hashes)
    }

    private func makeConsumer() throws(KafkaError) -> Consumer {
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedKilobytes = queuedKilobytes
        return try Consumer(kafka, options: options, onNotice: logger.take)
    }
}
