/// Decides who answers a question about a subject whose ledger partition this member does not own. The caller asks the
/// route's member, and continues with `next` until there is an answer.
public enum AnswerRoute: Equatable, Sendable {
    /// The member at this address, which has announced that it owns the partition.
    case owner(address: String)
    /// This member, if it is a standby. Its answer includes its lag.
    case standby
    /// No member. The answer is "not now".
    case nobody

    /// `isForwarded`: whether the question is from another member, so that it is not forwarded again. `owner`: the
    /// address of another member that has announced the partition; nil if there is none.
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
