public import Access
public import Audit
internal import Events
internal import Foundation
public import Logging
public import Pipeline

/// Executes acts of people. It records an act in the audit, has it approved by a second person if that is required,
/// executes it, and records the outcome. Callers check the permission (`Permission`).
public final class ControlDesk: Sendable {
    /// An HTTP status and a JSON document.
    public struct Reply: Sendable {
        public let status: Int
        public let json: [UInt8]
    }

    private let acts: ControlActs
    private let audit: any AuditLog
    private let fourEyes: FourEyes?
    /// What is known of the audit; nil where it is not followed.
    let index: AuditIndex?
    private let logger: Logger

    /// `fourEyes`: nil if no act needs two people.
    public init(
        _ acts: ControlActs, audit: any AuditLog, fourEyes: FourEyes?, index: AuditIndex? = nil, logger: Logger
    ) {
        (self.acts, self.audit, self.fourEyes, self.index, self.logger) = (acts, audit, fourEyes, index, logger)
    }

    /// The permission that an act needs.
    public static func permission(_ kind: ControlAct.Kind) -> Permission {
        switch kind {
        case .enrol, .withdraw: .enrol
        case .void: .void
        case .fileAppeal: .fileAppeal
        case .decideAppeal: .decideAppeal
        case .acknowledgeSource: .manageSources
        // Taking a source back changes everybody's score, as a policy does.
        case .activate, .rollback, .withdrawSource, .restoreSource: .activatePolicy
        case .startShadow, .stopShadow: .shadowPolicy
        case .redrive: .redriveDeadLetters
        }
    }

    /// Executes an act, or proposes it if it needs two people. `body`: as `ControlRequest` reads it. `key`: the
    /// request's `Idempotency-Key`; nil if it has none. `wait`: seconds; nil for `ControlActs.standardWait`.
    public func act(
        _ kind: ControlAct.Kind, subject: [UInt8]? = nil, body: [UInt8], by caller: Caller, key: String?,
        wait: Int? = nil, wantsFacts: Bool = false
    ) async throws(ControlRefusal) -> Reply {
        let request: ControlRequest
        do {
            request = try ControlRequest(kind, subject: subject, body: body, actor: caller.name, key: key)
        } catch {
            await note(kind, subject: subject, by: caller, reason: nil, outcome: error.code)
            throw error
        }
        if let fourEyes, fourEyes.acts.contains(kind.rawValue) {
            return try await propose(request, String(decoding: body, as: UTF8.self), by: caller, fourEyes)
        }
        return try await perform(request, by: caller, wait: wait, wantsFacts: wantsFacts)
    }

    private func perform(
        _ request: ControlRequest, by caller: Caller, wait: Int?, wantsFacts: Bool
    ) async throws(ControlRefusal) -> Reply {
        let (kind, subject) = (request.act.kind, request.subject.map { Array($0.utf8) })
        do {
            try await audit.append(
                record(kind, subject: subject, by: caller, reason: request.reason, outcome: "requested"))
        } catch {
            throw ControlRefusal(
                503, "not-recorded", "the audit does not take the act now, so it is not done: ask again")
        }
        do {
            let result = try await acts.perform(
                request, wait: wait.map { .seconds($0) } ?? ControlActs.standardWait, wantsFacts: wantsFacts)
            await note(
                kind, subject: subject, by: caller, reason: request.reason, outcome: result.status.rawValue,
                details: details(of: request) + details(of: result))
            var writer = JSONWriter()
            result.writeJSON(to: &writer)
            return Reply(status: result.httpStatus, json: writer.take())
        } catch {
            await note(kind, subject: subject, by: caller, reason: request.reason, outcome: error.code)
            throw error
        }
    }

    static let (sanctionDetail, outcomeDetail, proposerDetail) = ("sanction", "decision", "proposer")
    static let (positionDetail, topicDetail) = ("ledger", "topic")

    /// The details of an act's record beside its result.
    private func details(of request: ControlRequest) -> [(name: String, value: String)] {
        var details: [(name: String, value: String)] = []
        switch request.act {
        case .decideAppeal(let sanction, let outcome):
            details += [(Self.sanctionDetail, sanction), (Self.outcomeDetail, outcome.rawValue)]
        case .acknowledgeSource(let topic), .withdrawSource(let topic), .restoreSource(let topic):
            details.append((Self.topicDetail, topic))
        default: break
        }
        if request.approver != nil { details.append((Self.proposerDetail, request.actor)) }
        return details
    }

    private func details(of result: ControlResult) -> [(name: String, value: String)] {
        var details: [(name: String, value: String)] = []
        if let id = result.id { details.append(("event", id)) }
        if result.isRepeat { details.append(("repeated", "true")) }
        if let position = result.position {
            details.append((Self.positionDetail, "\(position.partition):\(position.offset):\(position.entry)"))
        }
        return details
    }

    private func record(
        _ kind: ControlAct.Kind, subject: [UInt8]?, by caller: Caller, reason: String?, outcome: String,
        details: [(name: String, value: String)] = []
    ) -> AuditRecord {
        AuditRecord(
            actor: caller.name, action: kind.rawValue, subject: subject, purpose: reason, outcome: outcome,
            details: details)
    }

    /// Records the outcome. A failure is only logged, because the ledger has the outcome too.
    private func note(
        _ kind: ControlAct.Kind, subject: [UInt8]?, by caller: Caller, reason: String?, outcome: String,
        details: [(name: String, value: String)] = []
    ) async {
        do {
            try await audit.append(
                record(kind, subject: subject, by: caller, reason: reason, outcome: outcome, details: details))
        } catch {
            logger.warning("what came of an act is not in the audit", metadata: ["reason": "\(error)"])
        }
    }

