internal import Backtests
internal import Events
internal import Foundation
public import Kafka
public import Ledger
public import Logging
internal import Policy
internal import Replay
internal import Synchronization

/// Executes acts: sends the control events, each once, and answers when the ledger has them.
///
/// An act's event has the source `/standing/api/LEDGER-TOPIC` and an id that follows from the actor and the key of the
/// request. So the ledger counts it once, even if several members send it. `close` must be called.
public final class ControlActs: Sendable {
    /// The wait for an answer if none is given, and the greatest one.
    public static let (standardWait, maximumWait) = (Duration.seconds(10), Duration.seconds(60))
    /// The number of acts in progress. Further ones are refused.
    public static let maximumAtATime = 256
    private static let maximumQueued = 1024
    private static let longestAcknowledgement = Duration.seconds(5)
    private static let beginPatience = Duration.seconds(5)
    /// After intake has committed an event, the ledger's frame with it is read within this time.
    private static let seenWithin = Duration.seconds(2)

    public let source: String
    let service: PipelineService
    let kafka: KafkaConfiguration
    let logger: Logger
    let producer: AcknowledgedProducer
    let policies: PolicyLog
    let harm: HarmReview
    let withdrawals: LedgerReview<WithdrawalQuestion, SourceWithdrawal.Difference>
    private let watch: LedgerWatch
    let recent: RecentActs
    private let signer: ControlSigner?
    private let running = Mutex(0)
    /// Ids of events that are being sent.
    private let underWay = Mutex(Set<String>())
    private let controlPartitions = Mutex(0)

    /// `signer`: signs the events; nil if they are not signed.
    public init(_ service: PipelineService, kafka: KafkaConfiguration, signer: ControlSigner?, logger: Logger) throws {
        let configuration = service.configuration
        (self.service, self.kafka, self.signer, self.logger) = (service, kafka, signer, logger)
        source = "/standing/api/\(configuration.topics.ledger)"
        let topics = [configuration.topics.control] + [configuration.members?.topic].compactMap(\.self)
        producer = try AcknowledgedProducer(
            kafka, topics: topics, maximumQueued: Self.maximumQueued, longestWait: Self.longestAcknowledgement
        ) { notice in
            if case .error(let error) = notice { logger.warning("acts: \(error)") }
        }
        let slot = ReviewSlot()
        (policies, harm) = (PolicyLog(configuration), HarmReview(service, slot: slot))
        withdrawals = LedgerReview(
            "withdrawal-review", configuration, lifetime: Self.withdrawalsLifetime, passes: SourceWithdrawal.passes,
            slot: slot)
        watch = LedgerWatch(configuration, logger: logger)
        recent = RecentActs(configuration, source: source, logger: logger)
    }

    public func close() {
        producer.close()
        watch.close()
        recent.close()
        harm.close()
        withdrawals.close()
    }

    /// Whether this member can execute acts, because it has read the recent ones.
    public var isReady: Bool { recent.isRead }

    /// Executes the act, and waits until the ledger has it, at most `wait`. `wantsFacts`: also waits until its facts
    /// are published; only for an act about one subject.
    public func perform(
        _ request: ControlRequest, wait: Duration = standardWait, wantsFacts: Bool = false
    ) async throws(ControlRefusal) -> ControlResult {
        let isAdmitted = running.withLock { running in
            guard running < Self.maximumAtATime else { return false }
            running += 1
            return true
        }
        guard isAdmitted else { throw ControlRefusal(503, "busy", "too many acts are being done: ask again") }
        defer { running.withLock { $0 -= 1 } }
        if wantsFacts, !request.act.kind.isOfSubject {
            throw ControlRefusal(400, "no-facts", "only what follows from an act about one subject can be waited for")
        }
        let deadline = ContinuousClock.now + min(max(.zero, wait), Self.maximumWait)
        switch request.act {
        case .startShadow(let policy): return try await startShadow(policy, request)
        case .stopShadow: return try await stopShadow(request)
        case .redrive(let letters, let allowsControl, let repaired):
            return try await redrive(letters, allowsControl: allowsControl, repaired: repaired, request)
        default: return try await send(request, until: deadline, wantsFacts: wantsFacts)
        }
    }

    /// Throws the reason why the act would be refused now, as far as it is known before.
    public func check(_ request: ControlRequest) async throws(ControlRefusal) {
        switch request.act {
        case .startShadow, .stopShadow, .redrive: return
        default:
            let event = try await event(of: request, until: .now + Self.standardWait)
            if let defect = ControlEvent.defect(of: event.encoded(signedBy: signer)) { throw .invalid("\(defect)") }
            try checkKey(event.type)
        }
    }

    // MARK: Control events

