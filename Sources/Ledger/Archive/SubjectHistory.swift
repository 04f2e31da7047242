public import Events

/// An entry that counts, with its position in its ledger partition; borrowed.
public struct HistoryEntry {
    /// The ledger offset of its frame.
    public var offset: Int64
    /// The entry's index in its frame.
    public var entry: Int
    /// The partition's clock before the entry.
    public var clock: Timestamp
    public var kind: EntryKind
    /// Set only for kind `event`.
    public var origin: Origin
    public var event: EventView
    /// True if the entry's topic had lost records: the entry imposed nothing.
    public var isFrozen: Bool

    /// The bit of the kind that an index sets for a frozen entry.
    static let frozenMark: UInt8 = 0x40

    /// `content` is the entry of the frame.
    public init(offset: Int64, entry: Int, clock: Timestamp, isFrozen: Bool, _ content: Entry) {
        (self.offset, self.entry, self.clock, self.isFrozen) = (offset, entry, clock, isFrozen)
        (kind, origin, event) = (content.kind, content.origin, content.event)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Failure) {
        offset = try reader.integer()
        entry = Int(try reader.integer(UInt32.self))
        clock = Timestamp(microseconds: try reader.integer())
        let mark = try reader.byte()
        guard let kind = EntryKind(rawValue: mark & ~Self.frozenMark) else { throw reader.failure }
        self.kind = kind
        isFrozen = mark & Self.frozenMark != 0
        (origin, event) = (FrameReader.blank.origin, .empty)
        event.time = Timestamp(microseconds: try reader.integer())
        if kind == .event {
            origin.topic = try Self.bytes(&reader)
            origin.partition = try reader.integer()
            origin.offset = try reader.integer()
        }
        event.source = try Self.bytes(&reader)
        event.type = try Self.bytes(&reader)
        event.subject = try Self.bytes(&reader)
        event.id = try Self.bytes(&reader)
        event.data = try Self.bytes(&reader)
    }

    private static func bytes(_ reader: inout ByteReader) throws(ByteReader.Failure) -> UnsafeRawBufferPointer {
        try reader.take(try reader.count(bytesEach: 1))
    }
}

/// One subject's entries, read through the archive's indexes, and from the last segment, which has no index yet. It
/// makes the missing indexes of closed segments. Not thread-safe; a writer and other readers may run at the same
/// time.
public final class SubjectHistory {
    /// The number of index files that stay open between look-ups. A look-up of more segments opens each file anew,
    /// which costs little compared with reading a block.
    public static let maximumOpenIndexes = 8

    private let directory: ArchiveDirectory
    /// Indexes by their segment's first offset.
    private var indexes: [Int64: SegmentIndex] = [:]
    private var open = OpenIndexes(limit: maximumOpenIndexes)

    public init(_ directory: ArchiveDirectory) { self.directory = directory }

    /// Makes the missing or bad indexes of the closed segments; returns how many it made.
    @discardableResult public func index() throws -> Int { try index(try directory.segments()) }

    private func index(_ segments: [Int64]) throws -> Int {
        var made = 0
        var builder: ArchiveIndexBuilder?
        for first in segments.dropLast() {
            if builder == nil, try good(first) != nil { continue }
            if builder == nil {
                let before = segments.last { $0 < first }
                let previous = try before.flatMap { try good($0) }
                builder = ArchiveIndexBuilder(previous?.acceptance ?? Acceptance())
            }
            try build(first, &builder!)
            drop(first)
            made += 1
        }
        return made
    }

    /// Removes an index if the damage is in one, and returns whether it was. The next look-up makes it again from its
    /// segment.
    public func forget(_ damage: ArchiveDamage) throws -> Bool {
        guard let first = indexes.keys.first(where: { directory.indexPath($0) == damage.file }) else { return false }
        drop(first)
        try directory.files.removeIfThere(damage.file)
        return true
    }

    private func drop(_ first: Int64) {
        indexes[first] = nil
        open.close(first)
    }

    private func good(_ first: Int64) throws -> SegmentIndex? {
        if let known = indexes[first] { return known }
        let index = try SegmentIndex(first, in: directory)
        indexes[first] = index
        return index
    }

