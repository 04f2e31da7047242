internal import Kafka

/// Whether an intake reads: while too much of what it has read is not acknowledged, it pauses its partitions and goes on polling, so
/// that however slow the broker is, the group does not take the member for dead.
///
/// A pure state machine: whoever uses it pauses and resumes the partitions.
struct Backpressure {
    /// Batches of source records in flight; beyond that nothing is read.
    static let maximumBatches = 64
    /// Records of one poll; a batch has fewer than two polls of so many. Up to 3 KiB each, the batch that is read last fits into
    /// what `maximumBytes` leaves of a producer's queue, which holds at least one record of the largest size, 8 MiB;
    /// `OverflowProducer` keeps what does not fit.
    static let batch = 1024

    /// Frames and dead letters in flight, in bytes; beyond that nothing is read.
    let maximumBytes: Int
    private(set) var isPaused = false

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// Half of what the producer's queue may hold: the other half is for the batch that is read last.
    init(_ configuration: PipelineConfiguration) { self.init(maximumBytes: configuration.queuedBytes / 2) }

    /// Pauses beyond one of the bounds, or where the producer overflows; resumes at half of both bounds. Returns true if that
    /// changes `isPaused`.
    mutating func note(batches: Int, bytes: Int, overflows: Bool) -> Bool {
        let before = isPaused
        let share = isPaused ? 2 : 1
        isPaused = overflows || batches > Self.maximumBatches / share || bytes > maximumBytes / share
        return isPaused != before
    }
}
