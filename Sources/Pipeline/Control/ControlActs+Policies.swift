internal import Backtests
internal import Events
internal import Foundation
internal import Kafka
internal import Policy
internal import Replay
internal import Scoring

extension ControlActs {
    static let readingFailed = ControlRefusal.notReady("the ledger cannot be read now: ask again")

    /// The hash of the active policy, if the proposal may replace it. Where one of the two policies has a harm budget, the history is
    /// folded here: the proposal's document comes from the caller.
    func checked(
        _ proposal: PolicyProposal, until deadline: ContinuousClock.Instant
    ) async throws(ControlRefusal) -> String {
        let candidate = try Self.compiled(proposal.policy)
        guard proposal.breaches.isEmpty else {
            throw .conflict("harm-budget", "the proposal breaks the harm budget: it is not activated")
        }
        let (texts, version) = try await history()
        let active = texts.last ?? ""
        guard active != proposal.policy else {
            throw .conflict("active-already", "\(candidate.id) version \(candidate.version) is active already")
        }
        guard PolicyHash.of(active) == proposal.active else {
            throw .conflict(
                "other-policy", "another policy is active than the one that this was folded against: propose it again")
        }
        try Self.require(version, candidate)
        let known = try? ScoringPolicy(yaml: active, file: "ledger")
        if candidate.harmBudget != .init() || known?.harmBudget != .init() {
            try await harm.require(candidate, against: proposal.active, until: deadline)
        }
        return proposal.active
    }

    /// The text of an earlier policy, and the hash of the active one. `name`: as in `ControlAct.rollback`.
    func policyBefore(named name: String?) async throws(ControlRefusal) -> (text: String, active: String) {
        let (texts, version) = try await history()
        guard let active = texts.last else { throw Self.readingFailed }
        let text =
            try name.map { name throws(ControlRefusal) in
                try Self.text(named: name, of: texts)
            } ?? PolicyHistory.lineage(of: texts).dropLast().last
        guard let text else {
            throw .conflict("no-policy-before", "nothing was active before the active policy: name one with `to`")
        }
        guard text != active else { throw .conflict("active-already", "this policy is active already") }
        try Self.require(version, try Self.compiled(text))
        return (text, PolicyHash.of(active))
    }

    /// The outcome of an activation or of an act about a source in the ledger, as the details of an answer. Throws if it
    /// had no effect. Nil for every other act, and while the outcome is unknown.
    func outcome(
        of request: ControlRequest, isRepeat: Bool, until deadline: ContinuousClock.Instant
    ) async throws(ControlRefusal) -> String? {
        switch request.act {
        case .withdrawSource(let topic), .restoreSource(let topic):
            return try await outcome(ofSource: topic, id: request.eventID, until: deadline)
        case .activate, .rollback: break
        default: return nil
        }
        let (policies, source, id) = (policies, source, request.eventID)
        let found = await onThread { try policies.read { $0.outcome(source: source, id: id) } }
        switch found.flatMap(\.self) {
        case nil: return nil
        case .activated: return JSONWriter.object { $0.member("outcome", "activated") }
        case .repeated: return JSONWriter.object { $0.member("outcome", "active-already") }
        case .conflict:
            throw .conflict("other-policy", "another policy was active at the entry: nothing changed")
        case .olderLedger(let version):
            throw .conflict("older-ledger", "the ledger is of fold version \(version): nothing changed")
        case .outOfRange: throw .conflict("out-of-range", "the activation's time is out of range: nothing changed")
        }
    }

    /// What a candidate would have done to the past, as far as it is known.
    public enum Backtest: Sendable {
        /// The page that `standing policy diff` prints, without subjects.
        case reported(String)
        /// The history is folded, and a repeated request finds the outcome.
        case underWay(frames: Int64, of: Int64)
        /// A reason in words.
        case unknown(String)
    }

    /// Folds the ledger under its policies and under the candidate, as the harm budget's review does, whose outcome it shares. Reads
    /// the policies first, and waits for the fold until `wait` has passed since the call.
    public func backtest(of candidate: String, wait: Duration) async -> Backtest {
        let deadline = ContinuousClock.now + wait
        guard service.knowsRoomForReview else {
            return .unknown(
                "this member folds no ledger partition, so it does not know whether its memory limit leaves room for three"
            )
        }
        let (policy, active): (ScoringPolicy, String)
        do throws(ControlRefusal) {
            policy = try Self.compiled(candidate)
            active = PolicyHash.of(try await history().texts.last ?? "")
        } catch {
            return .unknown(error.detail)
        }
        return switch await harm.state(of: policy, against: active, until: deadline) {
        case .answered(let report): .reported(report.page)
        case .underWay(let frames, let total): .underWay(frames: frames, of: total)
        case .failed(let reason): .unknown(reason)
        case .busy: .unknown("the ledger is folded for another question: ask again later")
        }
    }

    private func history() async throws(ControlRefusal) -> (texts: [String], version: Int64) {
        let policies = policies
        guard let found = await onThread({ try policies.read { ($0.texts, $0.foldVersion) } }) else {
            throw Self.readingFailed
        }
        return found
    }

    static func compiled(_ text: String) throws(ControlRefusal) -> ScoringPolicy {
        do {
            return try ScoringPolicy(yaml: text, file: "policy")
        } catch {
            throw .invalid("\(error)")
        }
    }

