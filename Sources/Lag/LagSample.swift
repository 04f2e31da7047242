/// One look at one partition of one consumer group. Times are milliseconds since 1970, offsets are Kafka's.
///
/// A monitor keeps a dozen of these for each of tens of thousands of partitions: one takes 48 bytes, and a number that is not
/// known is a negative one inside.
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

    public let time: Int64
    private var committedOffset: Int64
    private var startOffset: Int64
    private var endOffset: Int64
    private var highWatermarkOffset: Int64
    private var nextRecord: Int64

    /// The next offset that the group will read; nil where it committed none.
    public var committed: Int64? { Self.known(committedOffset) }
    /// The oldest offset that is still there; nil if the broker did not say.
    public var start: Int64? { Self.known(startOffset) }
    /// Where that ends what the group can read: the high watermark, and the last stable offset for a group that reads committed
    /// data only. Nil if the broker did not say.
    public var end: Int64? { Self.known(endOffset) }
    /// The offset that the next record will get: beyond `end` while a transaction is open that the group waits for. Nil if the
    /// broker did not say.
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

    /// `highWatermark`: nil for a group whose end it is.
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

    /// The log holds nothing.
    private var isEmpty: Bool { end == 0 || (end != nil && start == end) }

    /// Where the group reads on: its committed offset, or the log's start if that is beyond it. Where the log holds nothing, any
    /// group has read everything, whatever it committed. Nil if that is not known.
    var position: Int64? {
        guard let committed else { return isEmpty ? end : nil }
        return max(committed, start ?? committed)
    }

    /// Nothing is behind. A group that reads more than committed data may be beyond the last stable offset.
    var isRead: Bool {
        guard let position, let end else { return false }
        return next == .nothing || position >= end
    }

    /// More is committed than there is.
    var isBeyondEnd: Bool {
        guard let position, let highWatermark else { return false }
        return position > highWatermark
    }
}

/// What the offsets of a partition count.
public enum LagUnit: Sendable, Hashable {
    case records
    /// Frames, and the events in the unread ones; nil if they were not counted.
    case frames(events: Int64?)
}
