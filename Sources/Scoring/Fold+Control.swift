internal import Events
internal import Policy

// What control events do: enrolments, withdrawals, voids and appeals.
extension Fold {
    mutating func fold(
        _ control: ControlType, _ event: UnsafePointer<EventView>, _ hash: UInt64, _ identity: UInt64
    ) {
        switch control {
        // These concern the ledger, and not a subject.
        case .policyActivated:
            if purpose != .live { passActivation(event, identity) }
            return
        case .sourceWithdrawn, .sourceRestored:
            passSourceAct(identity)
            return
        case .sourceReset, .sourceGap, .sourceAcknowledged, .ledgerUpgraded, .ledgerSkipped: return
        case .enrolled, .withdrawn, .eventVoided, .appealFiled, .appealDecided: break
        }
        guard isNew(identity, enrolment: 0) else { return }
        let known = subjects.find(event.pointee.subject, hash: hash)
        if control == .enrolled {
            enrol(event, hash, known)
            return
        }
        if control == .eventVoided, known != nil || version >= .third {
            void(event, of: known, hash)
            return
        }
        guard let subject = known else {
            counters.notEnrolled += 1
            return
        }
        switch control {
        case .withdrawn: withdraw(subject, event, hash)
        case .appealFiled where purpose != .past: fileAppeal(event, of: subject)
        case .appealDecided where purpose != .past: decideAppeal(event, of: subject)
        case .appealFiled, .appealDecided, .enrolled, .eventVoided, .policyActivated, .sourceReset, .sourceGap,
            .sourceAcknowledged, .sourceWithdrawn, .sourceRestored, .ledgerUpgraded, .ledgerSkipped:
            break
        }
    }

    private mutating func enrol(_ event: UnsafePointer<EventView>, _ hash: UInt64, _ known: UInt32?) {
        if let known {
            let slot = SubjectTable.terms(subjects.record(known))
            terms.remove(slot.pointee)
            slot.pointee = addTerms(of: event)
            if !attributes.isEmpty { replaceAttributes(of: known, by: event) }
            return
        }
        guard let kind = decoder.string("kind", of: event.pointee.data).flatMap({ SubjectKind($0) }),
            enrolledKinds.contains(KindSet(kind))
        else {
            counters.kindNotScored += 1
            return
        }
        counters.enrolments += 1
        let subject = subjects.insert(event.pointee.subject, hash: hash, kind: kind)
        let record = subjects.record(subject)
        SubjectTable.terms(record).pointee = addTerms(of: event)
        subjects.enrol(
            subject, enrolment: UInt32(truncatingIfNeeded: counters.enrolments), at: event.pointee.time.microseconds)
        if !attributes.isEmpty {
            record[subjects.layout.attributesAt] = Int64(attributes.add(from: event.pointee.data))
        }
        allowStep()
        let firstReason = output.reasons.count
        var change = Change(isFirst: true)
        if !conditions.rulesOverMeasures.isEmpty {
            change.noteAllMeasures()
            weighMeasures(record, cause: .event(event), &change)
            output.sortReasons(from: firstReason)
        }
        weigh(record, &change)
        evaluate(subject, cause: .event(event), reasons: firstReason..<output.reasons.count, change)
        if early.count > 0 { foldEarlyEvents(of: subject, hash, since: event.pointee.time) }
    }

    private mutating func addTerms(of event: UnsafePointer<EventView>) -> UInt32 {
        terms.add(decoder.string("terms", of: event.pointee.data) ?? UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// The empty range of reasons at the end of the output.
    var noReasons: Range<Int> { output.reasons.count..<output.reasons.count }

    /// Lifts sanctions and revokes perks, each in policy order; then emits a score with a null `after`, and removes the
    /// state.
    private mutating func withdraw(_ subject: UInt32, _ event: UnsafePointer<EventView>, _ hash: UInt64) {
        counters.withdrawals += 1
        let record = subjects.record(subject)
        let level = level(record)
        let change = Change(before: level, after: level)
        for sanction in policy.sanctions.indices where record[subjects.layout.sanctionsAt + sanction] != 0 {
            lift(sanction, record, .withdrawn, cause: .event(event), change)
        }
        let states = record + subjects.layout.perksAt
        for perk in policy.perks.indices where states[perk] != PerkState.idle {
            emit(
                .perkRevoked, record, cause: .event(event), before: level, after: level, item: perk, reasons: noReasons)
        }
        if purpose == .live, version >= .third {
            emit(.scoreChanged, record, cause: .event(event), before: level, after: nil, reasons: noReasons)
        }
        forgetEvidence(record)
        terms.remove(SubjectTable.terms(record).pointee)
        if !attributes.isEmpty { attributes.remove(attributesNumber(record)) }
        subjectsByBand[level.band] -= 1
        subjects.remove(subject, hash: hash)
    }
}
