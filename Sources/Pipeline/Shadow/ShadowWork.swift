internal import Replay

/// What a partition does for the policy that is ordered to be folded beside the active one.
struct ShadowWork {
    /// While the ledger has entries to fold, the shadow folds one of its history for so many; and one for each once it has been
    /// live, so that what it could not follow is made up for.
    static let (share, shareOnceLive): (Int64, Int64) = (5, 1)
    /// What is owed to the shadow is paid in pieces of at least so many entries and at most so many, and no more than so many are
    /// owed.
    static let (leastPiece, mostPiece): (Int64, Int64) = (256, Int64(PartitionFold.Slice.standardHistory))
    static let mostOwed = 4 * mostPiece
    /// What can wait is done in pieces of so many, each under the partition's lock.
    static let sparePiece = 256
    /// Between two comparisons with the active policy.
    static let compareEvery = Duration.seconds(10)
    /// What could not read the history tries again after so long.
    static let retryAfter = Duration.seconds(5)

    let order: ShadowOrder
    /// The state has had its shadow for this order.
    var hasBegun = false
    /// Why this member does not fold it; nil if it does.
    var refusal: String?
    /// Why the history could not be read, and when it is tried again.
    var trouble: (reason: String, until: ContinuousClock.Instant)?
    /// Entries of the history that may be folded though the ledger has some to fold.
    private(set) var owed: Int64 = 0
    /// It has been at the partition's offset, and is at least nearly there.
    var hasBeenLive = false
    /// A comparison is under way, and at which ledger offset the last one began.
    var (isComparing, comparedAt): (Bool, Int64?) = (false, nil)
    var compareAt: ContinuousClock.Instant?

    init(_ order: ShadowOrder) { self.order = order }

    /// A comparison is under way, or is due: `next` is the ledger offset at which the states are.
    func compares(at next: Int64, _ now: ContinuousClock.Instant) -> Bool {
        isComparing || comparedAt != next && compareAt.map { $0 <= now } ?? true
    }

    /// The state has another shadow, or none: what was compared was of the one before.
    mutating func beginAnew() {
        (isComparing, comparedAt, compareAt, owed, trouble) = (false, nil, nil, 0, nil)
        hasBeenLive = false
    }

    /// So many entries of the ledger are folded. `isBehind`: the shadow did not follow.
    mutating func owe(for folded: Int64, isBehind: Bool) {
        owed = min(owed + folded / (hasBeenLive && isBehind ? Self.shareOnceLive : Self.share), Self.mostOwed)
    }

    /// Entries that are to be folded now, and are owed no more; nil if too few are.
    mutating func takePiece() -> Int? {
        guard owed >= Self.leastPiece else { return nil }
        let piece = min(owed, Self.mostPiece)
        owed -= piece
        return Int(piece)
    }
}
