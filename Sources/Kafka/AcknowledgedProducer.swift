import Foundation

/// Sends records of which each is waited for, without blocking a thread for each: at most `maximumQueued` at a time, none for
/// longer than `longestWait`.
///
/// Records of a partition land in the order in which they were given. A record that fails ends the producer underneath; another
/// one replaces it, and the next record is of the next generation. `close` must be called: until then a thread serves it.
public final class AcknowledgedProducer: @unchecked Sendable {
    public enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// As many records wait as may.
        case full
        /// The broker has not acknowledged an earlier record for `longestWait`.
        case away
        /// Sent, and not acknowledged within `longestWait`: it may or may not land.
        case unacknowledged
        case closed

        public var description: String {
            switch self {
            case .full: "too many records wait for the broker"
            case .away: "the broker does not acknowledge what was sent before"
            case .unacknowledged: "the broker has not acknowledged the record in time; it may or may not be there"
            case .closed: "the process stops"
            }
        }
    }

    public struct Position: Hashable, Sendable {
        public let partition: Int32
        public let offset: Int64
    }

    private static let (busyMilliseconds, idleMilliseconds) = (100, 1000)
    private static let closeMilliseconds = 3000
    /// The longest time until the thread has ended.
    private static let endSeconds = 6.0
    private static let restartPause = 0.5

    private struct Waiting {
        let continuation: CheckedContinuation<Position, any Error>
        let deadline: ContinuousClock.Instant
    }

    private let kafka: KafkaConfiguration
    private let topics: [String]
    private let maximumQueued: Int
    private let longestWait: Duration
    private let onNotice: @Sendable (KafkaNotice) -> Void
    private let lock = NSCondition()
    // Guarded by `lock`.
    private var producer: Producer?
    private var numbers: [String: Int] = [:]
    private var generation = 0
    private var nextTag = 1
    private var waiting: [Int: Waiting] = [:]
    /// Tags of records that nobody waits for any more and that the broker may still take.
    private var overdue: Set<Int> = []
    private var isClosed = false
    private var hasEnded = false

    /// `topics`: those that records go to.
    public init(
        _ kafka: KafkaConfiguration, topics: [String], maximumQueued: Int, longestWait: Duration,
        onNotice: @escaping @Sendable (KafkaNotice) -> Void = { _ in }
    ) throws(KafkaError) {
        (self.kafka, self.topics, self.maximumQueued, self.longestWait) = (kafka, topics, maximumQueued, longestWait)
        self.onNotice = onNotice
        try start()
        let thread = Thread { [self] in run() }
        thread.name = "acknowledged"
        thread.start()
    }

    private func start() throws(KafkaError) {
        var options = Producer.Options()
        options.gapless = true
        options.lingerMilliseconds = 1
        options.maximumQueuedRecords = max(2 * maximumQueued, 1000)
        let producer = try Producer(kafka, options: options, onNotice: onNotice)
        var numbers: [String: Int] = [:]
        for topic in topics { numbers[topic] = try producer.topic(topic) }
        lock.withLock {
            (self.producer, self.numbers) = (producer, numbers)
            generation += 1
        }
    }

    /// Returns when the broker has acknowledged the record. `partition`: `Producer.anyPartition` leaves it to the key.
    /// `value` is called in the order of the records, with the generation, which grows after a failure.
    public func send(
        to topic: String, partition: Int32 = Producer.anyPartition, key: [UInt8]?, headers: HeaderSet? = nil,
        value: @Sendable (_ generation: Int) throws -> [UInt8]?
    ) async throws -> Position {
        try await withCheckedThrowingContinuation { continuation in
            let refusal: (any Error)? = lock.withLock {
                do {
                    try queue(topic, partition, key, headers, value, continuation)
                    return nil
                } catch {
                    return error
                }
            }
            if let refusal { continuation.resume(throwing: refusal) }
        }
    }

    /// The lock is taken.
    private func queue(
        _ topic: String, _ partition: Int32, _ key: [UInt8]?, _ headers: HeaderSet?,
        _ value: (Int) throws -> [UInt8]?, _ continuation: CheckedContinuation<Position, any Error>
    ) throws {
        guard !isClosed else { throw Refusal.closed }
        guard overdue.isEmpty, let producer, producer.fatalError == nil else { throw Refusal.away }
        guard waiting.count < maximumQueued, let number = numbers[topic] else { throw Refusal.full }
        let tag = nextTag
        let value = try value(generation)
        func lend(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws -> Bool) throws -> Bool {
            guard let bytes else { return try body(nil) }
            return try bytes.withUnsafeBytes { try body($0) }
        }
        var isQueued = false
        // What `value` has given is lost where it is not queued: the next record is of another generation.
        defer { if !isQueued { generation += 1 } }
        isQueued = try lend(key) { key in
            try lend(value) { value in
                try producer.produce(
                    topic: number, partition: partition, key: key, value: value, headers: headers, tag: tag)
            }
        }
        guard isQueued else { throw Refusal.full }
        nextTag += 1
        waiting[tag] = Waiting(continuation: continuation, deadline: ContinuousClock.now + longestWait)
    }

    /// Waits for the acknowledgements of sent records, within a time limit, and until the thread has ended. Callers
    /// that still wait get an error.
    public func close() {
        let limit = Date(timeIntervalSinceNow: Self.endSeconds)
        lock.withLock {
            isClosed = true
            producer?.interrupt()
            while !hasEnded, lock.wait(until: limit) {}
        }
    }

    private func run() {
        while true {
            let (producer, isBusy, isOver) = lock.withLock { (self.producer, !waiting.isEmpty, isClosed) }
            guard !isOver else { break }
            guard let producer else {
                Thread.sleep(forTimeInterval: Self.restartPause)
                do { try start() } catch { onNotice(.error(error)) }
                continue
            }
            settle(producer, isBusy ? Self.busyMilliseconds : Self.idleMilliseconds)
            if let error = producer.fatalError { restart(error) }
        }
        if let producer = lock.withLock({ self.producer }) {
            var deliveries: [Delivery] = []
            _ = producer.flush(timeoutMilliseconds: Self.closeMilliseconds) { deliveries.append($0) }
            resolve(deliveries)
            producer.purge()
        }
        let rest = lock.withLock {
            producer = nil
            let rest = Array(waiting.values)
            waiting = [:]
            return rest
        }
        for each in rest { each.continuation.resume(throwing: Refusal.closed) }
        lock.withLock {
            hasEnded = true
            lock.broadcast()
        }
    }

    private func settle(_ producer: Producer, _ milliseconds: Int) {
        var deliveries: [Delivery] = []
        producer.serve(timeoutMilliseconds: milliseconds) { deliveries.append($0) }
        resolve(deliveries)
        let now = ContinuousClock.now
        let late = lock.withLock {
            let late = waiting.filter { $0.value.deadline <= now }
            for tag in late.keys { waiting[tag] = nil }
            overdue.formUnion(late.keys)
            return late.values.map(\.continuation)
        }
        for each in late { each.resume(throwing: Refusal.unacknowledged) }
    }

    private func resolve(_ deliveries: [Delivery]) {
        guard !deliveries.isEmpty else { return }
        let settled = lock.withLock {
            deliveries.map { delivery in
                overdue.remove(delivery.tag)
                return (waiting.removeValue(forKey: delivery.tag)?.continuation, delivery)
            }
        }
        for (continuation, delivery) in settled {
            if let error = delivery.error(topicName: topics.first ?? "") {
                continuation?.resume(throwing: error)
            } else {
                continuation?.resume(returning: Position(partition: delivery.partition, offset: delivery.offset))
            }
        }
    }

    private func restart(_ error: KafkaError) {
        let rest = lock.withLock {
            producer?.purge()
            producer = nil
            overdue = []
            let rest = Array(waiting.values)
            waiting = [:]
            return rest
        }
        onNotice(.error(error))
        for each in rest { each.continuation.resume(throwing: error) }
    }
}
