public import Events
public import Policy

// A fold's state as bytes: everything that can affect a later entry, and nothing that follows from the rest. Tables and
// pools are written as they are in memory (little-endian), for speed. A reader checks every reference before it uses
// one.
extension Fold {
    /// The format of a state's bytes. Bytes of another format are not read.
    public static let stateVersion: UInt32 = 12

    /// Why bytes are not the state of this fold.
    public struct SnapshotError: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
        public init(_ description: String) { self.description = description }
    }

    /// Writes the state in pieces. Throws `SnapshotError` if there are facts that were not taken, or if some of the
    /// timers that fall due together have not fired.
    public borrowing func writeSnapshot(to body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard output.facts.isEmpty, subjects.removed.isEmpty, purpose == .live else {
            throw SnapshotError("facts are still to be taken")
        }
        guard timers.openDue == nil else { throw SnapshotError("timers that are due together have not all fired") }
        var writer = ByteWriter(capacity: 1 << 16)
        writer.append(littleEndian: version.rawValue | (ruleSumsSaturate ? Self.ruleSumsFlag : 0))
        salt.write(to: &writer)
        writer.append(littleEndian: clock.microseconds)
        withUnsafeBytes(of: counters) { writer.append($0) }
        try terms.write(to: &writer)
        try attributes.sets.write(to: &writer)
        try body(writer.bytes)
        try subjects.write(to: body)
        try identities.write(to: body)
        try voided.write(to: body)
        try buckets.write(to: body)
        try evidence.write(to: body)
        try ordered.events.write(to: body)
        try ordered.texts.write(to: body)
        try activeSanctions.write(to: body)
        try timers.write(to: body)
        try early.write(to: body)
        try waitingVoids.write(to: body)
    }

    /// The bit of the fold version's word that says whether the sums of rules saturate (`ruleSumsSaturate`). A program
    /// that does not know the bit does not know the version either.
    private static let ruleSumsFlag: UInt32 = 1 << 31

    /// Reads a state that `writeSnapshot` wrote under the same policy text. Throws `SnapshotError`.
    public init(policy: ScoringPolicy, snapshot reader: inout ByteReader) throws {
        // The layout of records depends on this word. An error before `self.init` does not compile.
        let word = try? reader.integer(UInt32.self)
        let version = word.flatMap { FoldVersion(rawValue: $0 & ~Self.ruleSumsFlag) }
        let ruleSumsSaturate = (word ?? 0) & Self.ruleSumsFlag != 0
        self.init(policy, version: version ?? .newest, salt: .none, ruleSumsSaturate: ruleSumsSaturate, .live)
        do {
            guard let version, version >= .ninth || !ruleSumsSaturate else { throw reader.failure }
            salt = try FingerprintKey(from: &reader)
            clock = Timestamp(microseconds: try reader.integer())
            try withUnsafeMutableBytes(of: &counters) { buffer in
                for counter in buffer.bindMemory(to: Int64.self).indices {
                    buffer.storeBytes(of: try reader.tally(), toByteOffset: counter * 8, as: Int64.self)
                }
            }
            terms = try TermsTable(from: &reader)
            guard attributes.restore(try TermsTable(from: &reader)) else { throw reader.failure }
            try subjects.read(from: &reader)
            try identities.read(from: &reader)
            try voided.read(from: &reader)
            try buckets.read(from: &reader)
            try evidence.read(from: &reader)
            try ordered.events.read(from: &reader)
            try ordered.texts.read(from: &reader)
            try activeSanctions.read(from: &reader)
            try timers.read(from: &reader)
            try early.read(from: &reader)
            try waitingVoids.read(from: &reader)
            nextExpiry = expiry()
        } catch let failure as ByteReader.Failure {
            throw SnapshotError("the state is \(failure)")
        }
        guard check() else { throw SnapshotError("the state refers to what is not there") }
        for number in subjectsByBand.indices { subjectsByBand[number] = 0 }
        subjects.forEach { _, record in subjectsByBand[Int(SubjectTable.header(record).pointee.band)] += 1 }
    }

    /// Checks what the digest does not cover.
    private borrowing func check() -> Bool {
        var isGood = true
        var uses = [Int](repeating: 0, count: terms.texts.count)
        var attributeUses = [Int](repeating: 0, count: attributes.sets.texts.count)
        subjects.forEach { _, record in
            let header = SubjectTable.header(record).pointee
            if header.kind >= SubjectKind.allCases.count || Int(header.band) >= policy.bands.count
                || !terms.isUsed(SubjectTable.terms(record).pointee)
            {
                isGood = false
            } else {
                uses[Int(SubjectTable.terms(record).pointee)] += 1
            }
            guard !attributes.isEmpty, case let number = attributesNumber(record), number > 0 else { return }
            if attributes.isUsed(number) { attributeUses[Int(number - 1)] += 1 } else { isGood = false }
        }
        if attributeUses != attributes.sets.uses { isGood = false }
        if uses != terms.uses { isGood = false }
        for number in 0..<activeSanctions.used where activeSanctions.isGood(number + 1) == false { isGood = false }
        return isGood
            && timers.allSatisfy { timer in
                guard timer.subject < UInt32(subjects.used) else { return false }
                if timer.rank == TimerRanks.bucketEnd { return Int(timer.item) < series.count }
                let isPerk = Int(timer.rank) <= policy.perks.count
                return Int(timer.item) < (isPerk ? policy.perks.count : policy.sanctions.count)
            }
    }

    /// The digest of a state that was just read. Throws `SnapshotError` if it has a dangling reference.
    public borrowing func digestOfSnapshot() throws -> StateDigest {
        do {
            return try checkedDigest(isForeign: true)
        } catch {
            throw SnapshotError("the state refers to what is not there")
        }
    }
}

