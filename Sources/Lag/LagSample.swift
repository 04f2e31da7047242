/// One look at one partition of one consumer group. Times are milliseconds since 1970, offsets are Kafka's.
///
/// A monitor stores a dozen of these for each of tens of thousands of partitions. One takes 48 bytes; an unknown number
/// is stored as a negative one.
public struct LagSample: Sendable, Hashable {
    /// The first record that the group has not read.
    public enum NextRecord: Sendable, Hashable {
        /// Everything is read: up to the end there are no records for a reader, only such as the ends of transactions.
        case nothing
        /// The record's own timestamp.
        case timestamp(Int64)
        /// The broker no longer has the record at the committed offset.
        case expired
        /// It could not be read, or it has no timestamp.
        case unknown
    }

    public let time: Int64
    private var committedOffset: Int64
    private var startOffset: Int64
    private var endOffset: Int64
    private var highWatermarkOffset: Int64
    private var nextRecord: Int64

    /// The next offset that the group will read; nil if it has not committed any.
    public var committed: Int64? { Self.known(committedOffset) }
    /// The oldest offset that still exists; nil if the broker did not report it.
    public var start: Int64? { Self.known(startOffset) }
    /// The end of what the group can read: the high watermark, or the last stable offset for a group that reads only
    /// committed data. Nil if the broker did not report it.
    public var end: Int64? { Self.known(endOffset) }
    /// The offset of the next record to be written. It is beyond `end` while the group waits for an open transaction.
    /// Nil if the broker did not report it.
    public var highWatermark: Int64? { Self.known(highWatermarkOffset) }

    public var next: NextRecord {
        get {
            switch nextRecord {
            case Self.nothingNext: .nothing
            case Self.expiredNext: .expired
            case Self.unknownNext: .unknown
            default: .timestamp(nextRecord)
            }
        }
        set {
            nextRecord =
                switch newValue {
                case .nothing: Self.nothingNext
                case .expired: Self.expiredNext
                case .unknown: Self.unknownNext
                case .timestamp(let time): max(0, time)
                }
        }
    }

    private static let none: Int64 = -1
    private static let unknownNext: Int64 = -1
    private static let nothingNext: Int64 = -2
    private static let expiredNext: Int64 = -3

    private static func known(_ offset: Int64) -> Int64? { offset < 0 ? nil : offset }

    /// `highWatermark` is nil for a group whose end it is.
    public init(
        time: Int64, committed: Int64?, start: Int64? = nil, end: Int64?, highWatermark: Int64? = nil, next: NextRecord
    ) {
        self.time = time
        committedOffset = committed ?? Self.none
        startOffset = start ?? Self.none
        endOffset = end ?? Self.none
        highWatermarkOffset = highWatermark ?? end ?? Self.none
        nextRecord = Self.unknownNext
        self.next = next
    }

    /// Whether the log has no offsets.
    private var isEmpty: Bool { end == 0 || (end != nil && start == end) }

    /// The position of the group: its committed offset, or the log's start if that is greater. In an empty log every
    /// group has read everything, whatever it committed. Nil if it is not known.
    var position: Int64? {
        guard let committed else { return isEmpty ? end : nil }
        return max(committed, start ?? committed)
    }

    /// Whether there is no lag. A group that reads uncommitted data may be beyond the last stable offset.
    var isRead: Bool {
        guard let position, let end else { return false }
        return next == .nothing || position >= end
    }

    /// Whether the committed offset is beyond the end.
    var isBeyondEnd: Bool {
        guard let position, let highWatermark else { return false }
        return position > highWatermark
    }
}

/// The unit of a partition's offsets.
public enum LagUnit: Sendable, Hashable {
    case records
    /// Frames, and the number of events in the unread ones; nil if they were not counted.
    case frames(events: Int64?)
}
