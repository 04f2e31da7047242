public import Events

// Events of the same time are ordered by their texts (SPEC section 3). The state does not have the texts: the newest
// are in memory, and the others are looked up in the subject's history, with the same result.
extension Fold {
    /// Calls its last argument with source and id of a subject's behaviour events of one time in the ledger, at least
    /// of all before the entry that is being folded. Returns false if they cannot be read now. It also returns false if
    /// an event that was folded is missing among them.
    public typealias EarlierEvents = (
        _ subject: UnsafeRawBufferPointer, _ time: Timestamp,
        _ body: (_ source: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer) -> Void
    ) -> Bool

    /// The limit of the bytes of texts in memory, if others can be looked up.
    public static let standardTextBytes = 2 << 20

    /// Sets the history in which a subject's earlier events are looked up. Only the newest texts stay in memory, about
    /// `textBytes` of them. If it is nil, all stay in memory.
    public mutating func lookUp(in history: EarlierEvents?, textBytes: Int = Fold.standardTextBytes) {
        earlierEvents = history
        ordered.texts.limit = history == nil ? .max : textBytes
        ordered.texts.age()
    }

    /// Whether every event in an ordered measure has its texts in memory, so that no look-up is needed now or later.
    public var hasAllTexts: Bool { ordered.hasAllTexts }

    /// Whether folding this item would need a look-up now.
    public mutating func lacksTexts(beside item: UnsafePointer<Item>) -> Bool {
        guard let type = item.pointee.type, type.control == nil, type != .unnamed else { return false }
        let event = UnsafeRawPointer(item).advanced(by: MemoryLayout<Item>.offset(of: \.event)!)
            .assumingMemoryBound(to: EventView.self)
        let key = keys(event.pointee)
        guard let subject = subjects.find(event.pointee.subject, hash: key.subject) else { return false }
        return !lackingMarks(beside: event, type, subjects.record(subject), key.identity).isEmpty
    }

    /// Loads the texts that may be needed to order an event. Returns false if they cannot be read now.
    @inline(never) mutating func hasTextsBeside(
        _ event: UnsafePointer<EventView>, _ type: EventTypeID, _ record: UnsafeMutablePointer<Int64>,
        _ identity: UInt64
    ) -> Bool {
        guard let earlierEvents else { return true }
        let wanted = lackingMarks(beside: event, type, record, identity)
        guard !wanted.isEmpty else { return true }
        lookUps += 1
        let hash = event.pointee.subject.fingerprint(seed: 0)
        let salt = salt
        let isRead = earlierEvents(event.pointee.subject, event.pointee.time) { source, id in
            let mark = OrderedEvent.mark(Self.identity(source, id, ofSubject: hash, salt))
            if wanted.contains(mark), !ordered.texts.contains(mark) { ordered.texts.add(mark, source, id) }
        }
        return isRead && wanted.allSatisfy { ordered.texts.contains($0) }
    }

    /// Marks of the events without texts in memory that may have to be compared with an event. Empty for a repeat.
    private mutating func lackingMarks(
        beside event: UnsafePointer<EventView>, _ type: EventTypeID, _ record: UnsafeMutablePointer<Int64>,
        _ identity: UInt64
    ) -> [UInt64] {
        var wanted: [UInt64] = []
        for number in types[type.value].entrances where types.entrances[Int(number)].form.isOrdered {
            let entrance = types.entrances[Int(number)]
            let day = bucket(of: event.pointee.time, Int(entrance.series))
            guard let bucket = bucket(day.number, of: Int(entrance.series), record) else { continue }
            ordered.forEachLacking(
                at: event.pointee.time.microseconds - day.start,
                entrance.form == .streak ? (entrance.breaks ? 0 : 1) : nil, bucket.pointee.evidence
            ) {
                if !wanted.contains($0.mark) { wanted.append($0.mark) }
            }
        }
        guard !wanted.isEmpty, !identities.contains(identity, enrolment: SubjectTable.enrolment(record).pointee) else {
            return []
        }
        return wanted
    }
}
