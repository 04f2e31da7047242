internal import Kafka
internal import Ledger

/// Reads a ledger partition's frames from the topic, poll by poll, with a consumer of its own, outside every group.
final class LedgerTopicReader {
    /// Frames of polls, copied.
    struct Portion: Sendable {
        private(set) var bytes: [UInt8] = []
        private var frames: [(offset: Int64, range: Range<Int>)] = []
        /// Whether no frames follow.
        var isLast = false

        var count: Int { frames.count }

        /// Valid until this portion is changed or freed, because the bytes do not move.
        subscript(index: Int) -> LedgerFrame {
            let frame = frames[index]
            return bytes.withUnsafeBytes { bytes in
                LedgerFrame(offset: frame.offset, bytes: UnsafeRawBufferPointer(rebasing: bytes[frame.range]))
            }
        }

        fileprivate mutating func append(_ frame: UnsafeRawBufferPointer, at offset: Int64) {
            let start = bytes.count
            bytes.append(contentsOf: frame)
            frames.append((offset, start..<bytes.count))
        }

        mutating func removeAll() {
            bytes.removeAll(keepingCapacity: true)
            frames.removeAll(keepingCapacity: true)
        }
    }

    private let consumer: any ConsumerClient
    private let topicPartition: TopicPartition
    private let end: Int64
    private let isStopped: @Sendable () -> Bool
    private var reading: Patience.Reading

    /// The frames from `start` on, before `end`; if it is nil, before the topic's present end. `batch`: the greatest
    /// number of records of a poll, each of up to `Frame.readerMaximumBytes`. `isStopped`: called after each poll; if
    /// it returns true, the poll throws `CancellationError`.
    init(
        _ kafka: any KafkaCluster, topic: String, partition: Int32, from start: Int64, until end: Int64?, batch: Int,
        queuedKilobytes: Int = Consumer.Options().maximumQueuedKilobytes, isStopped: @escaping @Sendable () -> Bool
    ) throws {
        topicPartition = TopicPartition(topic, partition)
        self.isStopped = isStopped
        reading = Patience.Reading(topicPartition.description, kafka.patience)
        var options = Consumer.Options()
        options.reportsEnds = true
        options.batch = batch
        options.maximumQueuedKilobytes = queuedKilobytes
        consumer = try kafka.consumer(options, listener: nil) { _ in }
        self.end = try end ?? kafka.ends(of: [topicPartition])[topicPartition] ?? 0
        if start < self.end { try consumer.assign([PartitionOffset(topicPartition, offset: start)]) }
    }

    var isAtEnd: Bool {
        guard let source = consumer.assignment.first else { return true }
        return source.position >= end || source.reachedEnd
    }

    /// Adds the frames of one poll with this time-out.
    func poll(into portion: inout Portion, timeoutMilliseconds: Int) throws {
        let count = try consumer.poll(timeoutMilliseconds: timeoutMilliseconds) { records in
            for record in records where record.offset < end && !record.isLedgerFiller {
                portion.append(record.frame, at: record.offset)
            }
        }
        let errors = consumer.takeErrors()
        if let (lost, error) = errors.first(where: { $0.error.isOffsetOutOfRange }) {
            throw PipelineError(
                .ledgerDamaged,
                "\(lost): offset \(consumer.assignment[0].position) is not in the topic (\(error.name))")
        }
        try reading.note(records: count, ended: consumer.assignment.count(where: \.reachedEnd), errors: errors)
        if isStopped() { throw CancellationError() }
    }
}
