internal import CIntrinsics
internal import Events

/// The subjects of one ledger partition: an open-addressing index over records in fixed-size chunks.
///
/// A record has `words` 64-bit words: header, score, terms and enrolment, events, three words for the key, then for each
/// dimension its points, for each rule and measure a `Bucket`, for each perk its state, for each sanction the number of
/// its `ActiveSanction`, the states of rules and measures (`Series.stateAt`), and, if the policy declares attributes,
/// the number of the subject's (`AttributeTable`). A key of at most 24 bytes is in the record itself, a longer one in
/// memory of its own. Chunks never move, so growth copies only the index. After the records a chunk has a word for
/// each, the time of its enrolment, and one for all: the greatest number of an enrolment that was ever in the chunk
/// (`newestEnrolment`). The fold of an event reads neither.
struct SubjectTable: ~Copyable {
    /// Layout of a record, in words.
    struct Layout {
        let dimensions: Int
        /// The number of rules and measures.
        let series: Int
        let perks: Int
        let sanctions: Int
        // Computed once, because every access to a record uses them.
        let seriesAt: Int
        let perksAt: Int
        let sanctionsAt: Int
        let statesAt: Int
        let attributesAt: Int
        let words: Int

        static let scoreAt = 1
        static let termsAt = 2
        static let eventsAt = 3
        static let keyAt = 4
        static let dimensionsAt = 7
        static let bucketWords = MemoryLayout<Bucket>.stride / 8

        /// `states` is the number of words of `Series.stateAt`.
        init(dimensions: Int, series: Int, perks: Int, sanctions: Int, states: Int, hasAttributes: Bool) {
            self.dimensions = dimensions
            self.series = series
            self.perks = perks
            self.sanctions = sanctions
            seriesAt = Self.dimensionsAt + dimensions
            perksAt = seriesAt + Self.bucketWords * series
            sanctionsAt = perksAt + perks
            statesAt = sanctionsAt + sanctions
            attributesAt = statesAt + states
            words = attributesAt + (hasAttributes ? 1 : 0)
        }
    }

    static let inlineKeyBytes = 24

    /// Word 0 of a record.
    struct Header {
        /// 0 if the record is free.
        var keyLength: UInt16
        var kind: UInt8
        var band: UInt8
        /// Conditions and points of rules that could not be evaluated for this subject's events.
        var errors: UInt32
    }

    /// A subject's events in this enrolment.
    struct Events {
        /// Events that the fold knows, voided ones included. The subject's state grows with each.
        var known: UInt32
        /// Events that came when the subject was at its limit.
        var beyond: UInt32
    }

    static let chunkShift = 10
    static let chunkRecords = 1 << chunkShift

    let layout: Layout
    var count = 0
    private var index: UnsafeMutablePointer<UInt64>
    private var mask: Int
    var chunks: [UnsafeMutablePointer<Int64>] = []
    var used = 0
    var free: [UInt32] = []
    var removed: [(subject: UInt32, key: UnsafeRawBufferPointer)] = []
    /// Bytes of keys outside records.
    private var keyBytes = 0

    init(layout: Layout) {
        self.layout = layout
        mask = 255
        index = .allocate(capacity: mask + 1)
        index.initialize(repeating: 0, count: mask + 1)
    }

    deinit {
        for (_, key) in removed { Self.free(key) }
        forEach { _, record in Self.free(Self.key(record)) }
        index.deallocate()
        for chunk in chunks { chunk.deallocate() }
    }

    @inline(__always) func record(_ subject: UInt32) -> UnsafeMutablePointer<Int64> {
        chunks[Int(subject) >> Self.chunkShift] + (Int(subject) & (Self.chunkRecords - 1)) * layout.words
    }

    @inline(__always) static func header(_ record: UnsafeMutablePointer<Int64>) -> UnsafeMutablePointer<Header> {
        UnsafeMutableRawPointer(record).assumingMemoryBound(to: Header.self)
    }

    /// The number of the terms of its enrolment.
    @inline(__always) static func terms(_ record: UnsafeMutablePointer<Int64>) -> UnsafeMutablePointer<UInt32> {
        UnsafeMutableRawPointer(record + Layout.termsAt).assumingMemoryBound(to: UInt32.self)
    }

