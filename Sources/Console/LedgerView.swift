public import Events

/// Entries of the ledger, and the chain that proves them.
public struct LedgerView: Sendable {
    public struct Entry: Sendable {
        public var partition: Int
        public var offset: Int64
        public var time: Timestamp
        public var type: String
        /// Nil for an entry without a subject.
        public var subject: SubjectID?
        /// The source's topic, partition and offset.
        public var origin: String
        public var data: String

        public init(
            partition: Int, offset: Int64, time: Timestamp, type: String, subject: SubjectID?, origin: String,
            data: String
        ) {
            (self.partition, self.offset, self.time, self.type) = (partition, offset, time, type)
            (self.subject, self.origin, self.data) = (subject, origin, data)
        }
    }

    public struct Partition: Sendable {
        public var partition: Int
        public var end: Int64
        public var clock: Timestamp?
        /// The chain's hash at the end, in hex.
        public var hash: String
        /// The offset of the last signed checkpoint, and its time; nil if there is none.
        public var checkpoint: Int64?
        public var checkpointTime: Timestamp?
        public var level: Level
        public var state: String

        public init(
            partition: Int, end: Int64, clock: Timestamp?, hash: String, checkpoint: Int64?,
            checkpointTime: Timestamp?, level: Level, state: String
        ) {
            (self.partition, self.end, self.clock, self.hash) = (partition, end, clock, hash)
            (self.checkpoint, self.checkpointTime) = (checkpoint, checkpointTime)
            (self.level, self.state) = (level, state)
        }
    }

    public var name: String
    public var partitions: [Partition]
    public var entries: [Entry]
    public var next: String?

    public init(name: String, partitions: [Partition], entries: [Entry], next: String?) {
        (self.name, self.partitions, self.entries, self.next) = (name, partitions, entries, next)
    }
}