    /// As `ControlActs.review`. It names nobody, and is not recorded.
    func review(withdrawing topic: String, wait: Duration) async -> ControlActs.WithdrawalReview {
        await acts.review(withdrawing: topic, wait: wait)
    }

    /// As `ControlActs.backtest`. It names nobody, and is not recorded.
    func backtest(of candidate: String, wait: Duration) async -> ControlActs.Backtest {
        await acts.backtest(of: candidate, wait: wait)
    }

    // MARK: Four eyes

    private func propose(
        _ request: ControlRequest, _ body: String, by caller: Caller, _ fourEyes: FourEyes
    ) async throws(ControlRefusal) -> Reply {
        // A repeated request is the same proposal.
        let id = "p-" + PolicyHash.of("\(request.actor)\n\(request.key)").prefix(32)
        if let known = fourEyes.proposal(id) {
            guard known.hash == PolicyHash.of(body) else {
                throw ControlRefusal(
                    422, "key-reused", "this idempotency key was used for another proposal: use a new one")
            }
            return Self.reply(known, status: 202)
        }
        try await acts.check(request)
        do {
            _ = try await fourEyes.propose(
                request.act.kind.rawValue, body: body, reason: request.reason, by: caller, id: id)
        } catch AuditFailure.tooLarge {
            throw ControlRefusal(
                413, "too-large", "the proposal is larger than the audit takes: make it with --listed 0")
        } catch {
            throw ControlRefusal(503, "not-recorded", "the audit does not take the proposal now: ask again")
        }
        var writer = JSONWriter()
        writer.open()
        writer.member("status", "proposed")
        writer.member("proposal", id)
        writer.member("sha256", PolicyHash.of(body))
        writer.close()
        return Reply(status: 202, json: writer.take())
    }

    /// The open proposals, the oldest first: `{"proposals":[…],"refused":[{"id","reason"}]}`, as `Proposal.write` writes
    /// them, without bodies. `refused`: those that no trusted key signed, which do not count.
    public func proposals() -> Reply {
        var writer = JSONWriter()
        writer.open()
        writer.list("proposals", fourEyes?.open ?? []) { $1.write(to: &$0, withBody: false) }
        writer.list("refused", fourEyes?.refused ?? []) { writer, refused in
            writer.open()
            writer.member("id", refused.id)
            writer.member("reason", refused.reason)
            writer.close()
        }
        writer.close()
        return Reply(status: 200, json: writer.take())
    }

    /// The open proposals as values.
    var openProposals: [Proposal] { fourEyes?.open ?? [] }

    /// Nil if there is none of this id.
    func knownProposal(_ id: String) -> Proposal? { fourEyes?.proposal(id) }

    /// One proposal, with its act.
    public func proposal(_ id: String) throws(ControlRefusal) -> Reply {
        return Self.reply(try known(id), status: 200)
    }

    private func known(_ id: String) throws(ControlRefusal) -> Proposal {
        guard let fourEyes else { throw Self.refusal(FourEyes.Refusal.unknown) }
        do {
            return try fourEyes.known(id)
        } catch {
            throw Self.refusal(error)
        }
    }

    private static func reply(_ proposal: Proposal, status: Int) -> Reply {
        var writer = JSONWriter()
        proposal.write(to: &writer, withBody: true)
        return Reply(status: status, json: writer.take())
    }

    /// Approves a proposal and executes its act. `hash`: the `sha256` that the person has read. A repeat by the same
    /// person has no further effect.
    public func approve(
        _ id: String, hash: String, by caller: Caller, wait: Int? = nil
    ) async throws(ControlRefusal) -> Reply {
        guard let fourEyes, let kind = ControlAct.Kind(rawValue: try known(id).act) else {
            throw Self.refusal(FourEyes.Refusal.unknown)
        }
        let proposal: Proposal
        do {
            proposal = try await fourEyes.approve(id, hash: hash, by: caller)
        } catch {
            throw Self.refusal(error)
        }
        let request = try ControlRequest(
            kind, subject: nil, body: Array(proposal.body.utf8), actor: proposal.proposer, approver: caller.name,
            key: "proposal \(id)")
        return try await perform(request, by: caller, wait: wait, wantsFacts: false)
    }

    public func withdraw(_ id: String, by caller: Caller) async throws(ControlRefusal) -> Reply {
        guard let fourEyes else { throw Self.refusal(FourEyes.Refusal.unknown) }
        do {
            try await fourEyes.withdraw(id, by: caller)
        } catch {
            throw Self.refusal(error)
        }
        return try proposal(id)
    }

    /// The codes of acts that their caller may not do, beside what the roles refuse.
    static let refusals = ["four-eyes", "key-not-allowed"]

    private static func refusal(_ error: any Error) -> ControlRefusal {
        guard let refusal = error as? FourEyes.Refusal else {
            return ControlRefusal(503, "not-recorded", "the audit does not take it now: ask again")
        }
        let detail = refusal.description
        return switch refusal {
        case .notReady: ControlRefusal(503, "not-ready", detail)
        case .unknown: ControlRefusal(404, "no-proposal", detail)
        case .notSigned: ControlRefusal(409, "proposal-not-signed", detail)
        case .closed: ControlRefusal(409, "proposal-closed", detail)
        case .expired: ControlRefusal(409, "proposal-expired", detail)
        case .own: ControlRefusal(403, "four-eyes", detail)
        case .differs: ControlRefusal(409, "proposal-differs", detail)
        }
    }
}
