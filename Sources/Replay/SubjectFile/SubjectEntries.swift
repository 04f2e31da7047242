public import Events
public import Ledger

/// One subject's entries in its ledger partition, with those that concern all subjects, oldest first. They are copies.
public struct SubjectEntries: Sendable {
    /// A copy of an entry.
    public struct Entry: Sendable {
        public let offset: Int64
        public let entry: Int
        /// The partition's clock before it.
        public let clock: Timestamp
        public let kind: EntryKind
        public let time: Timestamp
        public let topic, source, type, subject, id, data: [UInt8]
        public let partition: Int32
        public let sourceOffset: Int64
        /// Whether its topic had lost records, so that it imposed nothing.
        public let isFrozen: Bool

        init(_ entry: HistoryEntry) {
            (offset, self.entry, clock, kind, time) = (
                entry.offset, entry.entry, entry.clock, entry.kind, entry.event.time
            )
            (partition, sourceOffset) = (entry.origin.partition, entry.origin.offset)
            isFrozen = entry.isFrozen
            topic = Array(entry.origin.topic)
            source = Array(entry.event.source)
            type = Array(entry.event.type)
            subject = Array(entry.event.subject)
            id = Array(entry.event.id)
            data = Array(entry.event.data)
        }

        /// Calls the body with the entry as an event.
        func lend<Result>(_ body: (EventView) throws -> Result) rethrows -> Result {
            try source.withUnsafeBytes { source in
                try type.withUnsafeBytes { type in
                    try subject.withUnsafeBytes { subject in
                        try id.withUnsafeBytes { id in
                            try data.withUnsafeBytes { data in
                                try body(
                                    EventView(
                                        id: id, source: source, type: type, subject: subject, time: time, data: data))
                            }
                        }
                    }
                }
            }
        }
    }

    public struct TooMany: Error, Hashable, Sendable, CustomStringConvertible {
        public var description: String { "more than \(SubjectEntries.limit) entries of one subject" }
    }

    /// The limit of a subject's entries in memory.
    public static let limit = 100_000

    public let subject: [UInt8]
    public private(set) var entries: [Entry] = []
    /// The partition's clock after them.
    public let clock: Timestamp

    /// The entries before ledger offset `end`. Throws `ArchiveDamage`, `TooMany`.
    public init(of subject: [UInt8], in history: SubjectHistory, until end: Int64 = .max) throws {
        self.subject = subject
        var entries: [Entry] = []
        clock = try subject.withUnsafeBytes { key in
            try history.read(key, until: end) { entry in
                guard entries.count < Self.limit else { throw TooMany() }
                entries.append(Entry(entry))
            }
        }
        self.entries = entries
    }

    /// The entries before ledger offset `end`, of a ledger partition that is read from its beginning. Throws errors of
    /// reading, and `TooMany`.
    public init(
        of subject: [UInt8], in frames: any FrameSource, until end: Int64 = .max,
        progress: ReplayProgress = ReplayProgress()
    ) throws {
        self.subject = subject
        var (reader, entry) = (EntryReader(), FrameReader.blank)
        var entries: [Entry] = []
        try subject.withUnsafeBytes { key in
            while let frame = try frames.next(), frame.offset < end {
                progress.add(offsets: 1, entries: 0)
                guard try reader.openOrPass(frame.bytes) else { continue }
                while try reader.next(&entry) {
                    guard entry.kind != .tick, !reader.isOutOfRange,
                        entry.event.subject.isEmpty || entry.event.subject.equals(key)
                    else { continue }
                    guard entries.count < Self.limit else { throw TooMany() }
                    entries.append(
                        Entry(
                            HistoryEntry(
                                offset: frame.offset, entry: reader.index, clock: reader.clockBefore,
                                isFrozen: reader.isFrozen, entry)))
                }
            }
        }
        clock = reader.acceptance.clock
        self.entries = entries
    }

    /// Whether there is any entry of the subject itself.
    public var isOfSubject: Bool { entries.contains { !$0.subject.isEmpty } }

    /// The entries whose numbers satisfy the predicate.
    func filtered(_ isIncluded: (Int) -> Bool) -> SubjectEntries {
        var copy = self
        copy.entries = entries.indices.filter(isIncluded).map { entries[$0] }
        return copy
    }

    /// The entries without the event and its voids.
    func without(source: [UInt8], id: [UInt8], _ decoder: EventDecoder) -> SubjectEntries {
        var copy = self
        copy.entries.removeAll { entry in
            entry.source == source && entry.id == id || entry.voids(source: source, id: id, decoder)
        }
        return copy
    }
}

extension ControlType {
    func isType(_ type: [UInt8]) -> Bool { type.withUnsafeBytes { $0.equals(name) } }
}