    /// The number of its enrolment among those of the partition, from 1.
    @inline(__always) static func enrolment(_ record: UnsafeMutablePointer<Int64>) -> UnsafeMutablePointer<UInt32> {
        terms(record) + 1
    }

    @inline(__always) static func events(_ record: UnsafeMutablePointer<Int64>) -> UnsafeMutablePointer<Events> {
        UnsafeMutableRawPointer(record + Layout.eventsAt).assumingMemoryBound(to: Events.self)
    }

    @inline(__always) static func key(_ record: UnsafeMutablePointer<Int64>) -> UnsafeRawBufferPointer {
        let count = Int(header(record).pointee.keyLength)
        let slot = record + Layout.keyAt
        if count <= inlineKeyBytes { return UnsafeRawBufferPointer(start: slot, count: count) }
        return UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: Int(slot.pointee)), count: count)
    }

    /// First stage of a prefetch: the index slot.
    @inline(__always) func prefetchSlot(hash: UInt64) {
        standing_prefetch(index + (Int(truncatingIfNeeded: hash) & mask))
    }

    /// Second stage: the record of that slot's subject, by its hash alone; nil if there is none.
    @inline(__always) func likelyRecord(hash: UInt64) -> UnsafeMutablePointer<Int64>? {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while case let entry = index[slot], entry != 0 {
            if entry >> 32 == hash >> 32 { return record(UInt32(truncatingIfNeeded: entry) &- 1) }
            slot = (slot &+ 1) & mask
        }
        return nil
    }

    /// An index slot is the hash's upper half and the subject's number plus one.
    @inline(__always) func find(_ key: UnsafeRawBufferPointer, hash: UInt64) -> UInt32? {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let entry = index[slot]
            if entry == 0 { return nil }
            if entry >> 32 == hash >> 32 {
                let subject = UInt32(truncatingIfNeeded: entry) &- 1
                if Self.key(record(subject)).equals(key) { return subject }
            }
            slot = (slot &+ 1) & mask
        }
    }

    /// As `find`. Two tables that added the same subjects in the same order mostly have the same number for a subject,
    /// which is tried first.
    func find(_ key: UnsafeRawBufferPointer, likely subject: UInt32) -> UInt32? {
        if Int(subject) < used, Self.key(record(subject)).equals(key) { return subject }
        return find(key, hash: key.fingerprint(seed: 0))
    }

    /// Adds a subject that is not there. Its record is zero except for the header.
    mutating func insert(_ key: UnsafeRawBufferPointer, hash: UInt64, kind: SubjectKind) -> UInt32 {
        if (count + 1) * 4 > (mask + 1) * 3 { growIndex() }
        let subject: UInt32
        if let reused = free.popLast() {
            subject = reused
        } else {
            if used & (Self.chunkRecords - 1) == 0 { addChunk() }
            subject = UInt32(used)
            used += 1
        }
        let record = record(subject)
        Self.header(record).pointee = Header(
            keyLength: UInt16(key.count), kind: kind.rawValue, band: 0, errors: 0)
        if key.count <= Self.inlineKeyBytes {
            UnsafeMutableRawPointer(record + Layout.keyAt).copyMemory(from: key.baseAddress!, byteCount: key.count)
        } else {
            let keyCopy = UnsafeMutableRawPointer.allocate(byteCount: key.count, alignment: 1)
            keyCopy.copyMemory(from: key.baseAddress!, byteCount: key.count)
            record[Layout.keyAt] = Int64(Int(bitPattern: keyCopy))
            keyBytes += key.count
        }
        insert(hash: hash, subject: subject)
        count += 1
        return subject
    }

    /// A chunk begins on a cache line, so a record is in as few lines as possible.
    @discardableResult mutating func addChunk() -> UnsafeMutablePointer<Int64> {
        let chunk = CacheLine.allocate(repeating: Int64(0), count: chunkWords)
        chunks.append(chunk)
        return chunk
    }

    /// Removes a subject. Facts may still point to its key, which remains, with its record, until `wipe`.
    mutating func remove(_ subject: UInt32, hash: UInt64) {
        let record = record(subject)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while UInt32(truncatingIfNeeded: index[slot]) != subject + 1 { slot = (slot + 1) & mask }
        // Closes the gap, so that no search ends before its subject.
        var hole = slot
        var next = (slot + 1) & mask
        while index[next] != 0 {
            let other = UInt32(truncatingIfNeeded: index[next]) - 1
            let home = Int(truncatingIfNeeded: Self.key(self.record(other)).fingerprint(seed: 0)) & mask
            if (next - home) & mask >= (next - hole) & mask {
                index[hole] = index[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        index[hole] = 0
        // A reader of the record finds it free. The key's bytes are cleared when no fact needs them any more.
        removed.append((subject, Self.key(record)))
        Self.header(record).pointee.keyLength = 0
        count -= 1
    }

    /// Overwrites the keys of removed subjects, and frees their records.
    mutating func wipe() {
        guard !removed.isEmpty else { return }
        for (subject, key) in removed {
            enrolledAt(subject).pointee = 0
            UnsafeMutableRawBufferPointer(mutating: key).initializeMemory(as: UInt8.self, repeating: 0)
            if key.count > Self.inlineKeyBytes { keyBytes -= key.count }
            Self.free(key)
            record(subject).update(repeating: 0, count: layout.words)
            free.append(subject)
        }
        removed.removeAll()
    }

    /// Calls the body with every subject, in no particular order.
    func forEach(_ body: (UInt32, UnsafeMutablePointer<Int64>) -> Void) {
        for subject in 0..<UInt32(used) {
            let record = record(subject)
            if Self.header(record).pointee.keyLength > 0 { body(subject, record) }
        }
    }

    mutating func insert(hash: UInt64, subject: UInt32) {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while index[slot] != 0 { slot = (slot + 1) & mask }
        index[slot] = (hash >> 32) << 32 | UInt64(subject + 1)
    }

    /// Bytes that the index allocates at its next growth; 0 if that is not soon.
    var nextGrowth: Int { count * 4 > (mask + 1) * 3 / 10 * 9 ? (mask + 1) * 2 * MemoryLayout<UInt64>.stride : 0 }

    var byteCount: Int {
        (mask + 1) * MemoryLayout<UInt64>.stride + chunks.count * chunkWords * 8 + keyBytes
    }

    /// Counts the bytes of a key outside the records, which a snapshot had.
    mutating func noteKey(bytes: Int) { keyBytes += bytes }

    /// 16 bytes of a key after the first `start`, as numbers in the order of the bytes. Missing bytes are 0.
    static func order(of key: UnsafeRawBufferPointer, from start: Int) -> (high: UInt64, low: UInt64) {
        (word(of: key, from: start), word(of: key, from: start + 8))
    }

    /// The first 16 bytes of a record's key. In a record missing bytes are 0.
    @inline(__always) static func order(of record: UnsafeMutablePointer<Int64>) -> (high: UInt64, low: UInt64) {
        guard header(record).pointee.keyLength <= inlineKeyBytes else { return order(of: key(record), from: 0) }
        return (
            UInt64(bigEndian: UInt64(bitPattern: record[Layout.keyAt])),
            UInt64(bigEndian: UInt64(bitPattern: record[Layout.keyAt + 1]))
        )
    }

    private static func word(of key: UnsafeRawBufferPointer, from start: Int) -> UInt64 {
        if start + 8 <= key.count {
            return UInt64(bigEndian: key.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
        var word: UInt64 = 0
        for index in start..<start + 8 { word = word << 8 | (index < key.count ? UInt64(key[index]) : 0) }
        return word
    }

    /// Makes room for this many subjects, while there are none.
    mutating func reserveIndex(_ count: Int) {
        while count * 4 > (mask + 1) * 3 { mask = (mask + 1) * 2 - 1 }
        index.deallocate()
        index = .allocate(capacity: mask + 1)
        index.initialize(repeating: 0, count: mask + 1)
    }

    mutating func growIndex() {
        let old = UnsafeMutableBufferPointer(start: index, count: mask + 1)
        mask = (mask + 1) * 2 - 1
        index = .allocate(capacity: mask + 1)
        index.initialize(repeating: 0, count: mask + 1)
        for entry in old where entry != 0 {
            let subject = UInt32(truncatingIfNeeded: entry) - 1
            insert(hash: Self.key(record(subject)).fingerprint(seed: 0), subject: subject)
        }
        old.deallocate()
    }

    /// Frees a key outside the record.
    private static func free(_ key: UnsafeRawBufferPointer) {
        if key.count > inlineKeyBytes { key.deallocate() }
    }
}
