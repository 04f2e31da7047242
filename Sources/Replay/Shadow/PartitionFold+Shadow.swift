internal import Events
internal import Ledger
public import Policy
public import Scoring

/// A policy in the shadow, and its progress in a partition's history.
public struct ShadowProgress: Hashable, Sendable {
    public let id: String
    public let version: Int64
    /// A `PolicyHash`.
    public let policyHash: String
    /// Ledger offsets that are folded under it, of those that are folded under the active policy. It restarts at 0
    /// after a record is found that is passed over.
    public let folded: Int64
    public let total: Int64
    /// Whether its state is that of the partition's own offset.
    public let isLive: Bool
    /// The reason why it has ended: a record that could not be folded. Nil while it continues.
    public let failure: String?
}

// A policy in the shadow has a state of its own beside the partition's: its past, with the sanctions and perks that
// would exist if it had always been active and the sources that are withdrawn now had never been there. It does not
// change the partition's state, facts, snapshots or digests, and is part of none of them. A state that is restored has
// no shadow. If the policy is activated, the switch uses the shadow's state.
extension PartitionFold {
    /// Begins to fold `policy` beside the active one, and replaces another policy in the shadow. Nothing is folded yet.
    /// `history` has the frames that this state folds, from the partition's first.
    public mutating func beginShadow(of policy: ScoringPolicy, history: @escaping RangeHistory) {
        shadowFold = ShadowFold(
            policy, partition: partition, skipped: skipped, leftOut: withdrawnSources,
            maximumSessions: maximumSessions, history: history)
    }

    /// Ends the shadow and returns its state. To free a large state takes long.
    @discardableResult public mutating func endShadow() -> Retired? {
        defer { shadowFold = nil }
        return shadowFold.map { Retired(states: [$0]) }
    }

    /// The policy in the shadow; nil if there is none. A switch to it removes it from the shadow.
    public var shadow: ShadowProgress? { shadowFold?.progress(beside: nextOffset) }

    /// Folds frames of the history under the policy in the shadow, up to those that this state has folded. The slice's
    /// `history` limits frames and entries, its `timers` the timers. Returns false if there is nothing more to do now:
    /// everything is folded, or the history's next frame is not available yet.
    ///
    /// A record that cannot be folded ends the shadow (`ShadowProgress.failure`). Throws the history's errors; then it
    /// may be called again.
    public mutating func catchUpShadow(within slice: Slice = .standard) throws -> Bool {
        try shadowFold?.catchUp(to: nextOffset, horizon: horizon, within: slice) ?? false
    }

    /// Folds a frame that this state has just folded, from `start` on, in a shadow that was at `start` too. The shadow
    /// gets as many entries and timers as the slice of the last part. If they do not suffice, `catchUpShadow` continues
    /// with the frame.
    mutating func followInShadow(
        _ frame: UnsafeRawBufferPointer, at offset: Int64, from start: Int64, within slice: Slice
    ) {
        guard let shadowFold, shadowFold.stands(at: start) else { return }
        // One more, because the end of a frame is found at the request for the entry after its last.
        var own = Slice(
            timers: slice.timers, history: slice.entries < .max ? slice.entries + 1 : .max, cost: slice.cost)
        shadowFold.follow(frame, at: offset, horizon: horizon, within: &own)
    }

    /// Makes a candidate of the shadow's state, if it is of this text. It is no longer a shadow.
    mutating func takeShadow(of text: String) -> PolicyCandidate? {
        guard let shadowFold, shadowFold.isOf(text), let folding = shadowFold.folding else { return nil }
        self.shadowFold = nil
        return PolicyCandidate(
            ofShadow: folding, before: frameOffset, isHistoryFolded: folding.stands(at: nextOffset))
    }

    /// Called after a switch of the active policy.
    mutating func noteSwitchBesideShadow() {
        if shadowFold?.isOf(policyText) == true { shadowFold = nil }
        shadowFold?.forgetComparison()
    }

    /// Called after other sources are left out: the shadow begins anew. Returns its state until now.
    mutating func restartShadow() -> AnyObject? { shadowFold?.restart(leavingOut: withdrawnSources) }

    /// Calls the body with the shadow's state, for reading only; nil if there is none. Its offset is the shadow's.
    public func withShadow<Result>(_ body: (borrowing Fold) throws -> Result) rethrows -> Result? {
        guard let folding = shadowFold?.folding else { return nil }
        return try body(folding.past.fold)
    }

    // MARK: Comparison

    public enum ComparisonProgress: Sendable {
        /// The next call continues.
        case unfinished
        /// All subjects are compared: `shadowDifference` is the result, and the next call begins a new comparison.
        case finished
        /// There is no shadow, or the two states have different offsets, so nothing is compared now. A comparison in
        /// progress continues when they are equal.
        case behind
    }

    /// Compares the standings of as many subjects as the slice's `history` allows.
    public mutating func compareShadow(within slice: Slice = .standard) -> ComparisonProgress {
        guard let shadowFold, !isWithinFrame, policy != nil else { return .behind }
        return shadowFold.compare(fold, at: nextOffset, records: slice.history)
    }

    /// The result of the last complete comparison; nil if there is none since the shadow, or the active policy, began.
    public var shadowDifference: ShadowDifference? { shadowFold?.difference }
}
