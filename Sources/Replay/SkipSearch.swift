internal import Events
public import Ledger

/// Finds the entries by which records of a ledger partition are passed over (`standing.ledger.skipped`). `standing
/// ledger skip` appends one after a record that no member can read or fold.
///
/// Everything in such a record that cannot be read or folded does not count, and the rest counts as always. Of an
/// activation whose policy does not compile, its time and its identity count. An entry changes nothing if it names a
/// record after itself, or a record without a fault. So every fold of the same ledger passes over the same records,
/// whenever the entry was appended.
public struct SkipSearch {
    /// The members of the entry's data: the record's offset, and the reason.
    public static let offsetMember: StaticString = "offset"
    public static let reasonMember: StaticString = "reason"

    private var reader = FrameReader()
    private var entry = FrameReader.blank
    private let decoder = EventDecoder()

    public init() {}

    /// The number of entries in the frame that was searched last.
    var entryCount: Int { reader.entryCount }

    /// Whether an entry of this frame, which is after the record, names the record at `offset`. The entry counts in any
    /// appender session, because a repeat does no harm.
    public mutating func names(_ offset: Int64, in frame: LedgerFrame) -> Bool {
        guard frame.offset > offset else { return false }
        do {
            try reader.open(frame.bytes)
            var isNamed = false
            while try reader.next(&entry) {
                if Self.record(namedBy: entry, decoder) == offset { isNamed = true }
            }
            return isNamed
        } catch {
            // A frame that cannot be read to its end does not count.
            return false
        }
    }

    /// The ledger offset of the record that an entry passes over; nil if it is another entry.
    static func record(namedBy entry: Entry, _ decoder: EventDecoder) -> Int64? {
        guard entry.kind == .system, ControlType(entry.event.type) == .ledgerSkipped else { return nil }
        return decoder.integer(offsetMember, of: entry.event.data)
    }

    /// Whether one of `frames` names the record at `offset`.
    public static func names(_ offset: Int64, in frames: any FrameSource) throws -> Bool {
        var search = SkipSearch()
        while let frame = try frames.next() {
            if search.names(offset, in: frame) { return true }
        }
        return false
    }

    /// Runs `body`, which folds a partition anew passing these records over. If it meets a record that cannot be read
    /// or folded, and a later entry passes it over, it is run again. `frames` supplies those from an offset on; earlier
    /// ones do no harm.
    static func passingOver<Result: ~Copyable>(
        _ known: Set<Int64> = [], in frames: (_ start: Int64) throws -> any FrameSource,
        _ body: (_ skipped: Set<Int64>) throws -> Result
    ) throws -> Result {
        var skipped = known
        while true {
            do {
                return try body(skipped)
            } catch let problem as PartitionFold.Problem {
                guard skipped.insert(problem.offset).inserted, try names(problem.offset, in: frames(problem.offset + 1))
                else { throw problem }
            }
        }
    }
}