extension TermsTable {
    func write(to writer: inout ByteWriter) throws {
        writer.append(varint: UInt64(texts.count))
        for number in texts.indices {
            writer.append(varint: UInt64(uses[number]))
            writer.append(varint: UInt64(texts[number].count))
            writer.append(texts[number])
        }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Failure) {
        self.init()
        for _ in 0..<(try reader.count(bytesEach: 2)) {
            let uses = try reader.varint()
            let text = Array(try reader.take(try reader.count(bytesEach: 1)))
            guard uses <= UInt64(UInt32.max), restore(text, uses: Int(uses)) else { throw reader.failure }
        }
    }
}

extension IdentityTable {
    borrowing func write(to body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var writer = ByteWriter()
        for number in 0..<Self.shardCount {
            let shard = shards[number]
            writer.removeAll()
            writer.append(littleEndian: UInt64(shard.mask))
            writer.append(littleEndian: UInt64(shard.count))
            try body(writer.bytes)
            try body(UnsafeRawBufferPointer(start: shard.slots, count: (shard.mask + 1) * 8))
        }
    }

    mutating func read(from reader: inout ByteReader) throws(ByteReader.Failure) {
        for number in 0..<Self.shardCount {
            let mask = try reader.integer(UInt64.self)
            let count = try reader.integer(UInt64.self)
            // A power of two of slots, some of them free, so that every search ends.
            guard mask < UInt64(reader.remaining / 8), (mask + 1).nonzeroBitCount == 1, mask >= 63 else {
                throw reader.failure
            }
            let bytes = try reader.take(Int(mask + 1) * 8)
            let slots = CacheLine.allocate(repeating: UInt64(0), count: Int(mask + 1))
            UnsafeMutableRawPointer(slots).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
            shards[number].slots.deallocate()
            shards[number] = Shard(slots: slots, mask: Int(mask), count: Int(truncatingIfNeeded: count))
            var used: UInt64 = 0
            for slot in 0...Int(mask) where slots[slot] != 0 { used += 1 }
            guard used == count, count * 4 <= (mask + 1) * 3 + 4, count <= mask else { throw reader.failure }
            self.count += Int(count)
        }
    }
}

extension SlabAllocator {
    borrowing func write(to body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var writer = ByteWriter()
        writer.append(littleEndian: UInt64(used))
        writer.append(littleEndian: UInt64(freeCount))
        writer.append(littleEndian: firstFree)
        try body(writer.bytes)
        var written = 0
        for chunk in chunks {
            let count = min(Self.chunkElements, used - written)
            try body(UnsafeRawBufferPointer(start: chunk, count: count * MemoryLayout<Element>.stride))
            written += count
        }
    }