    private func send(
        _ request: ControlRequest, until deadline: ContinuousClock.Instant, wantsFacts: Bool
    ) async throws(ControlRefusal) -> ControlResult {
        guard recent.isRead else { throw .notReady("the control topic has not been read yet: ask again") }
        guard underWay.withLock({ $0.insert(request.eventID).inserted }) else {
            throw .conflict(ControlRefusal.underWay, "an act with this idempotency key is being done: ask again")
        }
        defer { _ = underWay.withLock { $0.remove(request.eventID) } }
        if let known = try known(request) {
            return try await finish(request, known.origin, isRepeat: true, until: deadline, wantsFacts: wantsFacts)
        }
        let event = try await event(of: request, until: deadline)
        let bytes = event.encoded(signedBy: signer)
        if let defect = ControlEvent.defect(of: bytes) { throw .invalid("\(defect)") }
        try checkKey(event.type)
        let partition = try ledgerPartition(of: request)
        let isWatched = await watch.begin(partition, within: Self.beginPatience)
        defer { watch.end(partition) }
        guard isWatched else { throw .notReady("the ledger's end cannot be read now: ask again") }
        let origin = try await produce(bytes, request)
        // If two members were asked at the same time, one of the two events was first.
        recent.note(event.id, RecentActs.Act(digest: request.digest, origin: origin))
        let isRepeat = try known(request).map { $0.origin != origin } ?? false
        return try await finish(request, origin, isRepeat: isRepeat, until: deadline, wantsFacts: wantsFacts)
    }

    /// The act with the request's key; nil if there is none.
    private func known(_ request: ControlRequest) throws(ControlRefusal) -> RecentActs.Act? {
        guard let known = recent[request.eventID] else { return nil }
        guard known.digest == request.digest else {
            throw ControlRefusal(
                422, "key-reused", "this idempotency key was used for another act: use a new one for a new act")
        }
        return known
    }

    /// The other members must accept this member's key.
    private func checkKey(_ type: ControlType) throws(ControlRefusal) {
        guard let keys = service.configuration.controlKeys else { return }
        guard let signer else {
            throw .notReady("control events must be signed here, and this member has no key (--control-key)")
        }
        guard keys.allows(signer.name, type) else {
            throw ControlRefusal(
                403, "key-not-allowed", "the key \(signer.name) of this member may not sign this act (--control-keys)")
        }
    }

    private func ledgerPartition(of request: ControlRequest) throws(ControlRefusal) -> Int32 {
        guard let subject = request.subject else { return 0 }
        guard let partition = service.ledgerPartition(of: Array(subject.utf8)) else {
            throw .notReady("the ledger is not known yet: ask again")
        }
        return Int32(partition)
    }

    private func produce(_ bytes: [UInt8], _ request: ControlRequest) async throws(ControlRefusal) -> LedgerWatch.Origin
    {
        let topic = service.configuration.topics.control
        let key = request.subject.map { Array($0.utf8) }
        let count = try await partitionsOfControl()
        let partition = key.map { key in
            Int32(key.withUnsafeBytes { Murmur2.partition(of: $0, count: count) })
        }
        do {
            let position = try await producer.send(
                to: topic, partition: partition ?? 0, key: key, headers: ControlEvent.headers
            ) { _ in bytes }
            return LedgerWatch.Origin(partition: position.partition, offset: position.offset)
        } catch {
            throw ControlRefusal(
                503, ControlRefusal.notAcknowledged,
                "\(error): ask again with the same idempotency key, and it is done once")
        }
    }

    private func partitionsOfControl() async throws(ControlRefusal) -> Int {
        let known = controlPartitions.withLock { $0 }
        guard known == 0 else { return known }
        let (kafka, topic) = (kafka, service.configuration.topics.control)
        guard let count = await onThread({ try kafka.partitions(of: topic) }), count > 0 else {
            throw .notReady("the broker does not say what the control topic is: ask again")
        }
        controlPartitions.withLock { $0 = count }
        return count
    }

    /// Waits until the ledger has the event.
    private func finish(
        _ request: ControlRequest, _ origin: LedgerWatch.Origin, isRepeat: Bool,
        until deadline: ContinuousClock.Instant, wantsFacts: Bool
    ) async throws(ControlRefusal) -> ControlResult {
        let partition = try ledgerPartition(of: request)
        var position = isRepeat ? nil : await watch.position(of: origin, in: partition, within: Self.short(deadline))
        var isDone = position != nil
        if !isDone, await watch.isRead(origin, within: Self.left(deadline)) {
            isDone = true
            if !isRepeat {
                position = await watch.position(of: origin, in: partition, within: Self.seenWithin)
                guard position != nil || !watch.isWhole(partition) else { throw turnedAway(request) }
            }
        }
        // Intake appends an act about a source to every ledger partition before it commits its position.
        if isDone, request.act.kind.isOfSource { isDone = await watch.isRead(origin, within: Self.left(deadline)) }
        if isRepeat, isDone, let subject = request.subject {
            switch await traced(subject, request.eventID) {
            case .at(let found): position = found
            case .absent: throw turnedAway(request)
            case .unknown: break
            }
        }
        var facts: [[UInt8]]?
        if wantsFacts, let position, !isRepeat { facts = await watch.facts(of: position, within: Self.left(deadline)) }
        let details = isDone ? try await outcome(of: request, isRepeat: isRepeat, until: deadline) : nil
        return ControlResult(
            kind: request.act.kind, status: isDone ? .done : .pending, isRepeat: isRepeat, subject: request.subject,
            source: source, id: request.eventID, position: position.map { ($0.partition, $0.offset, $0.entry) },
            facts: facts,
            details: details)
    }

