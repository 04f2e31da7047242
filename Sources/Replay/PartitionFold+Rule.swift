internal import Events
internal import Policy
internal import Scoring

extension PartitionFold {
    /// The policy under which a partition is folded.
    enum Rule {
        /// The policies that the ledger activates. `history` gives the frames before an offset, from the partition's
        /// first.
        case ledger(history: History?)
        /// This policy, regardless of the ledger's. `history` is as above.
        case fixed(history: History?)
        /// This policy and the same sources for ever, regardless of the ledger's acts about either.
        case fixedSources
        /// This policy's past. With `isFixed` the ledger's policies are not in it.
        case past(isFixed: Bool)
        /// This policy's shadow.
        case shadow
    }
}
extension PartitionFold.Rule {
    /// Whether the policy is folded beside the active one.
    var isBeside: Bool {
        switch self {
        case .past, .shadow: true
        case .ledger, .fixed, .fixedSources: false
        }
    }

    /// An empty state. Under the ledger's policies the first entry decides the policy.
    func fold(of policy: ScoringPolicy, version: FoldVersion = .newest, salt: FingerprintKey = .none) -> Fold {
        switch self {
        case .ledger, .fixed, .fixedSources: Fold(policy: policy, version: version, salt: salt)
        case .past: past(of: policy, version: version, salt: salt)
        case .shadow: Fold(shadowOf: policy, version: version, salt: salt)
        }
    }

    private func past(of policy: ScoringPolicy, version: FoldVersion, salt: FingerprintKey) -> Fold {
        var fold = Fold(pastOf: policy, version: version, salt: salt)
        if isFixed { fold.passNoActivations() }
        return fold
    }

    /// Whether the ledger's policies are ignored.
    var isFixed: Bool {
        switch self {
        case .fixed, .fixedSources, .past(isFixed: true): true
        case .ledger, .past, .shadow: false
        }
    }

    /// The history of a state that a switch can replace.
    var history: PartitionFold.History? {
        switch self {
        case .ledger(let history), .fixed(let history): history
        case .fixedSources, .past, .shadow: nil
        }
    }
}