    mutating func read(from reader: inout ByteReader) throws(ByteReader.Failure) {
        let stride = MemoryLayout<Element>.stride
        let count = try reader.integer(UInt64.self)
        let freeCount = try reader.integer(UInt64.self)
        guard count <= UInt64(reader.remaining / stride), freeCount <= count, count < UInt64(UInt32.max) else {
            throw reader.failure
        }
        firstFree = try reader.integer()
        self.freeCount = Int(freeCount)
        while used < Int(count) {
            let chunk = UnsafeMutablePointer<Element>.allocate(capacity: Self.chunkElements)
            chunks.append(chunk)
            let elements = min(Self.chunkElements, Int(count) - used)
            let bytes = try reader.take(elements * stride)
            UnsafeMutableRawPointer(chunk).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
            used += elements
            bump = elements == Self.chunkElements ? nil : chunk + elements
        }
        var (number, left) = (firstFree, freeCount)
        while number != 0 {
            guard left > 0, UInt64(number) <= count else { throw reader.failure }
            left -= 1
            number = freeLink(number).pointee
        }
        guard left == 0 else { throw reader.failure }
    }
}

extension EventTexts {
    borrowing func write(to body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var writer = ByteWriter()
        writer.append(littleEndian: UInt64(count))
        try forEach { text, source, id in
            writer.append(littleEndian: text.mark)
            writer.append(littleEndian: text.uses)
            writer.append(varint: UInt64(source.count))
            writer.append(source)
            writer.append(varint: UInt64(id.count))
            writer.append(id)
            guard writer.count >= Self.writtenAtOnce else { return }
            try body(writer.bytes)
            writer.removeAll()
        }
        try body(writer.bytes)
    }

    private static var writtenAtOnce: Int { 1 << 16 }

    mutating func read(from reader: inout ByteReader) throws(ByteReader.Failure) {
        let count = try reader.integer(UInt64.self)
        guard count <= UInt64(reader.remaining / 14) else { throw reader.failure }
        for _ in 0..<count {
            let mark = try reader.integer(UInt64.self)
            let uses = try reader.integer(UInt32.self)
            let source = try reader.take(try reader.count(bytesEach: 1))
            let id = try reader.take(try reader.count(bytesEach: 1))
            guard source.count <= Int(UInt16.max), id.count <= Int(UInt16.max), restore(mark, uses: uses, source, id)
            else { throw reader.failure }
        }
    }
}

extension SlabAllocator where Element == ActiveSanction {
    /// Whether the raw values of an element's cases are valid. They are numbered from 0 in memory. Removed elements
    /// keep valid ones.
    func isGood(_ number: Int) -> Bool {
        let pointer = UnsafeRawPointer(self[UInt32(number)])
        let state = pointer.load(fromByteOffset: MemoryLayout<ActiveSanction>.offset(of: \.state)!, as: UInt8.self)
        let appeal = pointer.load(fromByteOffset: MemoryLayout<ActiveSanction>.offset(of: \.appeal)!, as: UInt8.self)
        return state < SanctionState.allCases.count && appeal <= 2
    }
}

extension SubjectTable {
    borrowing func write(to body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var writer = ByteWriter(capacity: Self.chunkRecords * layout.words * 8)
        writer.append(littleEndian: UInt64(layout.words))
        writer.append(littleEndian: UInt64(used))
        writer.append(littleEndian: UInt64(free.count))
        free.withUnsafeBytes { writer.append($0) }
        try body(writer.bytes)
        for (number, chunk) in chunks.enumerated() {
            let records = min(Self.chunkRecords, used - number * Self.chunkRecords)
            writer.removeAll()
            writer.append(UnsafeRawBufferPointer(start: chunk, count: records * layout.words * 8))
            var keys = ByteWriter()
            for index in 0..<records {
                let record = chunk + index * layout.words
                let key = Self.key(record)
                guard key.count > Self.inlineKeyBytes else { continue }
                // The bytes of a key outside the record follow. Its address means nothing to a reader.
                writer.overwrite(littleEndian: Int64(0), at: (index * layout.words + Layout.keyAt) * 8)
                keys.append(key)
            }
            try body(writer.bytes)
            try body(UnsafeRawBufferPointer(start: enrolments(ofChunk: number), count: records * Self.enrolmentBytes))
            try body(keys.bytes)
        }
    }

