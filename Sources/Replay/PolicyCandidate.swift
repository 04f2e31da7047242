internal import Events
internal import Ledger
internal import Policy
internal import Scoring

/// A policy that is switched to: what lies before its activation, folded under it, on its way to the state after it.
final class PolicyCandidate {
    let folding: HistoryFold
    let text: String
    /// It goes on from where the policy's shadow was.
    let isOfShadow: Bool
    /// How far it has come on its way to the state behind the activation.
    private(set) var succession = Fold.Succession()

    /// The ledger offset of the frame of the activation.
    private let end: Int64
    private var isHistoryFolded: Bool
    /// The frame of the activation is folded, up to it.
    private var isFrameFolded = false

    var policy: ScoringPolicy { folding.policy }
    /// The next frame of the history is not here yet.
    var isWaiting: Bool { !isHistoryFolded && folding.isWaiting }
    /// The ledger offset up to which the history is folded.
    var folded: Int64 { isHistoryFolded ? end : min(folding.folded, end) }

    /// `end`: the ledger offset of the first frame that is not history. `skipped`: what the partition passes over already.
    /// `leftOut`: source topics whose entries do not count.
    init(
        _ policy: ScoringPolicy, text: String, partition: Int32, before end: Int64, skipped: Set<Int64>,
        leftOut: [[UInt8]], maximumSessions: Int, history: @escaping PartitionFold.History
    ) {
        folding = HistoryFold(
            policy, as: .past, partition: partition, skipped: skipped, leftOut: leftOut,
            maximumSessions: maximumSessions, history: { try history($0.upperBound) })
        (self.text, self.end, isOfShadow, isHistoryFolded) = (text, end, false, false)
    }

    /// Of a shadow's state. `isHistoryFolded`: nothing lies between it and the frame at `end`.
    init(ofShadow folding: HistoryFold, before end: Int64, isHistoryFolded: Bool) {
        (self.folding, text, self.end) = (folding, folding.policy.text, end)
        (isOfShadow, self.isHistoryFolded) = (true, isHistoryFolded)
    }

    /// False: `left` is used up before all of the history is folded, or the candidate waits.
    func foldHistory(within left: inout PartitionFold.Slice) throws -> Bool {
        if !isHistoryFolded { isHistoryFolded = try folding.fold(before: end, within: &left) }
        return isHistoryFolded
    }

    /// Folds the entries of the activation's frame that lie before it. False: `left` is used up before.
    func fold(
        _ frame: UnsafeRawBufferPointer, until entry: Int, within left: inout PartitionFold.Slice
    ) throws -> Bool {
        if !isFrameFolded { isFrameFolded = try folding.fold(frame, at: end, until: entry, within: &left) }
        return isFrameFolded
    }

    /// As `Fold.succeed`. False: `left` is used up before.
    func succeed(
        _ old: borrowing Fold, by event: EventView, entry: Int, within left: inout PartitionFold.Slice
    ) throws(Fold.WrongPast) -> Bool {
        folding.past.fold.allowance = left.allowance
        folding.past.fold.allowance.subjects = left.history
        let isDone = try folding.past.fold.succeed(old, by: event, entry: entry, &succession)
        left.history = folding.past.fold.allowance.subjects
        left.settle(&folding.past.fold)
        return isDone
    }

    func forgetDiagnosis() { folding.past.fold.forgetDiagnosis() }
}
