internal import Events
internal import Ledger
public import Policy
public import Scoring

/// A policy in the shadow, and how far a partition's history is folded under it.
public struct ShadowProgress: Hashable, Sendable {
    public let id: String
    public let version: Int64
    /// As `PolicyHash` gives it.
    public let policyHash: String
    /// Ledger offsets that are folded under it, of those that are folded under the active policy. It begins again at 0 where a
    /// record is found that is passed over.
    public let folded: Int64
    public let total: Int64
    /// Its state is that of the offset at which the partition's own stands.
    public let isLive: Bool
    /// Why it has ended: a record that could not be folded. Nil while it goes on.
    public let failure: String?
}

// A policy in the shadow has a state of its own beside the partition's: its past, with the sanctions and perks that there would be
// had it always been active. It changes nothing of the partition's state, its facts, its snapshots or its digests, and is in
// none of them; a state that is restored has no shadow. Where the policy is activated, its state is the one that is switched to.
extension PartitionFold {
    /// Begins to fold `policy` beside the active one, in the place of another that is in the shadow. Nothing is folded yet.
    /// `history`: the frames that this state folds, from the partition's first.
    public mutating func beginShadow(of policy: ScoringPolicy, history: @escaping RangeHistory) {
        shadowFold = ShadowFold(
            policy, partition: partition, skipped: skipped, maximumSessions: maximumSessions, history: history)
    }

    /// Ends the shadow. Its state goes with what is returned; to let that go takes long where the state is large.
    @discardableResult public mutating func endShadow() -> Retired? {
        defer { shadowFold = nil }
        return shadowFold.map { Retired(state: $0) }
    }

    /// The policy in the shadow; nil if there is none. A switch to it takes it out of the shadow.
    public var shadow: ShadowProgress? { shadowFold?.progress(beside: nextOffset) }

    /// Folds frames of the history under the policy in the shadow, up to those that this state has folded. Of the slice `history`
    /// counts frames and entries, and `timers` the timers. False: there is nothing more to do now; everything is folded, or the
    /// history's next frame is not here yet.
    ///
    /// A record that cannot be folded ends the shadow (`ShadowProgress.failure`). Throws what the history throws; then it may be
    /// called once more.
    public mutating func catchUpShadow(within slice: Slice = .standard) throws -> Bool {
        try shadowFold?.catchUp(to: nextOffset, horizon: horizon, within: slice) ?? false
    }

    /// A frame that this state has just folded; it stood at `start` before. A shadow that stood there too folds it, with as
    /// many entries and timers as the last part's slice had. If they do not suffice, the shadow goes on with the frame in
    /// `catchUpShadow`.
    mutating func followInShadow(
        _ frame: UnsafeRawBufferPointer, at offset: Int64, from start: Int64, within slice: Slice
    ) {
        guard let shadowFold, shadowFold.stands(at: start) else { return }
        // One more: a frame of as many entries is at its end when the next one is asked for.
        var own = Slice(
            timers: slice.timers, history: slice.entries < .max ? slice.entries + 1 : .max, cost: slice.cost)
        shadowFold.follow(frame, at: offset, horizon: horizon, within: &own)
    }

    /// The shadow's state becomes the candidate, if it is of this text: it is no shadow any more.
    mutating func takeShadow(of text: String) -> PolicyCandidate? {
        guard let shadowFold, shadowFold.isOf(text), let folding = shadowFold.folding else { return nil }
        self.shadowFold = nil
        return PolicyCandidate(
            ofShadow: folding, before: frameOffset, isHistoryFolded: folding.stands(at: nextOffset))
    }

    /// Another policy is active than before.
    mutating func noteSwitchBesideShadow() {
        if shadowFold?.isOf(policyText) == true { shadowFold = nil }
        shadowFold?.forgetComparison()
    }

    /// A subject's standing under the policy in the shadow; nil if there is none. The offset is the shadow's.
    public func shadowStanding(of subject: UnsafeRawBufferPointer) -> Standing? {
        shadowFold?.folding?.past.fold.standing(of: subject)
    }

    /// Lends the shadow's state, which is a state for reading alone; nil if there is none.
    public func withShadow<Result>(_ body: (borrowing Fold) throws -> Result) rethrows -> Result? {
        guard let folding = shadowFold?.folding else { return nil }
        return try body(folding.past.fold)
    }

    // MARK: What would differ

    public enum ComparisonProgress: Sendable {
        /// The next call goes on with it.
        case unfinished
        /// All subjects are compared: `shadowDifference` is the result, and the next call begins anew.
        case finished
        /// There is no shadow, or the two states are not those of one offset: nothing is compared now. A comparison that is under
        /// way goes on when they are.
        case behind
    }

    /// Compares the standings of as many subjects as the slice's `history` says.
    public mutating func compareShadow(within slice: Slice = .standard) -> ComparisonProgress {
        guard let shadowFold, !isWithinFrame, policy != nil else { return .behind }
        return shadowFold.compare(fold, at: nextOffset, records: slice.history)
    }

    /// What the last comparison that was finished has found; nil if there is none since the shadow, or the active policy, began.
    public var shadowDifference: ShadowDifference? { shadowFold?.difference }
}

extension PartitionFold.Rule {
    /// Of a policy that is folded beside the active one.
    var isBeside: Bool {
        switch self {
        case .past, .shadow: true
        case .ledger, .fixed: false
        }
    }

    /// An empty state. Under the ledger's policies it is not known yet which one.
    func fold(of policy: ScoringPolicy, version: FoldVersion = .newest, salt: FingerprintKey = .none) -> Fold {
        switch self {
        case .ledger, .fixed: Fold(policy: policy, version: version, salt: salt)
        case .past: Fold(pastOf: policy, version: version, salt: salt)
        case .shadow: Fold(shadowOf: policy, version: version, salt: salt)
        }
    }
}
