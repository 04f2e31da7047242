public import Events

extension Fold {
    /// One entry of a batch: an event with its resolved type. For a tick the type is nil, and its time is the event's.
    public struct Item {
        public var event: EventView
        public var type: EventTypeID?
        /// Its index in the frame, which is part of its facts' ids.
        public var entry: Int
        /// True if its source has lost records. The event imposes no sanction and restarts no term.
        public var isFrozen: Bool
        /// The number of its source topic, for the counts of events that contribute nothing; -1 if it is not known.
        public var topic: Int32

        public init(
            event: EventView, type: EventTypeID?, entry: Int, isFrozen: Bool = false, topic: Int32 = -1
        ) {
            self.event = event
            self.type = type
            self.entry = entry
            self.isFrozen = isFrozen
            self.topic = topic
        }
    }

    /// Folds entries in their order, and returns the number that are folded. It is less than their count only if the
    /// allowance is used up, or if earlier events must be looked up and cannot be (`lacksEarlierEvents`). Timers of the
    /// next entry may have fired then; the caller passes that entry again.
    ///
    /// Memory is prefetched in two stages: first a subject's index slot and the event's identity slot, then the
    /// subject's record.
    @discardableResult public mutating func fold(_ items: UnsafeBufferPointer<Item>) -> Int {
        let farAhead = 32
        let ahead = 16
        let room = allowance.facts - maximumStepFacts
        let salt = salt
        lacksEarlierEvents = false
        return withUnsafeTemporaryAllocation(of: (subject: UInt64, identity: UInt64).self, capacity: farAhead) { keys in
            var hashed = 0
            var located = 0
            for index in 0..<items.count {
                while hashed < min(items.count, index + farAhead) {
                    let key = Self.keys(items[hashed].event, salt)
                    keys[hashed & (farAhead - 1)] = key
                    subjects.prefetchSlot(hash: key.subject)
                    identities.prefetch(key.identity)
                    hashed += 1
                }
                while located < min(items.count, index + ahead) {
                    if let record = subjects.likelyRecord(hash: keys[located & (farAhead - 1)].subject) {
                        types.prefetch(record, for: items[located].type)
                    }
                    located += 1
                }
                let key = keys[index & (farAhead - 1)]
                guard output.facts.count <= room, allowance.cost > 0,
                    fold(items.baseAddress! + index, subjectHash: key.subject, identity: key.identity)
                else { return index }
            }
            return items.count
        }
    }

    /// Folds one event without an allowance. `topic` is that of an item. Earlier events must be available for look-up.
    public mutating func fold(
        _ event: EventView, type: EventTypeID, entry: Int, isFrozen: Bool = false, topic: Int32 = -1
    ) {
        let key = keys(event)
        withUnsafePointer(to: Item(event: event, type: type, entry: entry, isFrozen: isFrozen, topic: topic)) {
            while !fold($0, subjectHash: key.subject, identity: key.identity) {
                precondition(!lacksEarlierEvents, "earlier events cannot be looked up")
                allowance = .unlimited
            }
        }
    }

    @inline(__always) static func keys(
        _ event: EventView, _ salt: FingerprintKey
    ) -> (subject: UInt64, identity: UInt64) {
        let subject = event.subject.fingerprint(seed: 0)
        return (subject, identity(event.source, event.id, ofSubject: subject, salt))
    }

    @inline(__always) func keys(_ event: EventView) -> (subject: UInt64, identity: UInt64) { Self.keys(event, salt) }

    /// The identity of an event. `ofSubject` is the fingerprint of its subject's name, which has no key.
    @inline(__always) static func identity(
        _ source: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer, ofSubject hash: UInt64, _ salt: FingerprintKey
    ) -> UInt64 {
        id.fingerprint(seed: source.fingerprint(seed: hash, key: salt), key: salt)
    }

