public import Events
public import Policy

// The switch to another policy, or to a history with other sources left out, at one entry of the ledger.
//
// Points become what the whole history gives under the new policy. So the score stays a function of the set of events,
// and a switch back to the old text restores the old scores. Decisions persist: a sanction that the new policy has too
// continues with its dates. A sanction that it lacks is lifted, and none is imposed. Perks are evaluated.
//
// A source that is withdrawn is left out of the history, and one that is restored is in it again. A sanction that was
// imposed by an event that is not in the history any more is lifted (`voided`), as if the event were voided.
extension Fold {
    /// A past that does not belong to the state it should succeed.
    public struct WrongPast: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// The purpose of a state.
    enum Purpose {
        /// Publishes facts, imposes sanctions and grants perks.
        case live
        /// Computes points only: a policy's past before its activation. No facts, sanctions or perks.
        case past
        /// A past with the sanctions and perks that would exist if the policy had always been active. No facts.
        case shadow
    }

    /// A policy's past: subjects and points as they would be if it had always been active, without facts, sanctions and
    /// perks. The policies that were active then decide who is enrolled (`begin`, activations). `version` and `salt`
    /// are those of the ledger's first entry.
    public init(pastOf policy: ScoringPolicy, version: FoldVersion = .newest, salt: FingerprintKey = .none) {
        self.init(policy: policy, version: version, salt: salt, .past)
    }

    /// A policy's shadow: its past, with the sanctions and perks that would exist if it had always been active. Its
    /// standings equal those of `init(policy:)` if the policies that were active score the same kinds and have the same
    /// `early`. Only `Standing.errors` differs: it does not count errors in conditions of sanctions and perks. A switch
    /// accepts a shadow like a past, and drops what was imposed and granted in it.
    public init(shadowOf policy: ScoringPolicy, version: FoldVersion = .newest, salt: FingerprintKey = .none) {
        self.init(policy: policy, version: version, salt: salt, .shadow)
    }

    /// Begins a past under `policy`, or passes its activation. The policy that was active then decides who is enrolled,
    /// how long early events wait, and which activations count.
    public mutating func begin(under policy: ScoringPolicy) {
        (enrolledKinds, earlyWait, activeText) = (policy.kinds, policy.early, policy.text)
    }

    /// Passes an activation in a policy's past.
    mutating func passActivation(_ event: UnsafePointer<EventView>, _ identity: UInt64) {
        guard passesActivations, isNew(identity, enrolment: 0), replacesActive(event.pointee),
            let text = event.pointee.policyText(decoder), text != activeText,
            let policy = try? ScoringPolicy(yaml: text, file: ""), takes(policy)
        else { return }
        begin(under: policy)
    }

    /// Ignores the ledger's activations from now on: the past is that of a policy that is fixed.
    public mutating func passNoActivations() { passesActivations = false }

    /// The outcome of an activation, or of an act about a source.
    public enum Admission: Sendable {
        case admitted
        /// It changes nothing. It is a repeat, its time is out of range, it was approved against a policy other than
        /// the active one, or it needs a newer fold version than the ledger's. An activation's identity is stored in
        /// the last two cases, so that a repeat changes nothing either.
        case refused
        /// The allowance is used up before everything that is due by then is done. The caller calls again with the same
        /// event.
        case unfinished
    }

    /// Admits an activation. It moves the clock like any entry, under the policy that is active until then.
    public mutating func admitActivation(_ event: EventView, entry: Int) -> Admission {
        let admission = admit(event, entry: entry)
        guard admission == .admitted else { return admission }
        guard isNew(keys(event).identity, enrolment: 0), replacesActive(event) else { return .refused }
        guard version < .sixth, let text = event.policyText(decoder), text != activeText,
            let policy = try? ScoringPolicy(yaml: text, file: "")
        else { return .admitted }
        return takes(policy) ? .admitted : .refused
    }

    /// Admits the withdrawal or the restoration of a source. It moves the clock like any entry.
    public mutating func admitSourceAct(_ event: EventView, entry: Int) -> Admission {
        let admission = admit(event, entry: entry)
        guard admission == .admitted else { return admission }
        return passSourceAct(keys(event).identity) ? .admitted : .refused
    }

    /// Moves the clock to an entry that a switch may follow.
    private mutating func admit(_ event: EventView, entry: Int) -> Admission {
        self.entry = entry
        counters.entries += 1
        guard !isOutOfRange(event.time) else { return .refused }
        guard advance(to: event.time) else {
            counters.entries -= 1
            return .unfinished
        }
        return .admitted
    }

