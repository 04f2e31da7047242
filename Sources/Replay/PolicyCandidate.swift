internal import Events
internal import Ledger
internal import Policy
internal import Scoring

/// The policy of a switch in progress: it folds everything before its activation, until its state is the one after it.
final class PolicyCandidate {
    let folding: HistoryFold
    let text: String
    /// Whether it continues from the policy's shadow.
    let isOfShadow: Bool
    /// The progress towards the state after the activation.
    private(set) var succession = Fold.Succession()

    /// The ledger offset of the frame of the activation.
    private let end: Int64
    private var isHistoryFolded: Bool
    /// Whether the frame of the activation is folded, up to the activation.
    private var isFrameFolded = false

    var policy: ScoringPolicy { folding.policy }
    /// Whether the next frame of the history is not available yet.
    var isWaiting: Bool { !isHistoryFolded && folding.isWaiting }
    /// The ledger offset up to which the history is folded.
    var folded: Int64 { isHistoryFolded ? end : min(folding.folded, end) }

    /// `end` is the ledger offset of the first frame that is not history. `skipped` has the records that the partition
    /// passes over already. `leftOut` has source topics whose entries do not count.
    init(
        _ policy: ScoringPolicy, text: String, partition: Int32, before end: Int64, skipped: Set<Int64>,
        leftOut: [[UInt8]], maximumSessions: Int, history: @escaping PartitionFold.History
    ) {
        folding = HistoryFold(
            policy, as: .past, partition: partition, skipped: skipped, leftOut: leftOut,
            maximumSessions: maximumSessions, history: { try history($0.upperBound) })
        (self.text, self.end, isOfShadow, isHistoryFolded) = (text, end, false, false)
    }

    /// Makes a candidate of a shadow's state. `isHistoryFolded` is true if no frame is between it and the frame at
    /// `end`.
    init(ofShadow folding: HistoryFold, before end: Int64, isHistoryFolded: Bool) {
        (self.folding, text, self.end) = (folding, folding.policy.text, end)
        (isOfShadow, self.isHistoryFolded) = (true, isHistoryFolded)
    }

    /// Returns false if `left` is used up before all of the history is folded, or if the candidate waits.
    func foldHistory(within left: inout PartitionFold.Slice) throws -> Bool {
        if !isHistoryFolded { isHistoryFolded = try folding.fold(before: end, within: &left) }
        return isHistoryFolded
    }

    /// Folds the entries before the activation in its frame. Returns false if `left` is used up first.
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
