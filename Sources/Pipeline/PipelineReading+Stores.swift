extension PipelineReading {
    /// The records that intake has read and that are not acknowledged.
    public struct InFlight: Sendable, Equatable {
        /// Batches of source records.
        public var batches: Int64 = 0
        /// Bytes of frames and dead letters.
        public var bytes: Int64 = 0
        /// Whether nothing is read, because too much is not acknowledged.
        public var isPaused = false
        /// Whether sources wait until the control topic is read.
        public var waitsForControl = false
        /// Polls of source topics since the start of this process.
        public var polls: Int64 = 0
        /// Those that returned `Backpressure.batch` records, all that a poll can.
        public var fullPolls: Int64 = 0

        public init() {}
    }

    /// The facts in flight and the files of the partitions that are owned here.
    public struct Stores: Sendable, Equatable {
        /// Facts that are sent and not acknowledged.
        public var factsInFlight: Int64 = 0
        /// Partitions whose fold waits because the producer has no room for their facts.
        public var waitingForProducer = 0
        /// Partitions whose fold waits because the archive's disk is full.
        public var waitingForRoom = 0
        /// The age of the last snapshot of the partition for which it is greatest; nil if no snapshots are taken.
        public internal(set) var snapshotAge: Duration?
        /// When that snapshot was taken.
        var oldestSnapshot: ContinuousClock.Instant?

        public init() {}
    }
}
