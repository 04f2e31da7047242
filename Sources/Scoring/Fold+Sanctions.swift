internal import Events
internal import CEL
internal import Policy

// The states of a sanction (SPEC section 5): idle, noticed, in force, stayed. Only `impose` leaves idle, and only an
// adverse event leads to `impose`.
extension Fold {
    /// A subject's imposed sanction; nil if the sanction is idle.
    @inline(__always) func activeSanction(_ sanction: Int, _ record: UnsafeMutablePointer<Int64>)
        -> UnsafeMutablePointer<
            ActiveSanction
        >?
    {
        let number = UInt32(truncatingIfNeeded: record[subjects.layout.sanctionsAt + sanction])
        return number == 0 ? nil : activeSanctions[number]
    }

    /// Whether any sanction is in force.
    @inline(__always) func isSanctioned(_ record: UnsafeMutablePointer<Int64>) -> Bool {
        for sanction in 0..<policy.sanctions.count
        where activeSanction(sanction, record)?.pointee.state == .inForce { return true }
        return false
    }

    /// Lifts and imposes sanctions for an event, in policy order.
    mutating func trigger(
        _ event: UnsafePointer<EventView>, _ range: Range<Int32>, _ record: UnsafeMutablePointer<Int64>,
        _ subject: UInt32,
        _ identity: UInt64, _ change: inout Change
    ) {
        for number in range {
            let trigger = types.triggers[Int(number)]
            let sanction = Int(trigger.sanction)
            if trigger.lifts, activeSanction(sanction, record) != nil {
                lift(sanction, record, .remedied, cause: .event(event), change)
                change.sanctions = true
                change.isMatched = true
            }
            guard trigger.imposes, !isFrozen, holds(trigger, event, record) else { continue }
            change.isMatched = true
            if let activeSanction = activeSanction(sanction, record) {
                // A further matching event restarts the term. The timer of the old end sets one for the new end.
                activeSanction.pointee.until = clock.adding(policy.sanctions[sanction].lasts).microseconds
            } else {
                impose(sanction, record, subject, cause: .event(event), identity: identity, change)
                change.sanctions = true
            }
        }
    }

    private mutating func holds(
        _ trigger: CompiledRules.Trigger, _ event: UnsafePointer<EventView>, _ record: UnsafeMutablePointer<Int64>
    ) -> Bool {
        guard let when = trigger.when else { return true }
        let truth = when._withUnsafeGuaranteedRef { $0.truth(eventFrame) }
        if truth == .error {
            noteError(of: .sanction(Int(trigger.sanction)), when, wanted: .bool, eventFrame, .event(event), record)
        }
        return truth == .yes
    }

    /// Imposes a sanction: noticed, or in force at once if the policy has no notice.
    mutating func impose(
        _ sanction: Int, _ record: UnsafeMutablePointer<Int64>, _ subject: UInt32, cause: Cause, identity: UInt64,
        _ change: Change
    ) {
        let item = policy.sanctions[sanction]
        let noticeEnd = clock.adding(item.notice).microseconds
        let until = clock.adding(item.lasts).microseconds
        let isNoticed = noticeEnd > clock.microseconds
        let number = activeSanctions.add(
            ActiveSanction(
                state: isNoticed ? .noticed : .inForce, appeal: .none, since: clock.microseconds, noticeEnd: noticeEnd,
                until: until, deadline: .max, cause: identity))
        record[subjects.layout.sanctionsAt + sanction] = Int64(number)
        counters.sanctionsImposed += 1
        if isNoticed { setTimer(sanction, subject, due: noticeEnd) }
        setTimer(sanction, subject, due: until)
        emitChanges(isNoticed ? .sanctionNoticed : .sanctionInForce, sanction, record, cause: cause, change)
    }

    /// Sets a sanction to idle, from any state.
    mutating func lift(
        _ sanction: Int, _ record: UnsafeMutablePointer<Int64>, _ reason: LiftReason, cause: Cause, _ change: Change
    ) {
        emitChanges(.sanctionLifted, sanction, record, cause: cause, change, lifted: reason)
        let slot = subjects.layout.sanctionsAt + sanction
        activeSanctions.remove(UInt32(truncatingIfNeeded: record[slot]))
        record[slot] = 0
    }

    // MARK: Appeals

    mutating func fileAppeal(_ event: UnsafePointer<EventView>, of subject: UInt32) {
        let record = subjects.record(subject)
        guard let sanction = appealed(event), let activeSanction = activeSanction(sanction, record),
            activeSanction.pointee.appeal == .none
        else {
            counters.appealsIgnored += 1
            return
        }
        let deadline = clock.adding(policy.appeals.decideWithin).microseconds
        activeSanction.pointee.appeal = .pending
        activeSanction.pointee.deadline = deadline
        setTimer(sanction, subject, due: deadline)
        guard policy.appeals.stay else { return }
        activeSanction.pointee.state = .stayed
        let change = sanctionChange(record)
        emitChanges(.sanctionStayed, sanction, record, cause: .event(event), change)
        evaluate(subject, cause: .event(event), reasons: noReasons, change)
    }