    /// The index of a closed segment, and its file. An index whose file was removed is made again.
    private func usable(_ first: Int64, _ segments: [Int64]) throws -> (SegmentIndex, File) {
        if let index = try good(first), let file = try open.file(first, in: directory) { return (index, file) }
        drop(first)
        _ = try index(segments)
        if let index = try good(first), let file = try open.file(first, in: directory) { return (index, file) }
        throw ArchiveDamage(
            file: directory.indexPath(first), byte: 0, offsets: first..<first + 1,
            reason: "an index that cannot be used")
    }

    private func build(_ first: Int64, _ builder: inout ArchiveIndexBuilder) throws {
        let loaded = LoadedSegment()
        try loaded.load(first, in: directory)
        try add(loaded, to: &builder)
        let bytes = builder.finish(of: loaded)
        try bytes.withUnsafeBytes {
            try directory.files.replace(directory.indexPath(first), with: $0, beside: directory.newIndexPath(first))
        }
    }

    private func add(_ loaded: LoadedSegment, to builder: inout ArchiveIndexBuilder) throws {
        builder.begin(loaded.first)
        try Self.forEachRecord(loaded, isLast: false, directory) { frame, record in
            _ = try builder.add(frame, of: record)
        }
    }

    /// `isLast`: the segment was the last one when it was read, so a torn end may be a record that is being written.
    private static func forEachRecord(
        _ loaded: LoadedSegment, isLast: Bool, _ directory: ArchiveDirectory,
        _ body: (UnsafeRawBufferPointer, SegmentRecord) throws -> Void
    ) throws {
        var room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 8)
        defer { room.deallocate() }
        var scan = SegmentScan(first: loaded.first)
        while true {
            switch scan.next(in: loaded.bytes) {
            case .end: return
            case .damage(let byte, let offsets, let isTail):
                if isTail, isLast { return }
                throw ArchiveDamage(
                    file: directory.path(loaded.first), byte: byte, offsets: offsets, reason: "no whole record")
            case .record(let record):
                if record.frameBytes > room.count {
                    room.deallocate()
                    room = .allocate(byteCount: record.frameBytes, alignment: 8)
                }
                guard let frame = record.frame(in: room) else {
                    throw ArchiveDamage(
                        file: directory.path(loaded.first), byte: record.position,
                        offsets: record.offset..<scan.end, reason: "a record that cannot be unpacked")
                }
                try body(frame, record)
            }
        }
    }

    /// Reads the entries of `subject` before ledger offset `end`, oldest first, and with them the entries that
    /// concern everyone. Returns the partition's clock after them. Throws `ArchiveDamage`.
    @discardableResult public func read(
        _ subject: UnsafeRawBufferPointer, until end: Int64 = .max, _ body: (HistoryEntry) throws -> Void
    ) throws -> Timestamp {
        let segments = try directory.segments()
        _ = try index(segments)
        guard let last = segments.last else { return .distantPast }
        let everyone = UnsafeRawBufferPointer(start: nil, count: 0)
        var acceptance = Acceptance()
        var clock = Timestamp.distantPast
        for first in segments.dropLast() {
            guard first < end else { return clock }
            let (index, file) = try usable(first, segments)
            acceptance = index.acceptance
            // If `end` is inside the segment, this is the clock before the first frame that is left out.
            clock = index.frames.first { $0.offset >= end }.map { Timestamp(microseconds: $0.clock) } ?? index.clock
            try merge(index, file, subject, everyone) { entry in
                if entry.offset < end { try body(entry) }
            }
        }
        let loaded = LoadedSegment()
        try loaded.load(last, in: directory)
        var entries = EntryReader(acceptance)
        var entry = FrameReader.blank
        try Self.forEachRecord(loaded, isLast: true, directory) { frame, record in
            guard record.offset < end, try entries.openOrPass(frame) else { return }
            while try entries.next(&entry) {
                if entry.kind != .tick, !entries.isOutOfRange,
                    entry.event.subject.isEmpty || entry.event.subject.equals(subject)
                {
                    try body(
                        HistoryEntry(
                            offset: record.offset, entry: entries.index, clock: entries.clockBefore,
                            isFrozen: entries.isFrozen, entry
                        ))
                }
            }
            clock = entries.acceptance.clock
        }
        return clock
    }

    /// The ledger offset of the first frame with an entry at which the partition's clock is `time` or later; nil if the clock has not come
    /// so far. Throws `ArchiveDamage`.
    public func offset(reaching time: Timestamp) throws -> Int64? {
        let segments = try directory.segments()
        _ = try index(segments)
        guard let last = segments.last else { return nil }
        var acceptance = Acceptance()
        for first in segments.dropLast() {
            let index = try good(first) ?? usable(first, segments).0
            acceptance = index.acceptance
            guard index.clock >= time else { continue }
            // Each frame has the clock before it, so the frame before the first one whose clock is late enough moved it there.
            let next = index.frames.firstIndex { $0.clock >= time.microseconds } ?? index.frames.count
            return index.frames.isEmpty ? first : index.frames[max(0, next - 1)].offset
        }
        let loaded = LoadedSegment()
        try loaded.load(last, in: directory)
        var entries = EntryReader(acceptance)
        var entry = FrameReader.blank
        var found: Int64?
        try Self.forEachRecord(loaded, isLast: true, directory) { frame, record in
            guard found == nil, try entries.openOrPass(frame) else { return }
            while try entries.next(&entry) {}
            if entries.acceptance.clock >= time { found = record.offset }
        }
        return found
    }

    /// Reads the events of some subjects, in each segment subject by subject. Those in segments that end before `time` may be left out.
    /// Throws `ArchiveDamage`.
    public func readEvents(of subjects: [[UInt8]], since time: Timestamp, _ body: (EventView) throws -> Void) throws {
        let segments = try directory.segments()
        _ = try index(segments)
        guard let last = segments.last else { return }
        var acceptance = Acceptance()
        for first in segments.dropLast() {
            let known = try good(first) ?? usable(first, segments).0
            acceptance = known.acceptance
            // An entry moves the clock to its time, and is where the clock is at it or after it.
            guard known.clock >= time else { continue }
            let (index, file) = try usable(first, segments)
            for subject in subjects {
                try subject.withUnsafeBytes { subject in
                    try index.forEachEntry(of: subject, in: file) { if $0.kind == .event { try body($0.event) } }
                }
            }
        }
        let loaded = LoadedSegment()
        try loaded.load(last, in: directory)
        var entries = EntryReader(acceptance)
        var entry = FrameReader.blank
        let wanted = Set(subjects.map { $0.withUnsafeBytes { $0.fingerprint(seed: 0) } })
        try Self.forEachRecord(loaded, isLast: true, directory) { frame, record in
            guard try entries.openOrPass(frame) else { return }
            while try entries.next(&entry) {
                guard entry.kind == .event, !entries.isOutOfRange,
                    wanted.contains(entry.event.subject.fingerprint(seed: 0))
                else { continue }
                try body(entry.event)
            }
        }
    }

    /// Merges a subject's entries with those that concern everyone, in ledger order. The latter are few.
    private func merge(
        _ index: SegmentIndex, _ file: File, _ subject: UnsafeRawBufferPointer, _ everyone: UnsafeRawBufferPointer,
        _ body: (HistoryEntry) throws -> Void
    ) throws {
        var common: [Owned] = []
        if !subject.isEmpty, index.commonCount > 0 {
            try index.forEachEntry(of: everyone, in: file) { common.append(Owned($0)) }
        }
        var next = 0
        try index.forEachEntry(of: subject, in: file) { entry in
            while next < common.count, (common[next].offset, common[next].entry) < (entry.offset, entry.entry) {
                try common[next].lend(body)
                next += 1
            }
            try body(entry)
        }
        for entry in common[next...] { try entry.lend(body) }
    }

    /// A copy of an entry.
    private struct Owned {
        let offset: Int64
        let entry: Int
        private let content: HistoryEntry
        private let bytes: [UInt8]
        private let counts: [Int]

        init(_ entry: HistoryEntry) {
            offset = entry.offset
            self.entry = entry.entry
            content = entry
            let texts = [
                entry.origin.topic, entry.event.source, entry.event.type, entry.event.subject, entry.event.id,
                entry.event.data,
            ]
            bytes = texts.flatMap { Array($0) }
            counts = texts.map(\.count)
        }

        func lend(_ body: (HistoryEntry) throws -> Void) throws {
            try bytes.withUnsafeBytes { bytes in
                var start = 0
                let texts = counts.map { count in
                    defer { start += count }
                    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
                }
                var copy = content
                copy.origin.topic = texts[0]
                (copy.event.source, copy.event.type, copy.event.subject) = (texts[1], texts[2], texts[3])
                (copy.event.id, copy.event.data) = (texts[4], texts[5])
                try body(copy)
            }
        }
    }
}
