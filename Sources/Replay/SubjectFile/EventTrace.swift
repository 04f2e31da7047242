public import Events
internal import Ledger
public import Scoring

/// The effect of an event on its subject, for each of its occurrences in the ledger, from the subject's own entries.
public struct EventTrace: Sendable {
    /// A position in a ledger partition.
    public struct Position: Sendable, Hashable {
        public let offset: Int64
        public let entry: Int

        public init(offset: Int64, entry: Int) { (self.offset, self.entry) = (offset, entry) }
    }

    public struct Occurrence: Sendable {
        public let entry: SubjectEntries.Entry
        public let outcome: EventOutcome
        /// In words, the changes by the entry and by the timers that were due by then.
        public let changes: [SubjectReplay.Change]
        public let errors: [Diagnosis.Failure]
        /// The enrolment that made an early event count; nil if there is none.
        public let countedBy: Position?
        /// The void that removed it; nil if there is none.
        public let voidedBy: Position?
        /// Whether its source is withdrawn now: whatever it changed then is taken back.
        public let isWithdrawn: Bool

        public var position: Position { Position(offset: entry.offset, entry: entry.entry) }
    }

    public let subject: [UInt8]
    /// In the ledger's order.
    public let occurrences: [Occurrence]

    /// Traces the event of `source` and `id`.
    public init(_ history: SubjectEntries, source: [UInt8], id: [UInt8]) throws {
        let replay = try SubjectReplay(history)
        let decoder = EventDecoder()
        let entries = history.entries
        func position(_ number: Int) -> Position {
            Position(offset: entries[number].offset, entry: entries[number].entry)
        }
        let voids = entries.indices.filter { entries[$0].voids(source: source, id: id, decoder) }
        var countedThen: [Int: Int] = [:]
        var found: [Occurrence] = []
        for step in replay.steps {
            guard let number = step.entry else { continue }
            for early in step.letCount { countedThen[early] = number }
        }
        for step in replay.steps {
            guard let number = step.entry, entries[number].source == source, entries[number].id == id,
                !entries[number].subject.isEmpty
            else { continue }
            let wasVoided =
                found.isEmpty && step.outcome.map { [.duplicate, .voids, .applied].contains($0) } ?? false
                && entries[number].isOfBehaviour && voids.contains { $0 < number }
            let isWithdrawn = replay.leavesOut(entries[number])
            let countedBy = isWithdrawn ? countedThen[number] : replay.countedBy[number]
            let outcome =
                step.outcome == .early && countedBy == nil
                ? replay.outcome(ofEarly: number) : step.outcome ?? .applied
            let voidedBy = found.contains { $0.voidedBy != nil } ? nil : voids.first { $0 > number }
            found.append(
                Occurrence(
                    entry: entries[number], outcome: wasVoided ? .voidedBefore : outcome,
                    changes: step.changes, errors: step.errors, countedBy: countedBy.map(position),
                    voidedBy: voidedBy.map(position), isWithdrawn: isWithdrawn))
        }
        (subject, occurrences) = (history.subject, found)
    }
}

extension EventTrace {
    /// `{"subject","occurrences":[…]}`
    public func write(ledgerPartition: Int32, to writer: inout JSONWriter) {
        writer.open()
        writer.member("subject", utf8: subject)
        writer.list("occurrences", occurrences) { writer, occurrence in
            writer.open()
            occurrence.writePositions(of: subject, ledgerPartition: ledgerPartition, to: &writer)
            writer.key("origin")
            if let origin = occurrence.entry.origin {
                writer.open()
                writer.member("topic", origin.topic)
                writer.member("partition", origin.partition)
                writer.member("offset", origin.offset)
                writer.close()
            } else {
                writer.null()
            }
            occurrence.writeMembers(to: &writer)
            writer.close()
        }
        writer.close()
    }
}

extension EventTrace.Occurrence {
    /// `"result","why","countedBy","voidedBy","changes":[…],"errors":[…]`. The last two are as in a subject's file.
    /// `"withdrawn":true` follows `voidedBy` if the source is withdrawn now.
    public func writeMembers(to writer: inout JSONWriter) {
        writer.member("result", outcome.rawValue)
        writer.member("why", outcome.sentence)
        for (name, position) in [("countedBy", countedBy), ("voidedBy", voidedBy)] {
            writer.key(name)
            position.write(to: &writer)
        }
        if isWithdrawn { writer.member("withdrawn", true) }
        writer.list("changes", changes) { SubjectFile.write($1, to: &$0) }
        writer.list("errors", errors) { SubjectFile.write($1, of: entry, to: &$0) }
    }

    /// `"subject","type","time","ledger":{"partition","offset","entry"}`
    public func writePositions(of subject: [UInt8], ledgerPartition: Int32, to writer: inout JSONWriter) {
        writer.member("subject", utf8: subject)
        writer.member("type", utf8: entry.type)
        writer.member("time", entry.time.known)
        writer.open("ledger")
        writer.member("partition", ledgerPartition)
        writer.member("offset", entry.offset)
        writer.member("entry", entry.entry)
        writer.close()
    }
}

extension EventTrace.Position? {
    /// `{"offset","entry"}` or null.
    fileprivate func write(to writer: inout JSONWriter) {
        guard let self else { return writer.null() }
        writer.open()
        writer.member("offset", self.offset)
        writer.member("entry", self.entry)
        writer.close()
    }
}

extension SubjectEntries.Entry {
    /// Whether it is a void of this event.
    func voids(source: [UInt8], id: [UInt8], _ decoder: EventDecoder) -> Bool {
        guard ControlType.eventVoided.isType(type) else { return false }
        return data.withUnsafeBytes { data in
            guard let voidedSource = decoder.string("source", of: data).map({ Array($0) }),
                let voidedID = decoder.string("id", of: data).map({ Array($0) })
            else { return false }
            return voidedSource == source && voidedID == id
        }
    }

    fileprivate var isOfBehaviour: Bool { type.withUnsafeBytes { ControlType($0) == nil } }

    /// The record that intake read; nil for an entry of Standing itself.
    public var origin: (topic: String, partition: Int32, offset: Int64)? {
        kind == .event ? (String(decoding: topic, as: UTF8.self), partition, sourceOffset) : nil
    }

    public var typeName: String { String(decoding: type, as: UTF8.self) }
}
