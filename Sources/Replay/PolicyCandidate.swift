internal import Events
internal import Ledger
internal import Policy
internal import Scoring

/// The switch in progress, to another policy or to a history without a source: it folds everything before the entry that
/// it follows from, until its state is the one after that entry.
final class PolicyCandidate {
    let folding: HistoryFold
    let text: String
    /// The source topics that are left out after an act about one; nil if the switch is to another policy.
    let withdrawnSources: [[UInt8]]?
    /// Whether it continues from the policy's shadow.
    let isOfShadow: Bool
    /// The progress towards the state after the activation.
    private(set) var succession: Fold.Succession

    /// The ledger offset of the frame of that entry.
    private let end: Int64
    private var isHistoryFolded: Bool
    /// Whether that frame is folded, up to the entry.
    private var isFrameFolded = false

    var policy: ScoringPolicy { folding.policy }
    /// Whether the next frame of the history is not available yet.
    var isWaiting: Bool { !isHistoryFolded && folding.isWaiting }
    /// The ledger offset up to which the history is folded.
    var folded: Int64 { isHistoryFolded ? end : min(folding.folded, end) }

    /// A candidate that folds the history from the partition's first frame on. `end` is the ledger offset of the first
    /// frame that is not history.
    init(
        _ folding: HistoryFold, text: String, before end: Int64, withdrawnSources: [[UInt8]]?
    ) {
        (self.folding, self.text, self.end, self.withdrawnSources) = (folding, text, end, withdrawnSources)
        (isOfShadow, isHistoryFolded) = (false, false)
        succession = Fold.Succession(hasOtherSources: withdrawnSources != nil)
    }

    /// Makes a candidate of a shadow's state. `isHistoryFolded` is true if no frame is between it and the frame at
    /// `end`.
    init(ofShadow folding: HistoryFold, before end: Int64, isHistoryFolded: Bool) {
        (self.folding, text, self.end, withdrawnSources) = (folding, folding.policy.text, end, nil)
        (isOfShadow, self.isHistoryFolded, succession) = (true, isHistoryFolded, Fold.Succession())
    }

    /// Returns false if `left` is used up before all of the history is folded, or if the candidate waits.
    func foldHistory(within left: inout PartitionFold.Slice) throws -> Bool {
        if !isHistoryFolded { isHistoryFolded = try folding.fold(before: end, within: &left) }
        return isHistoryFolded
    }

    /// Folds the entries before the one that it follows from in its frame. Returns false if `left` is used up first.
    func fold(
        _ frame: UnsafeRawBufferPointer, until entry: Int, within left: inout PartitionFold.Slice
    ) throws -> Bool {
        if !isFrameFolded { isFrameFolded = try folding.fold(frame, at: end, until: entry, within: &left) }
        return isFrameFolded
    }

    /// As `Fold.succeed`. Returns false if `left` is used up first.
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
