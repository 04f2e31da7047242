import CRDKafka
import Foundation
import Synchronization

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
    private let partitions = Mutex<[TopicPartition]>([])
    private var thread: SideThread?
    // The reader's.
    private var (takenRecords, takenBytes) = (0, 0)
    private var movedAt: ContinuousClock.Instant?
    /// A thread that nobody wakes does so by itself after this time.
    private static let longestSleep = Duration.seconds(1)

    /// `records`, `bytes`: the bounds of the consumer's queue. The handle outlives the call of `stop`.
    init(_ handle: OpaquePointer, records: Int, bytes: Int) {
        self.handle = handle
        (self.records, self.bytes) = (max(1, records / Self.parts), max(1, bytes / Self.parts))
        thread = SideThread("fetch-waker") { [unowned self] in ask() }
    }

    /// The reader's thread: records were taken off the queue.
    func took(records: Int, bytes: Int, of assignment: [Consumer.Assigned]) {
        takenRecords += records
        takenBytes += bytes
        if takenRecords >= self.records || takenBytes >= self.bytes { wake(assignment) }
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
        partitions.withLock { if $0.isEmpty { $0 = assignment.map(\.topicPartition) } }
        thread?.wake()
    }

    /// The assignment is another one.
    func forget() { partitions.withLock { $0 = [] } }

    /// Returns when the last request is over.
    func stop() { thread?.stop() }

    private func ask() {
        let ends = partitions.withLock { $0.map { PartitionOffset($0, offset: PartitionOffset.end) } }
        guard !ends.isEmpty else { return }
        _ = try? PartitionList.with(ends) { rd_kafka_offsets_for_times(handle, $0, Self.answerMilliseconds) }
        Thread.sleep(forTimeInterval: Self.pause)
    }
}
