internal import Ledger
internal import Replay
public import Scoring

/// Counts of folding.
public struct FoldTallies: Sendable, Equatable {
    public var counters = FoldCounters()
    /// Entries and frames that are in the ledger more than once, and that the fold ignored.
    public var repeatedEntries: Int64 = 0
    public var repeatedFrames: Int64 = 0
    /// Frames of appender sessions that have a gap or are forgotten. Their appenders send the events again.
    public var refusedFrames: Int64 = 0

    public init() {}

    /// Since the beginning of the ledger.
    init(_ state: borrowing PartitionFold) {
        counters = state.fold.counters
        let acceptance = state.acceptance
        repeatedEntries = acceptance.repeatedOrigins
        repeatedFrames = acceptance.repeatedFrames
        refusedFrames = acceptance.brokenFrames
    }

    static func + (a: Self, b: Self) -> Self { a.combined(b, a.counters + b.counters, +) }
    static func - (a: Self, b: Self) -> Self { a.combined(b, a.counters - b.counters, -) }

    private func combined(
        _ other: Self, _ counters: FoldCounters, _ combine: (Int64, Int64) -> Int64
    ) -> Self {
        var result = Self()
        result.counters = counters
        result.repeatedEntries = combine(repeatedEntries, other.repeatedEntries)
        result.repeatedFrames = combine(repeatedFrames, other.repeatedFrames)
        result.refusedFrames = combine(refusedFrames, other.refusedFrames)
        return result
    }
}
