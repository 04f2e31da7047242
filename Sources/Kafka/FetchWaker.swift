import CRDKafka
import Foundation
import Synchronization

/// Wakes the fetching threads of a consumer.
///
/// Before librdkafka 2.2, a thread that finds the consumer's queue full sleeps for up to a second, and is not woken
/// when there is room again. A fast reader would need a queue of hundreds of megabytes that never fills, or wait. A
/// request to a broker wakes that broker's thread. This class asks for the end of each partition, on a thread of its
/// own, whenever the reader has taken a part of the queue's bound. The answer is not used.
final class FetchWaker: @unchecked Sendable {
    /// The number of parts of the queue's bound. The threads are woken this often while a full queue is read.
    private static let parts = 4
    /// The time limit of an answer, so that a slow broker does not delay the wakes of others.
    private static let answerMilliseconds: Int32 = 20
    /// The minimum time between two requests, in seconds.
    private static let pause = 0.005

    private let handle: OpaquePointer
    private let (records, bytes): (Int, Int)
    private let partitions = Mutex<[TopicPartition]>([])
    private var thread: SideThread?
    // Used only on the reader's thread.
    private var (takenRecords, takenBytes) = (0, 0)
    private var movedAt: ContinuousClock.Instant?
    /// A thread that is not woken continues by itself after this time.
    private static let longestSleep = Duration.seconds(1)

    /// `records` and `bytes` are the bounds of the consumer's queue. The handle must outlive the call of `stop`.
    init(_ handle: OpaquePointer, records: Int, bytes: Int) {
        self.handle = handle
        (self.records, self.bytes) = (max(1, records / Self.parts), max(1, bytes / Self.parts))
        thread = SideThread("fetch-waker") { [unowned self] in ask() }
    }

    /// Called on the reader's thread after records were taken off the queue.
    func took(records: Int, bytes: Int, of assignment: [Consumer.Assigned]) {
        takenRecords += records
        takenBytes += bytes
        if takenRecords >= self.records || takenBytes >= self.bytes { wake(assignment) }
    }

    /// Called on the reader's thread after partitions were paused, resumed or sought. Their fetched records leave the
    /// queue without being passed to the reader, and a thread whose partitions were all paused is not woken when they
    /// are resumed. For a while every poll therefore wakes.
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

    /// The assignment has changed.
    func forget() { partitions.withLock { $0 = [] } }

    /// Returns after the last request has ended.
    func stop() { thread?.stop() }

    private func ask() {
        let ends = partitions.withLock { $0.map { PartitionOffset($0, offset: PartitionOffset.end) } }
        guard !ends.isEmpty else { return }
        _ = try? PartitionList.with(ends) { rd_kafka_offsets_for_times(handle, $0, Self.answerMilliseconds) }
        Thread.sleep(forTimeInterval: Self.pause)
    }
}
