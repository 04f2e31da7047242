internal import Replay

/// The state of a partition's work on the shadow.
struct ShadowWork {
    /// The number of ledger entries per entry of the shadow's history, while the ledger has entries to fold; and the
    /// number after the shadow has been live once, so that it makes up for the entries that it could not follow.
    static let (share, shareOnceLive): (Int64, Int64) = (5, 1)
    /// The least and the greatest number of entries of a piece. At most `mostOwed` entries are owed.
    static let (leastPiece, mostPiece): (Int64, Int64) = (256, Int64(PartitionFold.Slice.standardHistory))
    static let mostOwed = 4 * mostPiece
    /// Entries of a piece that can wait. Each piece is done under the partition's lock.
    static let sparePiece = 256
    /// The time between two comparisons with the active policy.
    static let compareEvery = Duration.seconds(10)
    /// The time until another attempt to read the history after a failure.
    static let retryAfter = Duration.seconds(5)

    let order: ShadowOrder
    /// Whether the state has had its shadow for this order.
    var hasBegun = false
    /// Why this member does not fold it; nil if it does.
    var refusal: String?
    /// Why the history could not be read, and the time of the next attempt.
    var trouble: (reason: String, until: ContinuousClock.Instant)?
    /// Entries of the history that may be folded although the ledger has entries to fold.
    private(set) var owed: Int64 = 0
    /// Whether it has been at the partition's offset once, so that it is at least nearly there.
    var hasBeenLive = false
    /// Whether a comparison is in progress, and the ledger offset at which the last one began.
    var (isComparing, comparedAt): (Bool, Int64?) = (false, nil)
    var compareAt: ContinuousClock.Instant?

    init(_ order: ShadowOrder) { self.order = order }

    /// Whether a comparison is in progress or due. `next`: the ledger offset of the states.
    func compares(at next: Int64, _ now: ContinuousClock.Instant) -> Bool {
        isComparing || comparedAt != next && compareAt.map { $0 <= now } ?? true
    }

    /// The state has another shadow, or none, so earlier comparisons are invalid.
    mutating func restart() {
        (isComparing, comparedAt, compareAt, owed, trouble) = (false, nil, nil, 0, nil)
        hasBeenLive = false
    }

    /// Notes that `folded` entries of the ledger are folded. `isBehind`: whether the shadow did not follow.
    mutating func owe(for folded: Int64, isBehind: Bool) {
        owed = min(owed + folded / (hasBeenLive && isBehind ? Self.shareOnceLive : Self.share), Self.mostOwed)
    }

    /// The number of entries to fold now, which are not owed any more; nil if there are too few.
    mutating func takePiece() -> Int? {
        guard owed >= Self.leastPiece else { return nil }
        let piece = min(owed, Self.mostPiece)
        owed -= piece
        return Int(piece)
    }
}
