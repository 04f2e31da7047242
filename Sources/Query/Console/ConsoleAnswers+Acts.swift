internal import Access
internal import Audit
internal import Backtests
internal import Console
internal import Events
internal import Foundation
internal import Pipeline
internal import Policy
internal import Replay

extension ConsoleAnswers {
    /// The letters that one round sends again, and the rounds for one reason.
    private static let (lettersAtOnce, maximumRounds) = (DeadLetterReader.limits.upperBound, 10)

    func perform(
        _ act: ConsoleAct, reason: String, key: String, by caller: Caller
    ) async throws(ProblemView) -> ActOutcome {
        guard let desk else {
            throw ProblemView(
                status: 503, title: "Nothing can be done here",
                detail: "The topic files have no topic for the audit, and what cannot be recorded is not done.",
                next: [ProblemView.Step("Overview", path: "/console")])
        }
        let subject = act.subject.map { Array($0.utf8) }
        let reason = Self.line(reason)
        func perform(
            _ kind: ControlAct.Kind, _ members: KeyValuePairs<String, String> = [:], hasReason: Bool = true
        ) async throws(ProblemView) -> ActOutcome {
            let body = Self.object(members, reason: hasReason ? reason : nil)
            return try await outcome { () async throws(ControlRefusal) in
                try await desk.act(kind, subject: subject, body: body, by: caller, key: key)
            }
        }
        switch act {
        case .enrol(_, let kind, let terms): return try await perform(.enrol, ["kind": kind, "terms": terms])
        case .withdraw: return try await perform(.withdraw)
        case .void(_, let event): return try await perform(.void, ["source": event.source, "id": event.id])
        case .fileAppeal(_, let sanction, let statement):
            return try await perform(
                .fileAppeal, ["sanction": sanction, "statement": statement], hasReason: false)
        case .decideAppeal(_, let sanction, let isUpheld):
            return try await perform(
                .decideAppeal, ["sanction": sanction, "outcome": isUpheld ? "upheld" : "rejected"])
        case .shadow(let policy): return try await perform(.startShadow, ["policy": policy])
        case .endShadow: return try await perform(.stopShadow)
        case .activate(let name): return try await activate(name, reason, key, desk, caller)
        case .rollBack(let version):
            let versions = try await read { [policies = programme.policies] in try policies.versions() }
            guard let policy = versions.last(where: { Self.key($0) == version })?.policy else {
                throw .nothing("version", back: ProblemView.Step("All versions", path: "/console/policies"))
            }
            return try await perform(.rollback, ["to": "\(policy.id)/\(policy.version)"])
        case .approve(let proposal):
            guard let known = desk.knownProposal(proposal) else { throw Self.noProposal }
            return try await outcome { () async throws(ControlRefusal) in
                try await desk.approve(proposal, hash: known.hash, by: caller)
            }
        case .decline(let proposal):
            return try await outcome { () async throws(ControlRefusal) in
                try await desk.withdraw(proposal, by: caller)
            }
        case .acknowledgeSource(let topic): return try await perform(.acknowledgeSource, ["topic": topic])
        case .withdrawSource(let topic): return try await perform(.withdrawSource, ["topic": topic])
        case .restoreSource(let topic): return try await perform(.restoreSource, ["topic": topic])
        case .redrive(let letters): return try await redrive(Set(letters), nil, reason, key, desk, caller)
        case .redriveReason(let wanted):
            return try await redriveAll(because: wanted, reason, key, desk, caller)
        case .repair(let letter, let text): return try await redrive([letter], text, reason, key, desk, caller)
        }
    }

    private static let noProposal = ProblemView.nothing(
        "proposal", back: ProblemView.Step("Policies", path: "/console/policies"))
    private static let allLetters = ProblemView.Step("All dead letters", path: "/console/dead-letters")

    /// A reason becomes one line, because it is an attribute of an event.
    private static func line(_ text: String) -> String {
        let words = text.split { character in
            character.isWhitespace || character.unicodeScalars.contains { $0.properties.generalCategory == .control }
        }
        return words.joined(separator: " ").prefix(bytes: ControlAct.maximumReasonBytes)
    }