    mutating func decideAppeal(_ event: UnsafePointer<EventView>, of subject: UInt32) {
        let record = subjects.record(subject)
        guard let sanction = appealed(event), let activeSanction = activeSanction(sanction, record),
            activeSanction.pointee.appeal == .pending, let outcome = decoder.string("outcome", of: event.pointee.data)
        else {
            counters.appealsIgnored += 1
            return
        }
        let change = sanctionChange(record)
        if outcome.equals("upheld") {
            lift(sanction, record, .appealUpheld, cause: .event(event), change)
        } else {
            activeSanction.pointee.appeal = .decided
            activeSanction.pointee.deadline = .max
            guard activeSanction.pointee.state == .stayed else { return }
            // The old dates apply: a notice or term that ended in the meantime is over.
            let isNoticed = activeSanction.pointee.noticeEnd > clock.microseconds
            activeSanction.pointee.state = isNoticed ? .noticed : .inForce
            emitChanges(
                isNoticed ? .sanctionNoticed : .sanctionInForce, sanction, record, cause: .event(event), change,
                isRestored: version >= .third)
        }
        evaluate(subject, cause: .event(event), reasons: noReasons, change)
    }

    /// The sanction that an appeal names; nil if there is none.
    private func appealed(_ event: UnsafePointer<EventView>) -> Int? {
        guard let id = decoder.string("sanction", of: event.pointee.data) else { return nil }
        return policy.sanctions.firstIndex { $0.id.utf8.elementsEqual(id) }
    }

    // MARK: Time

    /// Handles a sanction's timer. Expiry precedes the lapse of an appeal.
    mutating func fire(_ sanction: Int, _ record: UnsafeMutablePointer<Int64>, _ subject: UInt32) {
        guard let activeSanction = activeSanction(sanction, record) else { return }
        let now = clock.microseconds
        let change = sanctionChange(record)
        if activeSanction.pointee.until <= now {
            lift(sanction, record, .expired, cause: .sanction(sanction), change)
        } else if activeSanction.pointee.appeal == .pending, activeSanction.pointee.deadline <= now {
            lift(sanction, record, .appealLapsed, cause: .sanction(sanction), change)
        } else if activeSanction.pointee.state == .noticed, activeSanction.pointee.noticeEnd <= now {
            activeSanction.pointee.state = .inForce
            emitChanges(.sanctionInForce, sanction, record, cause: .sanction(sanction), change)
        } else {
            // The term may have been restarted. One timer replaces another, so their number does not grow.
            setTimer(sanction, subject, due: activeSanction.pointee.until)
            return
        }
        evaluate(subject, cause: .sanction(sanction), reasons: noReasons, change)
    }

    /// Begins a step that changes only a sanction's state.
    private mutating func sanctionChange(_ record: UnsafeMutablePointer<Int64>) -> Change {
        allowStep()
        var change = Change(sanctions: true)
        weigh(record, &change)
        return change
    }

    mutating func setTimer(_ sanction: Int, _ subject: UInt32, due: Int64) {
        addDecision(
            Timer(subject: subject, rank: ranks.ofSanction[sanction], item: UInt16(sanction), bucket: 0), due: due)
    }

    /// Emits the fact of a sanction's state. Its reasons are the points of its own dimension, and of no other.
    private mutating func emitChanges(
        _ kind: Fact.Kind, _ sanction: Int, _ record: UnsafeMutablePointer<Int64>, cause: Cause, _ change: Change,
        lifted: LiftReason? = nil, isRestored: Bool = false
    ) {
        guard output.isStored else {
            output.counts[FactTopic.sanctions.rawValue] += 1
            return
        }
        guard let activeSanction = activeSanction(sanction, record) else { return }
        let firstReason = output.reasons.count
        let dimension = policy.sanctions[sanction].dimension
        for rule in policy.rules.indices where policy.rules[rule].dimension == dimension {
            let points = presentTotal(rule, record)
            if points != 0 { output.reasons.append(Reason(rule: rule, points: points)) }
        }
        output.sortReasons(from: firstReason)
        let term = Fact.Term(
            since: Timestamp(microseconds: activeSanction.pointee.since),
            until: Timestamp(microseconds: activeSanction.pointee.until), lifted: lifted, isRestored: isRestored)
        emit(
            kind, record, cause: cause, before: change.before, after: change.after, item: sanction, term: term,
            reasons: firstReason..<output.reasons.count)
    }
}
