public import Events

extension PipelineService {
    /// The progress of an owned ledger partition, as of its fold's last view.
    public struct PartitionProgress: Sendable, Equatable {
        public var partition: Int32
        /// The ledger offset of the next frame.
        public var nextOffset: Int64
        /// The partition's end; nil if it is unknown.
        public var end: Int64?
        /// Nil before the first event.
        public var clock: Timestamp?
        /// Timers that are not due yet.
        public var timers: Int
        /// Id and version of the active policy; nil before the partition's first entry.
        public var policy: Policy?

        public struct Policy: Sendable, Hashable {
            public var id: String
            public var version: Int64

            public init(id: String, version: Int64) { (self.id, self.version) = (id, version) }
        }

        public init(
            partition: Int32, nextOffset: Int64, end: Int64? = nil, clock: Timestamp? = nil, timers: Int = 0,
            policy: Policy? = nil
        ) {
            (self.partition, self.nextOffset, self.end) = (partition, nextOffset, end)
            (self.clock, self.timers, self.policy) = (clock, timers, policy)
        }
    }

    /// By partition. Does not wait for the fold.
    public var partitions: [PartitionProgress] {
        owned.all.map { partition in
            let view = partition.view
            return PartitionProgress(
                partition: partition.partition, nextOffset: view.nextOffset, end: partition.end,
                clock: view.clock == .distantPast ? nil : view.clock, timers: view.timers, policy: view.activePolicy)
        }
    }
}