    /// Also throws if a subject occurs twice.
    mutating func read(from reader: inout ByteReader) throws(ByteReader.Failure) {
        let words = try reader.integer(UInt64.self)
        let count = try reader.integer(UInt64.self)
        let freeCount = try reader.integer(UInt64.self)
        guard words == UInt64(layout.words), count <= UInt64(reader.remaining / (8 * (layout.words + 1))),
            freeCount <= count, count < UInt64(UInt32.max)
        else { throw reader.failure }
        for _ in 0..<freeCount {
            let number = try reader.integer(UInt32.self)
            guard UInt64(number) < count else { throw reader.failure }
            free.append(number)
        }
        reserveIndex(Int(count))
        while used < Int(count) {
            let chunk = addChunk()
            let records = min(Self.chunkRecords, Int(count) - used)
            let bytes = try reader.take(records * layout.words * 8)
            UnsafeMutableRawPointer(chunk).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
            let times = try reader.take(records * Self.enrolmentBytes)
            UnsafeMutableRawPointer(enrolments(ofChunk: chunks.count - 1))
                .copyMemory(from: times.baseAddress!, byteCount: times.count)
            for index in 0..<records {
                try restore(chunk + index * layout.words, from: &reader)
                used += 1
            }
        }
        var seen = BitSet(count: used)
        for number in free where Self.header(record(number)).pointee.keyLength > 0 || !seen.insert(number + 1) {
            throw reader.failure
        }
    }

    /// Adds the next record to the index, and allocates its key if that is outside the record.
    private mutating func restore(
        _ record: UnsafeMutablePointer<Int64>, from reader: inout ByteReader
    ) throws(ByteReader.Failure) {
        let length = Int(Self.header(record).pointee.keyLength)
        guard length > 0 else { return }
        var key = UnsafeRawBufferPointer(start: record + Layout.keyAt, count: length)
        if length > Self.inlineKeyBytes { key = try reader.take(length) }
        let hash = key.fingerprint(seed: 0)
        guard find(key, hash: hash) == nil else { throw reader.failure }
        if length > Self.inlineKeyBytes {
            let keyCopy = UnsafeMutableRawPointer.allocate(byteCount: length, alignment: 1)
            keyCopy.copyMemory(from: key.baseAddress!, byteCount: length)
            record[Layout.keyAt] = Int64(Int(bitPattern: keyCopy))
            noteKey(bytes: length)
        }
        insert(hash: hash, subject: UInt32(used))
        noteEnrolment(Self.enrolment(record).pointee, ofChunk: chunks.count - 1)
        count += 1
    }
}

extension TimerQueue {
    borrowing func write(to body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try links.write(to: body)
        var writer = ByteWriter()
        writer.append(littleEndian: UInt64(groupOfDue.count))
        for (due, group) in groupOfDue.sorted(by: { $0.key < $1.key }) {
            writer.append(littleEndian: due)
            writer.append(littleEndian: groups[Int(group)].head)
        }
        try body(writer.bytes)
    }

    mutating func read(from reader: inout ByteReader) throws(ByteReader.Failure) {
        try links.read(from: &reader)
        let count = try reader.integer(UInt64.self)
        guard count <= UInt64(reader.remaining / 12) else { throw reader.failure }
        guard var seen = links.freeSlots() else { throw reader.failure }
        var last = Int64.min
        for _ in 0..<count {
            let due = try reader.integer(Int64.self)
            let head = try reader.integer(UInt32.self)
            guard due > last || last == .min, due < .max else { throw reader.failure }
            last = due
            let group = findGroup(due)
            groups[Int(group)].head = head
            var link = head
            while link != 0 {
                guard seen.insert(link) else { throw reader.failure }
                link = links[link].pointee.next
            }
        }
    }

    borrowing func allSatisfy(_ body: (Timer) -> Bool) -> Bool {
        for group in groupOfDue.values {
            var link = groups[Int(group)].head
            while link != 0 {
                if !body(links[link].pointee.timer) { return false }
                link = links[link].pointee.next
            }
        }
        return true
    }
}
