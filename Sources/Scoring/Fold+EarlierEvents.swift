public import Events

// Where events happened at the same time, their texts put them in order (SPEC section 3). The state does not have the texts: the
// newest are in memory, and those of others are looked up in the subject's history, with the same result.
extension Fold {
    /// Calls its last argument with a subject's behaviour events in the ledger, at least those before the entry that is being
    /// folded. False: they cannot be read now. So it is where one that was folded is not among them.
    public typealias EarlierEvents = (
        _ subject: UnsafeRawBufferPointer, _ body: (EventView) -> Void
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

    /// Has the texts in memory that an event may have to be put in order by. False: they cannot be read now.
    @inline(never) mutating func hasTextsBeside(
        _ event: UnsafePointer<EventView>, _ type: EventTypeID, _ record: UnsafeMutablePointer<Int64>
    ) -> Bool {
        guard let earlierEvents else { return true }
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
        guard !wanted.isEmpty else { return true }
        lookUps += 1
        let subject = event.pointee.subject
        let hash = subject.fingerprint(seed: 0)
        let isRead = earlierEvents(subject) { earlier in
            let identity = earlier.id.fingerprint(seed: earlier.source.fingerprint(seed: hash))
            let mark = OrderedEvent.mark(identity)
            if wanted.contains(mark), !ordered.texts.contains(mark) {
                ordered.texts.add(mark, earlier.source, earlier.id)
            }
        }
        return isRead && wanted.allSatisfy { ordered.texts.contains($0) }
    }
}
