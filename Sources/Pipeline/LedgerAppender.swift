internal import Events
internal import Kafka
internal import Ledger

/// Fills a frame for each ledger partition and sends frames under the numbers of a session.
///
/// Every ledger partition has a session of its own. The fold forgets a session only after `maximumSessions` others have
/// appended to the partition, so a session lives as long as fewer frames than that are between two of its own. A
/// session without frames for a while therefore ends, and the next frame begins another one. This is safe while no
/// frame of the old one is in flight. If a session was forgotten all the same, the offsets show it: `acknowledged`
/// throws, and the appender must restart from the committed source offsets. It must also restart after a frame that was
/// not delivered.
final class LedgerAppender {
    /// A session may be forgotten. Its frames may have no effect, although they are acknowledged.
    struct ForgottenSession: Error, CustomStringConvertible {
        let partition: Int32
        let frames: Int64
        var description: String {
            "ledger partition \(partition): \(frames) frames lie between two of this appender's, so that the fold may refuse "
                + "the later one"
        }
    }

    /// A session without frames for longer ends.
    static let longestSilence = Duration.milliseconds(100)

    private struct Session {
        /// Random, never 0.
        var id: UInt64
        /// The number of the next frame.
        var next: UInt64 = 0
        var inFlight = 0
        /// The ledger offset of the last acknowledged frame.
        var last: Int64?
        var lastSend: ContinuousClock.Instant
        /// Whether the fold may have forgotten it.
        var isForgotten = false
    }

    let partitions: Int
    /// The ledger's number at the producer.
    let topic: Int
    private let producer: any ProducerClient
    private let runtime: any Runtime
    private let maximumSessions: Int?
    private var sessions: [Session]
    private let builders: UnsafeMutablePointer<FrameBuilder>

    /// `maximumSessions`: the number that the fold remembers; nil if it remembers all.
    init(
        producer: any ProducerClient, ledger: String, partitions: Int, runtime: any Runtime,
        maximumSessions: Int? = Acceptance.maximumSessions
    ) throws {
        self.producer = producer
        self.partitions = partitions
        self.runtime = runtime
        self.maximumSessions = maximumSessions
        topic = try producer.topic(ledger)
        sessions = (0..<partitions).map { _ in Session(id: runtime.randomSession(), lastSend: runtime.now) }
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

    /// Returns true if the frame is full and must be sent before the next append.
    @inline(__always) func append(
        _ event: EventView, to partition: Int, topic: UnsafeRawBufferPointer, sourcePartition: Int32, offset: Int64
    ) -> Bool {
        builders[partition].append(event, topic: topic, partition: sourcePartition, offset: offset)
        return builders[partition].isFull
    }

    func append(system event: EventView, to partition: Int) { builders[partition].append(system: event) }

    func append(tick time: Timestamp, to partition: Int) { builders[partition].append(tick: time) }

    /// The present size of the partition's frame.
    func byteCount(of partition: Int) -> Int { builders[partition].byteCount }

    /// Sends the partition's frame if it has entries. `wait`: called while the producer's queue is full.
    func send(_ partition: Int, tag: Int, wait: () throws -> Void) throws -> Bool {
        guard !builders[partition].isEmpty else { return false }
        endSession(partition)
        try builders[partition].finish(session: sessions[partition].id, number: sessions[partition].next) { frame in
            while try !producer.produce(topic: topic, partition: Int32(partition), key: nil, value: frame, tag: tag) {
                try wait()
            }
        }
        sessions[partition].next += 1
        sessions[partition].inFlight += 1
        sessions[partition].lastSend = runtime.now
        return true
    }

    /// Begins another session for the partition's next frame if this one had no frame for long, or may be forgotten. No
    /// frame of it may be in flight.
    private func endSession(_ partition: Int) {
        let session = sessions[partition]
        guard session.next > 0, session.inFlight == 0, maximumSessions != nil,
            session.isForgotten || runtime.now - session.lastSend > Self.longestSilence
        else { return }
        sessions[partition] = Session(id: runtime.randomSession(), lastSend: runtime.now)
    }

    /// Notes that a frame is acknowledged at this ledger offset. Throws `ForgottenSession` if the fold may have refused
    /// it.
    func acknowledged(_ partition: Int32, offset: Int64) throws(ForgottenSession) {
        let number = Int(partition)
        sessions[number].inFlight -= 1
        let last = sessions[number].last ?? offset
        sessions[number].last = offset
        guard offset - last <= maximumSessions ?? .max else {
            sessions[number].isForgotten = true
            throw ForgottenSession(partition: partition, frames: offset - last - 1)
        }
    }
}
