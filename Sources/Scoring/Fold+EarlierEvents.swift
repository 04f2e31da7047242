public import Events

// Where events happened at the same time, their texts put them in order (SPEC section 3). The state does not have the texts: the
// newest are in memory, and those of others are looked up in the subject's history, with the same result.
extension Fold {
    /// Calls its last argument with source and id of a subject's behaviour events of one time in the ledger, at least of those before
    /// the entry that is being folded. False: they cannot be read now. So it is where one that was folded is not among them.
    public typealias EarlierEvents = (
        _ subject: UnsafeRawBufferPointer, _ time: Timestamp,
        _ body: (_ source: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer) -> Void
    ) -> Bool

    /// Bytes of texts that a state keeps where it can look up others.
    public static let standardTextBytes = 2 << 20

    /// From now on a subject's earlier events are looked up with `history`, and only the newest texts are kept, of about so many
    /// bytes. Without one all are kept.
    public mutating func lookUp(in history: EarlierEvents?, textBytes: Int = Fold.standardTextBytes) {
        earlierEvents = history
        ordered.texts.limit = history == nil ? .max : textBytes
        ordered.texts.age()
    }

    /// Every event in a measure that goes by order has its texts in memory: nothing is to be looked up, now or later.
    public var hasAllTexts: Bool { ordered.hasAllTexts }

    /// Whether an item is an event that could not be folded now without a look-up.
    public mutating func lacksTexts(beside item: UnsafePointer<Item>) -> Bool {
        guard let type = item.pointee.type, type.control == nil, type != .unnamed else { return false }
        let event = UnsafeRawPointer(item).advanced(by: MemoryLayout<Item>.offset(of: \.event)!)
            .assumingMemoryBound(to: EventView.self)
        let key = keys(event.pointee)
        guard let subject = subjects.find(event.pointee.subject, hash: key.subject) else { return false }
        return !lackingMarks(beside: event, type, subjects.record(subject), key.identity).isEmpty
    }

    /// Has the texts in memory that an event may have to be put in order by. False: they cannot be read now.
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

    /// BitSet of the events whose texts are not in memory and may have to put an event in order. Of a repeat none.
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
        guard !wanted.isEmpty, !identities.contains(identity, life: SubjectTable.life(record).pointee) else {
            return []
        }
        return wanted
    }
}