    /// Returns false if the allowance is used up first. Then timers of the entry may have fired, and nothing else is
    /// done.
    @inline(__always) private mutating func fold(
        _ item: UnsafePointer<Item>, subjectHash: UInt64, identity: UInt64
    ) -> Bool {
        guard let type = item.pointee.type else {
            // A time in range stays in range when the clock comes nearer to it.
            if isOutOfRange(item.pointee.event.time) { return true }
            return tick(item.pointee.event.time, entry: item.pointee.entry)
        }
        let event = UnsafeRawPointer(item).advanced(by: MemoryLayout<Item>.offset(of: \.event)!)
            .assumingMemoryBound(to: EventView.self)
        entry = item.pointee.entry
        isFrozen = item.pointee.isFrozen
        counters.entries += 1
        guard !isOutOfRange(event.pointee.time) else { return true }
        guard advance(to: event.pointee.time) else {
            counters.entries -= 1
            return false
        }
        if let control = type.control {
            fold(control, event, subjectHash, identity)
            return true
        }
        guard let subject = subjects.find(event.pointee.subject, hash: subjectHash) else {
            comeEarly(event, subjectHash, identity, topic: item.pointee.topic)
            return true
        }
        if earlierEvents != nil, type != .unnamed, !hasTextsBeside(event, type, subjects.record(subject), identity) {
            counters.entries -= 1
            lacksEarlierEvents = true
            return false
        }
        behave(event, type, of: subject, identity)
        return true
    }

    /// Folds a behaviour event of an enrolled subject, unless it is a repeat or was voided.
    @inline(__always) mutating func behave(
        _ event: UnsafePointer<EventView>, _ type: EventTypeID, of subject: UInt32, _ identity: UInt64
    ) {
        guard isNew(identity, of: subjects.record(subject)), !isVoided(identity) else { return }
        guard type != .unnamed else {
            counters.unmatched += 1
            if purpose == .live { diagnostics.noteUnmatched(event.pointee.type) }
            return
        }
        fold(event, type, of: subject, identity)
    }

    /// Folds a behaviour event of an enrolled subject: rules; measures; then, in policy order, what it lifts and
    /// imposes; then the evaluation.
    @inline(__always) private mutating func fold(
        _ event: UnsafePointer<EventView>, _ typeID: EventTypeID, of subject: UInt32, _ identity: UInt64
    ) {
        let type = types[typeID.value]
        let record = subjects.record(subject)
        let kind = SubjectTable.header(record).pointee.kind
        if let input = type.input { input._withUnsafeGuaranteedRef { load(event, $0, record, kind: kind) } }
        allowEvent()
        allowStep()
        let firstReason = output.reasons.count
        var change = contribute(event, type.steps, record, subject, kind: kind, identity)
        if !type.entrances.isEmpty { measure(event, type.entrances, record, subject, kind: kind, identity, &change) }
        if change.measures != 0 { weighMeasures(record, cause: .event(event), &change) }
        output.sortReasons(from: firstReason)
        let reasons = firstReason..<output.reasons.count
        weigh(record, &change)
        if !type.triggers.isEmpty, purpose != .past {
            trigger(event, type.triggers, record, subject, identity, &change)
        }
        guard change.isMatched else {
            counters.unmatched += 1
            return
        }
        counters.scored += 1
        evaluate(subject, cause: .event(event), reasons: reasons, change)
    }

    /// Whether a behaviour event counts. Behaviour events are known within one enrolment, because a subject's state is
    /// removed with it. An event beyond the limit does not count, and only the count of such events changes.
    @inline(__always) private mutating func isNew(_ identity: UInt64, of record: UnsafeMutablePointer<Int64>) -> Bool {
        let (enrolment, events) = (SubjectTable.enrolment(record).pointee, SubjectTable.events(record))
        guard events.pointee.known < maximumEvents || identities.contains(identity, enrolment: enrolment) else {
            counters.beyondLimit += 1
            if events.pointee.beyond < .max { events.pointee.beyond += 1 }
            return false
        }
        guard isNew(identity, enrolment: enrolment) else { return false }
        events.pointee.known += 1
        return true
    }

    /// Control events always count and are known for ever, so that a repeated withdrawal does not end the subject's
    /// next enrolment.
    @inline(__always) mutating func isNew(_ identity: UInt64, enrolment: UInt32) -> Bool {
        if identities.insert(identity, enrolment: enrolment) { return true }
        counters.duplicates += 1
        return false
    }

    @inline(__always) mutating func isVoided(_ identity: UInt64) -> Bool {
        if waitingVoids.count > 0, meetsWaitingVoid(identity) { return true }
        guard voided.count > 0, voided.contains(identity, enrolment: 0) else { return false }
        counters.duplicates += 1
        return true
    }
}
