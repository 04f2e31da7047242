public import Kafka
public import Ledger

/// A ledger partition's frames as they lie in the topic. Reads with a consumer of its own, outside every group.
public final class LedgerTopicFrames: FrameSource {
    /// Frames copied at a time; a frame is at most `Frame.readerMaximumBytes`.
    private static let batch = 32
    private static let pollMilliseconds = 50

    private let consumer: any ConsumerClient
    private let place: TopicPartition
    private let end: Int64
    private let isStopped: @Sendable () -> Bool
    private var reading: Patience.Reading
    private var bytes: [UInt8] = []
    private var frames: [(offset: Int64, range: Range<Int>)] = []
    private var index = 0

    /// The frames at `start` and behind it, before `end` (nil: the topic's end as it is now). `isStopped`: asked while
    /// waiting; then `next` throws `CancellationError`.
    public init(
        _ kafka: any KafkaCluster, topic: String, partition: Int32, from start: Int64 = 0, until end: Int64? = nil,
        isStopped: @escaping @Sendable () -> Bool = { false }
    ) throws {
        place = TopicPartition(topic, partition)
        self.isStopped = isStopped
        reading = Patience.Reading(place.description, kafka.patience)
        var options = Consumer.Options()
        options.reportsEnds = true
        options.batch = Self.batch
        consumer = try kafka.consumer(options, listener: nil) { _ in }
        if let end {
            self.end = end
        } else {
            self.end = try kafka.ends(of: [place])[place] ?? 0
        }
        if start < self.end { try consumer.assign([PartitionOffset(place, offset: start)]) }
    }

    public func next() throws -> LedgerFrame? {
        while index == frames.count {
            guard let source = consumer.assignment.first, source.position < end, !source.reachedEnd else { return nil }
            try fill()
        }
        defer { index += 1 }
        let frame = frames[index]
        guard frame.offset < end else { return nil }
        return bytes.withUnsafeBytes { bytes in
            // The array is not touched until the next call, so its bytes stay where they are.
            LedgerFrame(offset: frame.offset, bytes: UnsafeRawBufferPointer(rebasing: bytes[frame.range]))
        }
    }

    private func fill() throws {
        bytes.removeAll(keepingCapacity: true)
        frames.removeAll(keepingCapacity: true)
        index = 0
        let count = try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
            for record in records {
                let start = bytes.count
                bytes.append(contentsOf: record.frame)
                frames.append((record.offset, start..<bytes.count))
            }
        }
        let errors = consumer.takeErrors()
        if let (place, error) = errors.first(where: { $0.error.isOffsetOutOfRange }) {
            throw PipelineError(
                .ledgerDamaged,
                "\(place): offset \(consumer.assignment[0].position) is not in the topic (\(error.name))")
        }
        try reading.note(records: count, ended: consumer.assignment.count(where: \.reachedEnd), errors: errors)
        if isStopped() { throw CancellationError() }
    }
}
