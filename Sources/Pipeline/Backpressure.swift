internal import Kafka

/// Decides whether an intake reads. While too much of what it has read is not acknowledged, the intake pauses its
/// partitions and continues to poll. So the group does not expel the member, however slow the broker is.
///
/// A pure state machine: its owner pauses and resumes the partitions.
struct Backpressure {
    /// The greatest number of batches of source records in flight. Beyond it nothing is read.
    static let maximumBatches = 64
    /// The greatest number of records of one poll. A batch has fewer than two polls of this size. If the records are up
    /// to 3 KiB each, the last batch fits into the rest of the producer's queue beyond `maximumBytes`; the queue has
    /// room for at least one record of the largest size, 8 MiB. `OverflowProducer` stores records that do not fit.
    static let batch = 1024

    /// The greatest size of frames and dead letters in flight, in bytes. Beyond it nothing is read.
    let maximumBytes: Int
    private(set) var isPaused = false

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// Half of the producer's queue. The other half is for the batch that is read last.
    init(_ configuration: PipelineConfiguration) { self.init(maximumBytes: configuration.queuedBytes / 2) }

    /// Pauses beyond one of the bounds, or if the producer overflows. Resumes at half of both bounds. Returns true if
    /// `isPaused` changes.
    mutating func note(batches: Int, bytes: Int, overflows: Bool) -> Bool {
        let before = isPaused
        let share = isPaused ? 2 : 1
        isPaused = overflows || batches > Self.maximumBatches / share || bytes > maximumBytes / share
        return isPaused != before
    }
}
