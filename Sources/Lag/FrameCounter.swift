import Kafka
import Logging

/// Topics whose records are frames, of any number of events each.
public struct FramedTopics: Sendable {
    /// Whether the topic of this name is one of them.
    public let includes: @Sendable (String) -> Bool
    /// The events in a record's value; nil if it is no frame.
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

/// How many events each frame of one partition has, from one offset to another.
struct FrameCounts {
    private struct Frame {
        let offset: Int64
        /// Nil if the record is no frame.
        let events: Int64?
    }

    private(set) var start: Int64
    /// Every frame from `start` to before this is counted.
    private(set) var next: Int64
    private var frames: [Frame] = []

    init(at offset: Int64) { (start, next) = (offset, offset) }

    /// Forgets what is before `offset`; begins anew if it was not counted from there on.
    mutating func move(to offset: Int64) {
        guard (start...next).contains(offset) else {
            self = FrameCounts(at: offset)
            return
        }
        start = offset
        frames.removeAll { $0.offset < offset }
    }

    mutating func add(_ offset: Int64, events: Int?) {
        guard offset >= next else { return }
        frames.append(Frame(offset: offset, events: events.map { Int64($0) }))
        next = offset + 1
    }

    /// There is no frame from `next` to before `end`.
    mutating func skip(to end: Int64) { next = max(next, end) }

    /// Nil if not all frames from `offset` to before `end` are counted, or one of the records is no frame.
    func events(from offset: Int64, to end: Int64) -> Int64? {
        guard offset >= start, end <= next else { return nil }
        var sum: Int64 = 0
        for frame in frames where frame.offset >= offset && frame.offset < end {
            guard let events = frame.events else { return nil }
            sum += events
        }
        return sum
    }
}

/// Counts the events in unread frames by reading them, each once. Reading and memory are bounded: where more is unread,
/// the events are unknown. Every call blocks; one thread uses it.
final class FrameCounter {
    /// Unread frames of a partition that are counted.
    static let maximumFrames: Int64 = 512
    /// Bytes of frames that a call reads: what is left over waits for the next one.
    static let callBytes = 16 * 1024 * 1024
    /// Longest wait for the frames of a call.
    static let callMilliseconds = 5_000
    /// Longest sleep inside a call.
    static let pollMilliseconds = 100
    static let queuedKilobytes = 16 * 1024

    private let kafka: KafkaConfiguration
    private let topics: FramedTopics
    private let logger: Logger
    private var consumer: Consumer?
    private var counts: [TopicPartition: FrameCounts] = [:]

    init(_ kafka: KafkaConfiguration, topics: FramedTopics, logger: Logger) {
        self.kafka = kafka
        self.topics = topics
        self.logger = logger
    }

    func isFramed(_ topic: String) -> Bool { topics.includes(topic) }

    /// Counts what is unread, from the first offset that a group has not read to before the partition's end.
    /// `failure` says why something is left uncounted.
    func count(_ unread: [TopicPartition: Range<Int64>], _ failure: inout String?) {
        counts = counts.filter { unread[$0.key] != nil }
        var starts: [PartitionOffset] = []
        for (place, offsets) in unread {
            var known = counts[place] ?? FrameCounts(at: offsets.lowerBound)
            known.move(to: offsets.lowerBound)
            counts[place] = known
            if known.next < offsets.upperBound { starts.append(PartitionOffset(place, offset: known.next)) }
        }
        guard !starts.isEmpty else { return }
        do {
            try read(starts, unread, &failure)
        } catch {
            consumer = nil
            failure = "\(error)"
        }
    }

    /// The events that a group which reads on from `offset` has not read; nil if they are not counted.
    func events(in place: TopicPartition, from offset: Int64, to end: Int64) -> Int64? {
        offset == end ? 0 : counts[place]?.events(from: offset, to: end)
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
        let deadline = ContinuousClock.now + .milliseconds(Self.callMilliseconds)
        while !open.isEmpty, bytes < Self.callBytes, ContinuousClock.now < deadline {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records where open.contains(record.source) {
                    let place = starts[record.source].topicPartition
                    bytes += record.value?.count ?? 0
                    counts[place]?.add(record.offset, events: record.value.flatMap { topics.events($0) })
                    if record.offset + 1 >= unread[place]?.upperBound ?? 0 { open.remove(record.source) }
                }
            }
            for (place, error) in consumer.takeErrors() where !error.isRetriable {
                failure = failure ?? "\(error)"
                if let source = starts.firstIndex(where: { $0.topicPartition == place }) { open.remove(source) }
            }
            for source in open {
                guard let end = consumer.assignment[source].end else { continue }
                counts[starts[source].topicPartition]?.skip(to: end)
                open.remove(source)
            }
        }
        try consumer.assign([])
    }

    private func makeConsumer() throws(KafkaError) -> Consumer {
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedKilobytes = Self.queuedKilobytes
        return try Consumer(kafka, options: options, onNotice: logger.take)
    }
}