    private static func left(_ deadline: ContinuousClock.Instant) -> Duration { max(.zero, deadline - .now) }

    /// Most events are in the ledger within this time. After it, intake's progress is checked.
    private static func short(_ deadline: ContinuousClock.Instant) -> Duration { min(left(deadline), .seconds(1)) }

    /// Intake has passed the event, and the ledger does not have it. A repeated request sends it again.
    private func turnedAway(_ request: ControlRequest) -> ControlRefusal {
        recent.forget(request.eventID)
        return .conflict(
            "turned-away", "intake has put the event aside: the dead letters say why (`standing dead-letter list`)")
    }

    /// The result of a search in a subject's own history.
    enum Traced: Sendable {
        case at(LedgerWatch.Position)
        /// The history does not have the event.
        case absent
        /// This member does not own the subject's partition, or has no archive of it.
        case unknown
    }

    /// For an event that intake has passed: the fold gets it soon, or never.
    private func traced(_ subject: String, _ id: String) async -> Traced {
        let (service, source) = (service, source)
        let end = ContinuousClock.now + Self.seenWithin
        while true {
            let isLast = ContinuousClock.now >= end
            let found = await onThread {
                try service.firstPosition(of: Array(subject.utf8), source: Array(source.utf8), id: Array(id.utf8))
            }
            guard case .absent? = found else { return found ?? .unknown }
            // If the fold lags, it may not have the event yet.
            guard !isLast else { return service.isCurrent ? .absent : .unknown }
            guard (try? await Task.sleep(for: Self.betweenTraces)) != nil else { return .unknown }
        }
    }

    private static let betweenTraces = Duration.milliseconds(200)

    // MARK: From an act to its event

    private func event(
        of request: ControlRequest, until deadline: ContinuousClock.Instant
    ) async throws(ControlRefusal) -> ControlEvent {
        var data = JSONWriter()
        data.open()
        let type: ControlType
        var known: Timestamp?
        let reason = request.reason ?? ""
        switch request.act {
        case .enrol(let kind, let terms, let attributes):
            type = .enrolled
            data.member("kind", kind.description)
            data.member("terms", terms)
            if let attributes { data.member("attributes", json: attributes) }
        case .withdraw: type = .withdrawn
        case .void(let source, let id):
            type = .eventVoided
            data.member("source", source)
            data.member("id", id)
            data.member("reason", reason)
        case .fileAppeal(let sanction, let statement):
            type = .appealFiled
            data.member("sanction", sanction)
            data.member("statement", statement)
        case .decideAppeal(let sanction, let outcome):
            type = .appealDecided
            data.member("sanction", sanction)
            data.member("outcome", outcome.rawValue)
            data.member("reason", reason)
        case .acknowledgeSource(let topic):
            type = .sourceAcknowledged
            data.member("topic", try sourceTopic(topic))
            data.member("reason", reason)
        case .withdrawSource(let topic), .restoreSource(let topic):
            type = request.act.kind == .withdrawSource ? .sourceWithdrawn : .sourceRestored
            try await checkSource(topic, request.act.kind)
            data.member("topic", topic)
            data.member("reason", reason)
            data.member("by", request.actor)
        case .activate(let proposal):
            type = .policyActivated
            known = proposal.clock
            let active = try await checked(proposal, until: deadline)
            data.member("policy", proposal.policy)
            data.member(EventView.replacesMember.description, active)
        case .rollback(let name):
            type = .policyActivated
            let (text, active) = try await policyBefore(named: name)
            data.member("policy", text)
            data.member(EventView.replacesMember.description, active)
        case .startShadow, .stopShadow, .redrive: throw .invalid("the act is no control event")
        }
        data.close()
        return ControlEvent(
            type: type, id: request.eventID, source: source, subject: request.subject,
            time: try time(of: request.subject, known: known), actor: request.actor,
            approver: request.approver, reason: request.reason, digest: request.digest,
            data: type == .withdrawn ? nil : data.take())
    }

    private func sourceTopic(_ name: String) throws(ControlRefusal) -> String {
        let topics = service.configuration.topics
        guard ([topics.control] + topics.sources).contains(name) else {
            throw .invalid("topic: there is no source topic of this name")
        }
        return name
    }

    /// The wall clock's time. If only events move the clocks, a time that moves none: that of the subject's partition,
    /// or the least of the partitions that are folded here.
    private func time(of subject: String?, known: Timestamp?) throws(ControlRefusal) -> Timestamp {
        let configuration = service.configuration
        guard configuration.clock == .events else { return Timestamp(microseconds: configuration.runtime.wallClock) }
        if let known { return known }
        let partitions = service.partitions
        let own = subject.flatMap { service.ledgerPartition(of: Array($0.utf8)) }
        if let own, let clock = partitions.first(where: { $0.partition == Int32(own) })?.clock { return clock }
        guard let least = partitions.compactMap(\.clock).min() else {
            throw .notReady(
                "no event has moved the clock of a ledger partition that is folded here: ask another member")
        }
        return least
    }
}
