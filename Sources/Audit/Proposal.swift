public import Events

/// An act that waits for a second person (four eyes). It is in the audit topic, so that it survives restarts and every
/// member knows it.
public struct Proposal: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        /// It can be approved.
        case open
        case approved(by: String)
        /// Its proposer, or a person who may approve it, has withdrawn it.
        case withdrawn(by: String)
    }

    public static let proposing = "propose"
    public static let approving = "approveProposal"
    public static let withdrawing = "withdrawProposal"
    static let (idName, actName, bodyName, hashName, expiryName) = ("proposal", "act", "body", "sha256", "expires")

    public let id: String
    /// The act's name, such as `activate`.
    public let act: String
    /// The proposer's name.
    public let proposer: String
    public let reason: String?
    public let proposed: Timestamp
    /// After this time it cannot be approved.
    public let expires: Timestamp
    /// The input of the act, as in its request.
    public let body: String
    /// SHA-256 of `body`. An approval names it, and so approves the text that was read.
    public let hash: String
    public var state: State

    /// Whether records of this action propose something or decide about it.
    static func isStep(_ action: String) -> Bool { [proposing, approving, withdrawing].contains(action) }

    /// Nil if the record is not a proposal with the hash of its body.
    init?(_ entry: AuditEntry) {
        guard entry.action == Self.proposing, let id = entry.detail(Self.idName), let act = entry.detail(Self.actName),
            let body = entry.detail(Self.bodyName), let hash = entry.detail(Self.hashName),
            PolicyHash.of(body) == hash, let expires = entry.detail(Self.expiryName).flatMap({ Timestamp($0) })
        else { return nil }
        (self.id, self.act, proposer, reason) = (id, act, entry.actor, entry.purpose)
        (proposed, self.expires, self.body, self.hash, state) = (entry.time, expires, body, hash, .open)
    }

    /// `{"id","act","proposer","reason","proposed","expires","sha256","state","by"}`; `by` is null while it is open.
    /// With `withBody` it also has `body`.
    public func write(to writer: inout JSONWriter, withBody: Bool) {
        let (word, by): (String, String?) =
            switch state {
            case .open: ("open", nil)
            case .approved(let by): ("approved", by)
            case .withdrawn(let by): ("withdrawn", by)
            }
        writer.open()
        writer.member("id", id)
        writer.member("act", act)
        writer.member("proposer", proposer)
        writer.member("reason", reason)
        writer.member("proposed", proposed)
        writer.member("expires", expires)
        writer.member("sha256", hash)
        writer.member("state", word)
        writer.member("by", by)
        if withBody { writer.member("body", body) }
        writer.close()
    }
}

/// A record that proposes something and that no trusted key signed. It does not count, whichever author it names.
public struct RefusedProposal: Sendable, Equatable {
    public let id: String
    public let reason: String
}

/// The proposals of the audit topic, as far as they are in memory. It gets the topic's records in their order: the
/// first approval or withdrawal of a proposal decides.
struct ProposalTable: Sendable {
    /// The limit of proposals. The oldest are dropped first.
    static let maximum = 1000
    /// The limit of refused proposals.
    static let maximumRefused = 100

    private var byID: [String: Proposal] = [:]
    /// The oldest first.
    private var order: [String] = []
    /// The newest refused proposals, the oldest first.
    private(set) var refused: [RefusedProposal] = []

    subscript(_ id: String) -> Proposal? { byID[id] }

    func open(at time: Timestamp) -> [Proposal] {
        order.compactMap { byID[$0] }.filter { $0.state == .open && $0.expires > time }
    }

    /// `objection`: why the record does not count; nil if it counts.
    mutating func note(_ entry: AuditEntry, objection: String? = nil) {
        if let objection {
            // A decision that does not count changes nothing, and neither does a repeat of a proposal that counts.
            guard let proposal = Proposal(entry), byID[proposal.id] == nil else { return }
            refused.removeAll { $0.id == proposal.id }
            refused.append(RefusedProposal(id: proposal.id, reason: objection))
            if refused.count > Self.maximumRefused { refused.removeFirst() }
            return
        }
        if let proposal = Proposal(entry) {
            // Of two with one id the first one counts.
            guard byID[proposal.id] == nil else { return }
            refused.removeAll { $0.id == proposal.id }
            byID[proposal.id] = proposal
            order.append(proposal.id)
            if order.count > Self.maximum { byID[order.removeFirst()] = nil }
            return
        }
        guard let id = entry.detail(Proposal.idName), let proposal = byID[id], proposal.state == .open else { return }
        switch entry.action {
        case Proposal.approving:
            // A record of any writer is checked: no person can approve an own proposal, or a text other than the
            // proposed one.
            guard entry.actor != proposal.proposer, entry.detail(Proposal.hashName) == proposal.hash,
                entry.time < proposal.expires
            else { return }
            byID[id]?.state = .approved(by: entry.actor)
        case Proposal.withdrawing: byID[id]?.state = .withdrawn(by: entry.actor)
        default: break
        }
    }
}