    private static func require(_ version: Int64, _ policy: ScoringPolicy) throws(ControlRefusal) {
        guard Int64(policy.foldVersion.rawValue) > version else { return }
        throw .conflict(
            "older-ledger",
            "the policy has parts that the ledger's fold version \(version) does not have: `standing ledger upgrade` moves it"
        )
    }

    private static func text(named name: String, of texts: [String]) throws(ControlRefusal) -> String {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard let active = texts.last.flatMap({ try? ScoringPolicy(yaml: $0, file: "ledger") }), parts.count <= 2,
            let version = parts.last.flatMap({ Int64($0) })
        else { throw .invalid("to is not NAME/VERSION or VERSION") }
        let id = parts.count == 2 ? String(parts[0]) : active.id
        // Two texts can have one name and version. The other one than the active text is wanted.
        for text in texts.dropLast().reversed() where text != active.text {
            guard let policy = try? ScoringPolicy(yaml: text, file: "ledger") else { continue }
            if policy.id == id, Int64(policy.version) == version { return text }
        }
        throw .invalid("to: this ledger has not had \(id)/\(version)")
    }

    // MARK: The shadow

    func startShadow(_ text: String, _ request: ControlRequest) async throws(ControlRefusal) -> ControlResult {
        let candidate = try Self.compiled(text)
        let (texts, version) = try await history()
        guard texts.last != text else {
            throw .conflict("active-already", "\(candidate.id) version \(candidate.version) is active already")
        }
        try Self.require(version, candidate)
        let active = texts.last.map { PolicyHash.of($0) }
        let order = service.status.shadowOrder
        if let order, order.hash == PolicyHash.of(text) {
            return shadowResult(request, isRepeat: true)
        }
        if let order, order.hash != active {
            throw .conflict(
                "other-shadow", "\(ShadowReport.Order(order).name) is in the shadow already, since \(order.since)")
        }
        let report = service.shadowReport
        guard report.canShadow else {
            throw .conflict("cannot-shadow", "this member cannot: \(report.reason ?? "")")
        }
        let now = Timestamp(microseconds: service.configuration.runtime.wallClock)
        try await write(ShadowOrder(text: text, since: now, by: request.actor).json)
        return shadowResult(request, isRepeat: false)
    }

    func stopShadow(_ request: ControlRequest) async throws(ControlRefusal) -> ControlResult {
        guard service.status.shadowOrder != nil else { return shadowResult(request, isRepeat: true) }
        try await write(nil)
        return shadowResult(request, isRepeat: false)
    }

    private func shadowResult(_ request: ControlRequest, isRepeat: Bool) -> ControlResult {
        ControlResult(
            kind: request.act.kind, status: isRepeat ? .done : .pending, isRepeat: isRepeat, subject: nil, source: nil,
            id: nil, position: nil, facts: nil, details: JSONWriter.object { $0.member("status", "/shadow") })
    }

    private func write(_ order: [UInt8]?) async throws(ControlRefusal) {
        guard let topic = service.configuration.members?.topic else {
            throw .conflict(
                "no-members", "this programme has no topic for members, where a policy is put into the shadow")
        }
        do {
            _ = try await producer.send(to: topic, key: Array(ShadowOrder.key.utf8)) { _ in order }
        } catch {
            throw ControlRefusal(503, ControlRefusal.notAcknowledged, "\(error): ask again")
        }
    }

    // MARK: Dead letters

    func redrive(
        _ letters: [DeadLetter.Position], allowsControl: Bool, repaired: String?, _ request: ControlRequest
    ) async throws(ControlRefusal) -> ControlResult {
        let (kafka, topics) = (kafka, service.configuration.topics)
        let summary = await onThread {
            var filter = DeadLetterTopic.Filter()
            filter.positions = Set(letters)
            return try Redrive(
                kafka, deadLetters: topics.deadLetter, control: topics.control, sources: topics.sources
            ).run(
                filter, repaired: repaired.map { Array($0.utf8) }, isDryRun: false, allowsControl: allowsControl)
        }
        guard let summary else { throw .notReady("the dead letters cannot be redriven now: ask again") }
        var details = JSONWriter()
        details.open()
        details.member("sent", summary.total)
        details.member("alreadySent", summary.alreadySent)
        for (name, positions) in [
            ("discarded", summary.discarded), ("withheld", summary.withheld), ("withoutBytes", summary.withoutBytes),
            ("withoutTopic", summary.withoutTopic),
        ] {
            details.member(name, positions.map(\.description))
        }
        details.member("missing", Set(letters).count - summary.found)
        details.close()
        return ControlResult(
            kind: .redrive, status: .done, isRepeat: summary.total == 0 && summary.alreadySent > 0, subject: nil,
            source: nil, id: nil, position: nil, facts: nil,
            details: details.text)
    }
}

extension PipelineService {
    /// The position of the first entry with this subject's event.
    func firstPosition(of subject: [UInt8], source: [UInt8], id: [UInt8]) throws -> ControlActs.Traced {
        guard let partition = ledgerPartition(of: subject) else { return .unknown }
        var traced = ControlActs.Traced.unknown
        _ = try withHistory(of: subject, asStandby: false) { entries, _, _, _ in
            let first = try EventTrace(entries, source: source, id: id).occurrences.first
            traced =
                first.map {
                    .at(
                        LedgerWatch.Position(
                            partition: Int32(partition), offset: $0.entry.offset, entry: $0.entry.entry))
                } ?? .absent
        }
        return traced
    }
}
