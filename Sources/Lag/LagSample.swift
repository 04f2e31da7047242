/// One look at one partition of one consumer group. Times are milliseconds since 1970, offsets are Kafka's.
public struct LagSample: Sendable, Hashable {
    /// What is known of the first record that the group has not read.
    public enum NextRecord: Sendable, Hashable {
        /// Everything is read: up to the end there is no record that a reader gets, only such as the ends of transactions.
        case nothing
        /// When the record was made, by its own timestamp.
        case timestamp(Int64)
        /// The broker no longer has the record at the committed offset.
        case expired
        /// It could not be read, or it carries no timestamp.
        case unknown
    }

    public var time: Int64
    /// The next offset that the group will read; nil where it committed none.
    public var committed: Int64?
    /// The offset that the next record will get; nil if the broker did not say.
    public var end: Int64?
    public var next: NextRecord

    public init(time: Int64, committed: Int64?, end: Int64?, next: NextRecord) {
        self.time = time
        self.committed = committed
        self.end = end
        self.next = next
    }

    /// The committed offset, or 0 where nothing was ever written: whatever the group does, it has read everything.
    var position: Int64? { committed ?? (end == 0 ? 0 : nil) }

    /// Nothing is behind.
    var isRead: Bool { next == .nothing || position == end }
}

/// What the offsets of a partition count.
public enum LagUnit: Sendable, Hashable {
    case records
    /// Frames, and the events in the unread ones; nil if they were not counted.
    case frames(events: Int64?)
}

/// The last samples of one partition of one group, oldest first, never more than `limit`.
public struct LagWindow: Sendable, Hashable {
    public let limit: Int
    public private(set) var samples: [LagSample] = []

    /// A limit below 1 counts as 1.
    public init(limit: Int) { self.limit = max(1, limit) }

    public mutating func append(_ sample: LagSample) {
        if samples.count == limit { samples.removeFirst() }
        samples.append(sample)
    }
}
