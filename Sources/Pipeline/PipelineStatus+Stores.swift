extension PipelineStatus {
    /// What intake has read and what is not acknowledged of it.
    public struct InFlight: Sendable, Equatable {
        /// Batches of source records.
        public var batches: Int64 = 0
        /// Bytes of frames and dead letters.
        public var bytes: Int64 = 0
        /// Nothing is read, because too much is not acknowledged.
        public var isPaused = false
        /// Sources wait until the control topic is read.
        public var waitsForControl = false

        public init() {}
    }

    /// What the partitions that are owned here have on their way and on the disk.
    public struct Stores: Sendable, Equatable {
        /// Facts that are sent and not acknowledged.
        public var factsInFlight: Int64 = 0
        /// Partitions whose fold waits because the archive's disk is full.
        public var waitingForRoom = 0
        /// Since the last snapshot of the partition for which it is longest; nil where none are taken.
        public internal(set) var snapshotAge: Duration?
        /// When that snapshot was taken.
        var oldestSnapshot: ContinuousClock.Instant?

        public init() {}
    }
}
