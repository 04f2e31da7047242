import CRDKafka
import Foundation

/// Wakes the threads of a consumer that fetch.
///
/// Before librdkafka 2.2 a thread that finds the consumer's queue full sleeps, for up to a second, and nobody wakes it when there is
/// room again; so that a fast reader either has a queue that never fills, of hundreds of megabytes, or waits. A request to a
/// broker wakes the thread of that broker. This one asks where each partition ends, on a thread of its own, whenever the reader has
/// taken a part of the queue's bound. The answer is of no interest.
final class FetchWaker: @unchecked Sendable {
    /// The parts of the queue's bound: the threads are woken this often while a full queue is read.
    private static let parts = 4
    /// How long an answer is waited for, so that a slow broker does not delay the wakes of others.
    private static let answerMilliseconds: Int32 = 20
    /// Least time between two requests.
    private static let pause = 0.005

    private let handle: OpaquePointer
    private let (records, bytes): (Int, Int)
    private let condition = NSCondition()
    // Guarded by `condition`.
    private var partitions: [TopicPartition] = []
    private var isWanted = false
    private var isStopped = false
    private var isRunning = false
    // The reader's.
    private var (takenRecords, takenBytes) = (0, 0)
    private var movedAt: ContinuousClock.Instant?
    /// A thread that nobody wakes does so by itself after this time.
    private static let longestSleep = Duration.seconds(1)

    /// `records`, `bytes`: the bounds of the consumer's queue. The handle outlives the call of `stop`.
    init(_ handle: OpaquePointer, records: Int, bytes: Int) {
        self.handle = handle
        (self.records, self.bytes) = (max(1, records / Self.parts), max(1, bytes / Self.parts))
    }

    /// The reader's thread: records were taken off the queue.
    func took(records: Int, bytes: Int, of assignment: [Consumer.Assigned]) {
        takenRecords += records
        takenBytes += bytes
        guard takenRecords >= self.records || takenBytes >= self.bytes else { return }
        wake(assignment)
    }

    /// The reader's thread: partitions were paused, resumed or sought. What was fetched of them leaves the queue without being handed
    /// out, and a thread whose partitions were all paused is not woken when they are resumed: for a while every poll wakes.
    func moved() { movedAt = .now }

    func wakeIfMoved(_ assignment: [Consumer.Assigned]) {
        guard let movedAt else { return }
        if ContinuousClock.now - movedAt > Self.longestSleep { self.movedAt = nil }
        wake(assignment)
    }

    private func wake(_ assignment: [Consumer.Assigned]) {
        (takenRecords, takenBytes) = (0, 0)
        condition.withLock {
            guard !isStopped else { return }
            if partitions.count != assignment.count { partitions = assignment.map(\.topicPartition) }
            isWanted = true
            if isRunning { condition.signal() } else { start() }
        }
    }

    /// The assignment is another one.
    func forget() { condition.withLock { partitions = [] } }

    /// Returns when the last request is over.
    func stop() {
        condition.withLock {
            isStopped = true
            condition.broadcast()
            while isRunning { condition.wait() }
        }
    }

    private func start() {
        isRunning = true
        let thread = Thread { [self] in
            while let partitions = next() {
                ask(partitions)
                Thread.sleep(forTimeInterval: Self.pause)
            }
            condition.withLock {
                isRunning = false
                condition.broadcast()
            }
        }
        thread.name = "fetch-waker"
        thread.start()
    }

    private func next() -> [TopicPartition]? {
        condition.withLock {
            while !isWanted, !isStopped { condition.wait() }
            isWanted = false
            return isStopped ? nil : partitions
        }
    }

    private func ask(_ partitions: [TopicPartition]) {
        guard !partitions.isEmpty else { return }
        let ends = partitions.map { PartitionOffset($0, offset: PartitionOffset.end) }
        _ = try? PartitionList.with(ends) { rd_kafka_offsets_for_times(handle, $0, Self.answerMilliseconds) }
    }
}