    /// Stores the identity of an act about a source. Returns false if it is a repeat, or if the ledger's fold version
    /// has no such acts.
    @discardableResult mutating func passSourceAct(_ identity: UInt64) -> Bool {
        guard version >= .eighth else {
            counters.activationsIgnored += 1
            return false
        }
        return isNew(identity, enrolment: 0)
    }

    /// Whether the ledger's fold version supports a policy. Counts an activation that it does not support.
    private mutating func takes(_ policy: ScoringPolicy) -> Bool {
        guard policy.foldVersion > version else { return true }
        counters.activationsIgnored += 1
        return false
    }

    /// Whether an activation was approved against the active policy, or names no policy. Counts it otherwise.
    private mutating func replacesActive(_ event: EventView) -> Bool {
        guard version >= .fifth, let replaced = event.replacedPolicy(decoder), replaced != PolicyHash.of(activeText)
        else { return true }
        counters.activationsIgnored += 1
        return false
    }

    /// The progress of a past that becomes the state after an activation.
    public struct Succession {
        fileprivate enum Phase { case before, measuring, pairing, emitting }

        fileprivate var phase = Phase.before
        /// The number of the next subject: of the past while keys are measured, of the old state while subjects are
        /// paired.
        fileprivate var next: UInt32 = 0
        /// A subject of the past, and the length of the prefix that its key has in common with all others.
        fileprivate var common: (subject: UInt32, bytes: Int)?
        fileprivate var pairs = SortedRuns<Pair>()
        fileprivate var link: PolicyLink?
        /// What a shadow imposed and granted. Nothing refers to it any more. It is freed later, because freeing much
        /// takes long.
        fileprivate var forgotten: Decisions?
        /// Whether the past leaves out other sources than the state before it, so that the two have other events.
        fileprivate let hasOtherSources: Bool

        public init(hasOtherSources: Bool = false) { self.hasOtherSources = hasOtherSources }

        /// True if the past is a state of its own, and its facts are those of the switch.
        public var isEmitting: Bool { phase == .emitting }
    }

    fileprivate final class Decisions {
        var activeSanctions = SlabAllocator<ActiveSanction>()
        var timers = TimerQueue()
    }

    /// The number of a subject in two states, and its sort key: bytes of the subject's key after the common prefix. If
    /// these are equal the whole keys are compared.
    fileprivate struct Pair: BitwiseCopyable {
        var old: UInt32
        var new: UInt32
        var order: (high: UInt64, low: UInt64)
    }

    /// Like the function below, in one call and without an allowance.
    public mutating func succeed(
        _ old: borrowing Fold, by event: EventView, entry: Int, isPreview: Bool = false, hasOtherSources: Bool = false
    ) throws(WrongPast) {
        var succession = Succession(hasOtherSources: hasOtherSources)
        while try !succeed(old, by: event, entry: entry, &succession, isPreview: isPreview) { allowance = .unlimited }
    }

    /// Ends a past that is folded up to `event`, an activation or an act about a source. It becomes the state after it, with a fact
    /// for every change to a subject, in the order of their keys. `old` is the state before it: it has admitted the
    /// activation, and its facts are encoded. With `isPreview` no activation was admitted: the call shows the effect
    /// that one would have.
    ///
    /// Returns false if the allowance is used up first. The caller then calls again with the same `old` and the same
    /// `succession`, and may take the facts before.
    public mutating func succeed(
        _ old: borrowing Fold, by event: EventView, entry: Int, _ succession: inout Succession, isPreview: Bool = false
    ) throws(WrongPast) -> Bool {
        if succession.phase == .before {
            guard advance(to: old.clock) else { return false }
            clearOutput()
            if !isPreview { _ = identities.insert(keys(event).identity, enrolment: 0) }
            succession.phase = .measuring
        }
        if succession.phase == .measuring {
            guard measureKeys(&succession) else { return false }
            succession.pairs.reserve(old.subjects.count)
            succession.phase = .pairing
        }
        if succession.phase == .pairing {
            guard pair(with: old, &succession) else { return false }
            try begin(after: old, &succession, entry: entry)
            succession.link = PolicyLink(from: old.policy, to: policy)
            succession.phase = .emitting
        }
        guard let link = succession.link else { return true }
        // An item of the old policy that the new one lacks has a fact too.
        let room = allowance.facts - maximumStepFacts - old.maximumStepFacts
        return withUnsafePointer(to: event) { event in
            while let pair = succession.pairs.first {
                guard allowance.subjects > 0, allowance.cost > 0, output.facts.count <= room else { return false }
                allowance.subjects -= 1
                removeFirst(&succession.pairs)
                let was = old.subjects.record(pair.old)
                takeOver(old, was, pair.new, link)
                emitChanges(old, was, pair.new, link, cause: .policy(event))
            }
            return true
        }
    }

