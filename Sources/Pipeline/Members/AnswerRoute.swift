/// Who answers a question about a subject whose ledger partition the member that was asked does not own. The caller asks whom it
/// names, and goes on to `next` as long as nobody has an answer.
public enum AnswerRoute: Equatable, Sendable {
    /// The member at this address, which says that it owns the partition.
    case owner(address: String)
    /// The member that was asked, if it stands by. What it knows is better than nothing, and says how far it is behind.
    case standby
    /// The answer is "not now".
    case nobody

    /// `isForwarded`: another member has sent the question, so it is not sent on once more. `owner`: the address of another member
    /// that says that it owns the partition; nil if none does.
    public init(isForwarded: Bool, owner: String?) {
        if !isForwarded, let owner { self = .owner(address: owner) } else { self = .standby }
    }

    public var next: Self {
        switch self {
        case .owner: .standby
        case .standby, .nobody: .nobody
        }
    }
}