    private static func object(
        _ members: KeyValuePairs<String, String> = [:], reason: String?,
        _ more: (inout JSONWriter) -> Void = { _ in }
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.open()
        for (name, value) in members { writer.member(name, value) }
        if let reason { writer.member("reason", reason) }
        more(&writer)
        writer.close()
        return writer.take()
    }

    /// What `ControlResult`, `Proposal` or the desk writes.
    struct ReplyForm: Decodable {
        /// Of a redrive.
        struct Details: Decodable {
            var sent: Int?
            var alreadySent: Int?
        }

        var status: String?
        var details: Details?

        var sentLetters: Int { (details?.sent ?? 0) + (details?.alreadySent ?? 0) }
    }

    private func outcome(
        _ body: () async throws(ControlRefusal) -> ControlDesk.Reply
    ) async throws(ProblemView) -> ActOutcome {
        switch try await reply(body).status {
        case "proposed": .waiting
        case "pending": .accepted
        default: .done
        }
    }

    private func reply(
        _ body: () async throws(ControlRefusal) -> ControlDesk.Reply
    ) async throws(ProblemView) -> ReplyForm {
        do throws(ControlRefusal) {
            let reply = try await body()
            return (try? JSONDecoder().decode(ReplyForm.self, from: Data(reply.json))) ?? ReplyForm()
        } catch {
            throw Self.problem(error)
        }
    }

    private static func problem(_ refusal: ControlRefusal) -> ProblemView {
        func later(_ title: String, _ detail: String) -> ProblemView {
            ProblemView(
                status: 503, title: title, detail: detail, next: [ProblemView.Step("Overview", path: "/console")],
                retryAfter: 5, progress: refusal.progress)
        }
        switch (refusal.status, refusal.code) {
        case (503, ControlRefusal.harmReview):
            return later(
                "The harm budget is being computed",
                refusal.progress == nil
                    ? "The ledger is being folded for another question, and the harm budget of this change comes after it. "
                        + "Nothing is activated before it is known."
                    : "It limits how many people a change may harm, and by how much. To know that, the whole ledger is "
                        + "folded under the active policy and under the new one. Nothing is activated before it is known."
            )
        case (_, ControlRefusal.underWay):
            return later("It is being done", "It was sent before, and the ledger does not have it yet.")
        case (503, ControlRefusal.notAcknowledged):
            return later("Not confirmed yet", "The broker has not confirmed it, so it may be done already, or not yet.")
        case (503, _): return later("Not now", sentence(refusal.detail))
        default:
            return ProblemView(
                status: refusal.status, title: refusal.status == 403 ? "This needs somebody else" : "Not done",
                detail: sentence(refusal.detail),
                next: [
                    ProblemView.Step("Go back and change what is wrong."),
                    ProblemView.Step("Overview", path: "/console"),
                ])
        }
    }

    // MARK: Dead letters

    /// Sends the letters again that were there when the act began, in rounds. Each round is an act of its own, and a
    /// repeated request does not repeat it.
    private func redriveAll(
        because wanted: String, _ reason: String, _ key: String, _ desk: ControlDesk, _ caller: Caller
    ) async throws(ProblemView) -> ActOutcome {
        var filter = DeadLetterReader.Filter()
        filter.reason = wanted
        let chosen = filter
        var positions: [String] = []
        var cursor: DeadLetterReader.Cursor?
        for _ in 0..<Self.maximumRounds {
            let after = cursor
            let page = try await read { [letters = programme.letters] in
                try letters.page(chosen, after: after, limit: Self.lettersAtOnce)
            }
            positions += page.letters.map(\.position.description)
            cursor = page.next
            if cursor == nil { break }
        }
        guard !positions.isEmpty else { throw .nothing("dead letter that waits", back: Self.allLetters) }
        var sent = 0
        for start in stride(from: 0, to: positions.count, by: Self.lettersAtOnce) {
            let round = Array(positions[start..<min(start + Self.lettersAtOnce, positions.count)])
            sent += try await send(round, nil, reason, "\(key) \(start / Self.lettersAtOnce)", desk, caller)
        }
        guard sent > 0 else { throw Self.noLetterSent }
        return cursor == nil && sent == positions.count ? .done : .partly
    }

