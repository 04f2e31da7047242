internal import Events

// Topics have no order among each other: an event may be read before an enrolment that precedes it, and a void before
// its event. Such an event or void waits for a limited time of the ledger's clock (SPEC section 2).
extension Fold {
    /// Early events that contribute nothing, at the number of their source topic plus one.
    public var notEnrolledByTopic: [Int64] { early.inVainByTopic }

    /// Adds a behaviour event of a subject that is not enrolled.
    @inline(never) mutating func comeEarly(
        _ event: UnsafePointer<EventView>, _ hash: UInt64, _ identity: UInt64, topic: Int32
    ) {
        if version >= .third, isVoided(identity) { return }
        guard version >= .third, earlyWait > 0 else {
            counters.notEnrolled += 1
            early.noteInVain(topic: topic)
            return
        }
        counters.early += 1
        let dropped = early.add(
            event.pointee, storesBytes: true, key: hash, identity: identity, clock: clock.microseconds,
            wait: earlyWait, topic: topic, isFrozen: isFrozen)
        counters.notEnrolled += dropped
        counters.earlyBeyondLimit += dropped
        noteExpiry()
    }

    /// Whether a void was waiting for this event. The event then contributes nothing and stays voided.
    mutating func meetsWaitingVoid(_ identity: UInt64) -> Bool {
        let found = waitingVoids.remove(identity, of: identity)
        guard found > 0 else { return false }
        counters.voids += Int64(found)
        _ = voided.insert(identity, enrolment: 0)
        return true
    }

    /// A void of an event that is unknown in this enrolment. It removes an early event, or waits for its event.
    mutating func voidEarly(_ void: UnsafePointer<EventView>, _ identity: UInt64, _ hash: UInt64) {
        if early.remove(identity, of: hash) > 0 {
            counters.voids += 1
            _ = voided.insert(identity, enrolment: 0)
            return
        }
        guard version >= .third, earlyWait > 0, !voided.contains(identity, enrolment: 0) else {
            counters.voidsIgnored += 1
            return
        }
        counters.voidsIgnored += waitingVoids.add(
            void.pointee, storesBytes: false, key: identity, identity: identity, clock: clock.microseconds,
            wait: earlyWait, topic: -1, isFrozen: false)
        noteExpiry()
    }

    /// Called directly after a subject's enrolment. Folds its early events that did not happen before it, each in a
    /// step of its own at the current clock.
    mutating func foldEarlyEvents(of subject: UInt32, _ hash: UInt64, since enrolment: Timestamp) {
        let wasFrozen = isFrozen
        while let item = early.takeOldest(of: hash, lendTo: &lentEvents) {
            let bytes = UnsafeRawBufferPointer(lentEvents[lentEvents.count - 1])
            let event = item.event(in: bytes)
            guard event.time >= enrolment, event.subject.equals(SubjectTable.key(subjects.record(subject))) else {
                counters.notEnrolled += 1
                early.noteInVain(topic: item.topic)
                continue
            }
            counters.earlyFolded += 1
            isFrozen = item.isFrozen
            let type = resolve(type: event.type)
            withUnsafePointer(to: event) { behave($0, type, of: subject, item.identity) }
        }
        isFrozen = wasFrozen
    }

    /// Removes events and voids whose wait has expired. Returns false if the allowance is used up first.
    @inline(never) mutating func expireEarly() -> Bool {
        let events = early.expire(at: clock.microseconds, atMost: max(0, allowance.timers))
        let voids = waitingVoids.expire(at: clock.microseconds, atMost: max(0, allowance.timers - events))
        allowance.timers -= events + voids
        counters.notEnrolled += Int64(events)
        counters.voidsIgnored += Int64(voids)
        noteExpiry()
        return nextExpiry > clock.microseconds
    }

    func expiry() -> Int64 { min(early.nextExpiry, waitingVoids.nextExpiry) }

    private mutating func noteExpiry() { nextExpiry = expiry() }

    mutating func returnLentEvents() {
        for bytes in lentEvents {
            // Nothing of a withdrawn subject remains in memory.
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
            bytes.deallocate()
        }
        lentEvents.removeAll(keepingCapacity: true)
    }
}

extension WaitingQueue.Item {
    /// The event in the item's bytes.
    func event(in bytes: UnsafeRawBufferPointer) -> EventView {
        var start = 0
        func next(_ length: UInt32) -> UnsafeRawBufferPointer {
            defer { start += Int(length) }
            return UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(length)])
        }
        var event = EventView.empty
        event.source = next(lengths.source)
        event.id = next(lengths.id)
        event.type = next(lengths.type)
        event.subject = next(lengths.subject)
        event.data = next(lengths.data)
        event.time = Timestamp(microseconds: time)
        return event
    }
}
