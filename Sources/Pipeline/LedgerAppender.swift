internal import Events
internal import Kafka
internal import Ledger

/// One appender session: fills a frame for each ledger partition and sends frames under the session's numbers.
///
/// A frame that is not delivered ends the session; the next one starts from the committed source offsets.
final class LedgerAppender {
    let partitions: Int
    private let producer: any ProducerClient
    private let topic: Int
    private let session: UInt64
    private var numbers: [UInt64]
    private let builders: UnsafeMutablePointer<FrameBuilder>
    private(set) var framesSent: Int64 = 0

    /// `session`: random, never 0.
    init(producer: any ProducerClient, ledger: String, partitions: Int, session: UInt64) throws {
        self.producer = producer
        self.partitions = partitions
        topic = try producer.topic(ledger)
        self.session = session
        numbers = [UInt64](repeating: 0, count: partitions)
        builders = .allocate(capacity: partitions)
        for partition in 0..<partitions { (builders + partition).initialize(to: FrameBuilder()) }
    }

    deinit {
        builders.deinitialize(count: partitions)
        builders.deallocate()
    }

    @inline(__always) func partition(of subject: UnsafeRawBufferPointer) -> Int {
        Murmur2.partition(of: subject, count: partitions)
    }

    /// True: the frame is full and must be sent before the next append.
    @inline(__always) func append(
        _ event: EventView, to partition: Int, topic: UnsafeRawBufferPointer, sourcePartition: Int32, offset: Int64
    ) -> Bool {
        builders[partition].append(event, topic: topic, partition: sourcePartition, offset: offset)
        return builders[partition].isFull
    }

    func append(system event: EventView, to partition: Int) { builders[partition].append(system: event) }

    func append(tick time: Timestamp, to partition: Int) { builders[partition].append(tick: time) }

    /// Sends the partition's frame, if it has entries; `wait` is called while the producer's queue is full.
    func send(_ partition: Int, tag: Int, wait: () throws -> Void) throws -> Bool {
        guard !builders[partition].isEmpty else { return false }
        try builders[partition].finish(session: session, number: numbers[partition]) { frame in
            while try !producer.produce(topic: topic, partition: Int32(partition), key: nil, value: frame, tag: tag) {
                try wait()
            }
        }
        numbers[partition] += 1
        framesSent += 1
        return true
    }
}