    /// Measures the common prefix of all keys. The bytes after it distinguish most keys, so sorting compares few whole
    /// keys. Returns false if the allowance is used up first.
    private mutating func measureKeys(_ succession: inout Succession) -> Bool {
        while succession.next < UInt32(subjects.used) {
            guard allowance.subjects > 0 else { return false }
            allowance.subjects -= 1
            let number = succession.next
            succession.next += 1
            let key = SubjectTable.key(subjects.record(number))
            guard !key.isEmpty else { continue }
            let (first, most) = succession.common ?? (number, key.count)
            let other = SubjectTable.key(subjects.record(first))
            var bytes = 0
            while bytes < min(most, key.count), key[bytes] == other[bytes] { bytes += 1 }
            succession.common = (first, bytes)
        }
        succession.next = 0
        return true
    }

    /// Finds the subjects that are enrolled in both states, and sorts them by their keys. Returns false if the
    /// allowance is used up first.
    private mutating func pair(with old: borrowing Fold, _ succession: inout Succession) -> Bool {
        while succession.next < UInt32(old.subjects.used) {
            guard allowance.subjects > 0 else { return false }
            allowance.subjects -= 1
            let number = succession.next
            succession.next += 1
            let key = SubjectTable.key(old.subjects.record(number))
            guard !key.isEmpty, let new = subjects.find(key, likely: number) else { continue }
            let order = SubjectTable.order(of: key, from: succession.common?.bytes ?? 0)
            let pair = Pair(old: number, new: new, order: order)
            succession.pairs.append(pair) { precedes($0, $1) }
        }
        succession.pairs.merge { precedes($0, $1) }
        return true
    }

    @inline(__always) private func precedes(_ a: Pair, _ b: Pair) -> Bool {
        if a.order.high != b.order.high { return a.order.high < b.order.high }
        if a.order.low != b.order.low { return a.order.low < b.order.low }
        return SubjectTable.key(subjects.record(a.new)).precedes(SubjectTable.key(subjects.record(b.new)))
    }

    private mutating func removeFirst(_ pairs: inout SortedRuns<Pair>) { pairs.removeFirst { precedes($0, $1) } }

    /// Makes the past a state of its own. Throws if it is not the past of `old`.
    private mutating func begin(
        after old: borrowing Fold, _ succession: inout Succession, entry: Int
    ) throws(WrongPast) {
        let pairs = succession.pairs.count
        let hasSameEvents =
            identities.count == old.identities.count && voided.count == old.voided.count
            && early.count == old.early.count && waitingVoids.count == old.waitingVoids.count
        guard pairs == subjects.count, pairs == old.subjects.count, clock == old.clock, version == old.version,
            salt == old.salt, ruleSumsSaturate == old.ruleSumsSaturate, hasSameEvents || succession.hasOtherSources
        else {
            throw WrongPast(
                description:
                    "the history gives \(subjects.count) subjects and \(identities.count) events, the state has "
                    + "\(old.subjects.count) and \(old.identities.count)")
        }
        forgetDecisions(&succession)
        purpose = .live
        output.isStored = old.output.isStored
        begin(under: policy)
        counters = old.counters
        diagnostics = old.diagnostics.withoutFailures
        forgetCountsByRule()
        counters.policySwitches += 1
        self.entry = entry
        output.continueNumbers(of: old.output)
    }

    /// Sets aside what a shadow imposed and granted. `takeOver` removes the references in subjects' records.
    private mutating func forgetDecisions(_ succession: inout Succession) {
        guard purpose == .shadow else { return }
        let forgotten = Decisions()
        swap(&activeSanctions, &forgotten.activeSanctions)
        swap(&decisionTimers, &forgotten.timers)
        succession.forgotten = forgotten
    }

