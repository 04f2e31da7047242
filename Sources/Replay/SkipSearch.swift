internal import Events
public import Ledger

/// Finds the entries that say which records of a ledger partition are passed over (`standing.ledger.skipped`): `standing
/// ledger skip` appends one behind a record that no member can read or fold.
///
/// Of such a record everything that cannot be read or folded counts for nothing, the rest as ever: of an activation whose policy
/// does not compile that is its time and its identity. An entry that names a
/// record behind itself, or one that nothing is wrong with, changes nothing. So whoever folds the same ledger passes the
/// same over, whenever the entry was appended.
public struct SkipSearch {
    /// The member of the entry's data that names the record, and the one that says why.
    public static let offsetMember: StaticString = "offset"
    public static let reasonMember: StaticString = "reason"

    private var reader = FrameReader()
    private var entry = FrameReader.blank
    private let decoder = EventDecoder()

    public init() {}

    /// Entries of the frame that was searched last.
    var entryCount: Int { reader.entryCount }

    /// Whether an entry of this frame, which lies behind it, names the record at `offset`. The entry counts whichever appender
    /// session its frame is of: it can be said twice without harm.
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
            // A frame that cannot be read to its end says nothing.
            return false
        }
    }

    /// The ledger offset of the record that an entry says is passed over; nil: it says nothing of the kind.
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

    /// Runs `body`, which folds a partition anew passing these records over. Where it meets a record that cannot be read or
    /// folded, and an entry behind it says that it is passed over, it is run again. `frames`: those from an offset on, and
    /// others before it do no harm.
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