    private func redrive(
        _ positions: Set<String>, _ repaired: String?, _ reason: String, _ key: String, _ desk: ControlDesk,
        _ caller: Caller
    ) async throws(ProblemView) -> ActOutcome {
        let sent = try await send(positions.sorted(), repaired, reason, key, desk, caller)
        guard sent > 0 else { throw Self.noLetterSent }
        return sent == positions.count ? .done : .partly
    }

    private static let noLetterSent = ProblemView(
        status: 409, title: "No letter was sent",
        detail: "They came from the control topic, from a topic that is no source now, or without their bytes: "
            + "`standing dead-letter redrive` says which.",
        next: [allLetters])

    /// Returns the number of letters that are sent to intake, by this act or an earlier one.
    private func send(
        _ positions: [String], _ repaired: String?, _ reason: String, _ key: String, _ desk: ControlDesk,
        _ caller: Caller
    ) async throws(ProblemView) -> Int {
        let body = Self.object(repaired.map { ["repaired": $0] } ?? [:], reason: reason) {
            $0.member("letters", positions)
        }
        return try await reply { () async throws(ControlRefusal) in
            try await desk.act(.redrive, body: body, by: caller, key: key)
        }.sentLetters
    }

    // MARK: The shadow becomes active

    /// `name`: NAME VERSION, as the person has seen it. The desk checks the harm budgets.
    private func activate(
        _ name: String, _ reason: String, _ key: String, _ desk: ControlDesk, _ caller: Caller
    ) async throws(ProblemView) -> ActOutcome {
        let page = ProblemView.Step("Policies", path: "/console/policies")
        guard let order = service.status.shadowOrder, let candidate = order.policy,
            "\(candidate.id) \(candidate.version)" == name
        else {
            throw ProblemView(
                status: 409, title: "Another policy is in the shadow now", detail: "Nothing was activated.",
                next: [page])
        }
        guard let active = try await activePolicy() else { throw .emptyLedger }
        // The form was sent before, or somebody else activated the policy meanwhile.
        guard active.text != candidate.text else { return .done }
        let report = try await run(on: overviewWork) { [service] in service.shadowReport }
        // Temporary: an activation that was sent before can be switching the policy now, and its repeat needs the same key.
        guard report.partitions.filter({ !$0.standby }).allSatisfy(\.isAtHand) else {
            throw ProblemView(
                status: 503, title: "The shadow is not at the ledger's end yet",
                detail:
                    "Nothing is activated before it is. Leave this page if you want to see first what would change.",
                next: [page], retryAfter: 5)
        }
        // Without a clock, which moves: a repeated form has the same body, as its key requires.
        let proposal = PolicyProposal(candidate: candidate.text, active: active.text, clock: nil)
        let body = Self.object(reason: reason) { $0.member("proposal", json: proposal.json) }
        return try await outcome { () async throws(ControlRefusal) in
            try await desk.act(.activate, body: body, by: caller, key: key)
        }
    }

    // MARK: Sessions

    func signIn(name: String, password: String, from address: String) async throws(ProblemView) -> String? {
        do throws(Denial) {
            return try await access.logIn(name: name, password: password, address: address, audit: audit).setCookie
        } catch {
            if case .tooMany(let seconds) = error { throw .tooMany(retryAfter: seconds) }
            return nil
        }
    }

    func signOut(session: String) async -> String {
        await access.logOut(session, audit: audit)
        return access.cookie.removal
    }
}

extension String {
    /// The longest prefix of whole characters with at most this many bytes.
    fileprivate func prefix(bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var text = ""
        for character in self {
            guard text.utf8.count + character.utf8.count <= bytes else { break }
            text.append(character)
        }
        return text
    }
}