    /// Takes over a subject's perks and sanctions with their dates, as far as the new policy has them.
    private mutating func takeOver(
        _ old: borrowing Fold, _ was: UnsafeMutablePointer<Int64>, _ subject: UInt32, _ link: borrowing PolicyLink
    ) {
        let record = subjects.record(subject)
        for perk in policy.perks.indices { record[subjects.layout.perksAt + perk] = PerkState.idle }
        for sanction in policy.sanctions.indices { record[subjects.layout.sanctionsAt + sanction] = 0 }
        for (perk, before) in link.perks {
            let state = was[old.subjects.layout.perksAt + before]
            record[subjects.layout.perksAt + perk] = state
            guard state != PerkState.idle, state != PerkState.held else { continue }
            timers.add(Timer(subject: subject, rank: ranks.ofPerk[perk], item: UInt16(perk), bucket: 0), due: state)
        }
        for (sanction, before) in link.sanctions {
            guard let activeSanction = old.activeSanction(before, was)?.pointee, hasCause(activeSanction, record) else {
                continue
            }
            record[subjects.layout.sanctionsAt + sanction] = Int64(activeSanctions.add(activeSanction))
            if activeSanction.noticeEnd > clock.microseconds {
                setTimer(sanction, subject, due: activeSanction.noticeEnd)
            }
            setTimer(sanction, subject, due: activeSanction.until)
            if activeSanction.appeal == .pending { setTimer(sanction, subject, due: activeSanction.deadline) }
        }
    }

    /// Whether the event that imposed a sanction is in the history, or no single event did.
    private func hasCause(_ sanction: ActiveSanction, _ record: UnsafeMutablePointer<Int64>) -> Bool {
        sanction.cause == 0 || identities.contains(sanction.cause, enrolment: SubjectTable.enrolment(record).pointee)
    }

    /// Emits score and band; then sanctions that the new policy lacks, those that were imposed by an event that is left
    /// out now, and those whose condition is false now; then perks that it lacks, and then the other perks.
    private mutating func emitChanges(
        _ old: borrowing Fold, _ was: UnsafeMutablePointer<Int64>, _ subject: UInt32, _ link: borrowing PolicyLink,
        cause: Cause
    ) {
        let record = subjects.record(subject)
        let before = old.level(was)
        var change = Change(
            before: Fact.Level(score: before.score, band: ~before.band), after: level(record), points: true,
            sanctions: true, attributes: true)
        change.isSwitch = true
        change.noteAllMeasures()
        let reasons = addReasons(old, was, record, link)
        allowStep()
        if before.score != change.after.score || link.bands[before.band] != change.after.band {
            emit(.scoreChanged, record, cause: cause, before: change.before, after: change.after, reasons: reasons)
        }
        for sanction in link.goneSanctions {
            guard let activeSanction = old.activeSanction(sanction, was)?.pointee else { continue }
            emitLifted(activeSanction, ~sanction, record, .cured, cause: cause, change)
        }
        for (sanction, before) in link.sanctions {
            guard let activeSanction = old.activeSanction(before, was)?.pointee, !hasCause(activeSanction, record)
            else { continue }
            emitLifted(activeSanction, sanction, record, .voided, cause: cause, change)
        }
        if !conditions.levels.isEmpty { evaluateLevels(subject, record, cause: cause, &change) }
        for perk in link.gonePerks where was[old.subjects.layout.perksAt + perk] != PerkState.idle {
            emit(
                .perkRevoked, record, cause: cause, before: change.before, after: change.after, item: ~perk,
                reasons: reasons)
        }
        if !conditions.perks.isEmpty { evaluatePerks(subject, record, cause: cause, change, reasons) }
    }

    /// Emits that a sanction of the state before the switch is lifted.
    private mutating func emitLifted(
        _ activeSanction: ActiveSanction, _ item: Int, _ record: UnsafeMutablePointer<Int64>, _ reason: LiftReason,
        cause: Cause, _ change: Change
    ) {
        emit(
            .sanctionLifted, record, cause: cause, before: change.before, after: change.after, item: item,
            term: Fact.Term(
                since: Timestamp(microseconds: activeSanction.since),
                until: Timestamp(microseconds: activeSanction.until), lifted: reason),
            reasons: noReasons)
    }

    /// Adds the change of each rule's points as a reason.
    private mutating func addReasons(
        _ old: borrowing Fold, _ was: UnsafeMutablePointer<Int64>, _ record: UnsafeMutablePointer<Int64>,
        _ link: borrowing PolicyLink
    ) -> Range<Int> {
        let first = output.reasons.count
        for rule in policy.rules.indices {
            let points = total(rule, record) - (link.rules[rule].map { old.total($0, was) } ?? 0)
            if points != 0 { output.reasons.append(Reason(rule: rule, points: points)) }
        }
        for rule in link.goneRules {
            let points = -old.total(rule, was)
            if points != 0 { output.reasons.append(Reason(rule: ~rule, points: points)) }
        }
        output.sortReasons(from: first)
        return first..<output.reasons.count
    }
}
