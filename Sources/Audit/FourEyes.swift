public import Access
public import Events
internal import Foundation

/// Acts that need two people: one proposes, and another one approves the proposal. The same person is refused.
public struct FourEyes: Sendable {
    public enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        /// The audit in memory is not up to date.
        case notReady
        case unknown
        /// No trusted key signed the proposal.
        case notSigned(reason: String)
        /// It was approved or withdrawn.
        case closed(by: String)
        case expired
        /// The proposer may not approve it.
        case own
        /// The approval names a text other than the proposed one.
        case differs

        public var description: String {
            switch self {
            case .notReady: "the audit has not been read yet: ask again"
            case .unknown: "there is no proposal of this id"
            case .notSigned(let reason):
                "the audit has this proposal, and it does not count: \(reason). Propose it again over HTTP"
            case .closed(let by): "the proposal is closed already, by \(by)"
            case .expired: "the proposal has expired: propose it again"
            case .own: "a proposal needs a second person: who proposed it cannot approve it"
            case .differs: "sha256 is not that of what was proposed: read the proposal again"
            }
        }
    }

    public static let standardLifetime = Duration.seconds(7 * 86_400)
    private static let patience = Duration.seconds(10)
    private static let betweenLooks = Duration.milliseconds(10)

    /// The acts that need two people.
    public let acts: Set<String>
    private let writer: AuditWriter
    private let index: AuditIndex
    private let lifetime: Duration
    private let now: @Sendable () -> Timestamp

    /// `lifetime` is the time for which a proposal can be approved. `now` is nil for the machine's clock.
    public init(
        acts: Set<String>, writer: AuditWriter, index: AuditIndex, lifetime: Duration = standardLifetime,
        now: (@Sendable () -> Timestamp)? = nil
    ) {
        (self.acts, self.writer, self.index, self.lifetime) = (acts, writer, index, lifetime)
        self.now = now ?? { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }
    }

    /// The open proposals, the oldest first.
    public var open: [Proposal] { index.proposals(at: now()) }

    public func proposal(_ id: String) -> Proposal? { index.proposal(id) }

    /// The newest proposals that no trusted key signed, the oldest first. They do not count.
    public var refused: [RefusedProposal] { index.refusedProposals }

    /// The proposal. Throws if it is unknown or does not count, with the reason.
    public func known(_ id: String) throws(Refusal) -> Proposal {
        if let proposal = index.proposal(id) { return proposal }
        if let refused = refused.last(where: { $0.id == id }) { throw .notSigned(reason: refused.reason) }
        throw .unknown
    }

    /// Records that `caller` proposes the act. Returns the proposal's id after the audit has the record. A repeat with
    /// the same `id` is the same proposal.
    public func propose(
        _ act: String, body: String, reason: String?, by caller: Caller, id: String
    ) async throws -> String {
        let expires = now().adding(microseconds: Int64(lifetime / .microseconds(1)))
        try await writer.append(
            AuditRecord(
                actor: caller.name, action: Proposal.proposing, subject: nil, purpose: reason, outcome: "proposed",
                details: [
                    (Proposal.idName, id), (Proposal.actName, act), (Proposal.hashName, PolicyHash.of(body)),
                    (Proposal.expiryName, expires.description), (Proposal.bodyName, body),
                ]))
        return id
    }

    /// Records that `caller` approves the proposal. Returns the proposal after it is certain that this approval is the
    /// one that counts. A repeat by the same person returns it again. `hash` is that of the text that the caller has
    /// read.
    public func approve(_ id: String, hash: String, by caller: Caller) async throws -> Proposal {
        guard index.isRead else { throw Refusal.notReady }
        let proposal = try known(id)
        if proposal.state == .approved(by: caller.name) { return proposal }
        guard caller.name != proposal.proposer else { throw Refusal.own }
        guard hash == proposal.hash else { throw Refusal.differs }
        try check(proposal)
        try await record(Proposal.approving, proposal, by: caller)
        let decided = try await decided(id)
        guard decided.state == .approved(by: caller.name) else {
            try check(decided)
            throw Refusal.notReady
        }
        return decided
    }

    /// Withdraws a proposal.
    public func withdraw(_ id: String, by caller: Caller) async throws {
        guard index.isRead else { throw Refusal.notReady }
        let proposal = try known(id)
        try check(proposal)
        try await record(Proposal.withdrawing, proposal, by: caller)
        let decided = try await decided(id)
        guard decided.state == .withdrawn(by: caller.name) else { return try check(decided) }
    }

    private func check(_ proposal: Proposal) throws(Refusal) {
        switch proposal.state {
        case .approved(let by), .withdrawn(let by): throw .closed(by: by)
        case .open: if proposal.expires <= now() { throw .expired }
        }
    }

    private func record(_ action: String, _ proposal: Proposal, by caller: Caller) async throws {
        try await writer.append(
            AuditRecord(
                actor: caller.name, action: action, subject: nil, purpose: nil, outcome: "allowed",
                details: [(Proposal.idName, proposal.id), (Proposal.hashName, proposal.hash)]))
    }

    /// The outcome of the proposal, after the topic has been read up to a decision. Of two approvals the first one in
    /// the topic counts.
    private func decided(_ id: String) async throws -> Proposal {
        let end = ContinuousClock.now + Self.patience
        while ContinuousClock.now < end {
            if let proposal = index.proposal(id), proposal.state != .open { return proposal }
            try await Task.sleep(for: Self.betweenLooks)
        }
        throw Refusal.notReady
    }
}
