/// Texts and prefixes of texts, sorted by their bytes, so that a look-up costs a few comparisons and allocates nothing.
/// Not thread-safe: a look-up remembers what it found.
///
/// No pattern is covered by another one. So of all patterns that do not come after a text only the greatest can match it:
/// whatever lies between a prefix and a text that begins with it begins with it too.
///
/// A copy is the same table. The owner of the first one deallocates it; so a look-up counts no references.
struct BytePrefixTable: BitwiseCopyable {
    /// The length of a key in bytes.
    private static let keyBytes = 8
    private static let hintBits = 4

    private struct Entry: BitwiseCopyable {
        /// The first eight bytes as a big-endian number, zeros after a shorter pattern.
        var key: UInt64
        /// The bits of `key` that are bytes of the pattern.
        var mask: UInt64
        /// The last eight bytes as they lie in memory; 0 for a shorter pattern.
        var tail: UInt64
        var start: Int
        var count: Int
        var isPrefix: Bool
    }

    private let entries: UnsafeMutableBufferPointer<Entry>
    private let bytes: UnsafeMutableRawBufferPointer
    /// The entry that a text with a key of this hash matched last. Most texts match it again.
    private let hints: UnsafeMutableBufferPointer<Int>

    /// The patterns have no zero byte.
    init(_ patterns: [(bytes: [UInt8], isPrefix: Bool)]) {
        let sorted = patterns.sorted { a, b in
            a.bytes == b.bytes ? a.isPrefix && !b.isPrefix : a.bytes.lexicographicallyPrecedes(b.bytes)
        }
        var all: [UInt8] = []
        var found: [Entry] = []
        var last: (bytes: [UInt8], isPrefix: Bool)?
        for pattern in sorted {
            if let last, last.isPrefix ? pattern.bytes.starts(with: last.bytes) : pattern.bytes == last.bytes {
                continue
            }
            last = pattern
            let count = pattern.bytes.count
            let (key, tail) = pattern.bytes.withUnsafeBytes { bytes in
                (
                    Self.word(bytes, 0),
                    count < Self.keyBytes
                        ? 0 : bytes.loadUnaligned(fromByteOffset: count - Self.keyBytes, as: UInt64.self)
                )
            }
            found.append(
                Entry(
                    key: key, mask: ~(UInt64.max >> UInt64(8 * count)), tail: tail, start: all.count, count: count,
                    isPrefix: pattern.isPrefix))
            all += pattern.bytes
        }
        entries = .allocate(capacity: found.count)
        _ = entries.initialize(from: found)
        bytes = .allocate(byteCount: all.count, alignment: 1)
        bytes.copyBytes(from: all)
        hints = .allocate(capacity: 1 << Self.hintBits)
        hints.initialize(repeating: 0)
    }

    func deallocate() {
        entries.deallocate()
        bytes.deallocate()
        hints.deallocate()
    }

    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        guard !entries.isEmpty else { return false }
        let key = Self.word(text, 0)
        // Fibonacci hashing: the product's upper bits depend on all bits of the key.
        let slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> UInt64(64 &- Self.hintBits))
        if matches(entries[hints[slot]], text, key) { return true }
        guard let index = candidate(for: text, key), matches(entries[index], text, key) else { return false }
        hints[slot] = index
        return true
    }

    /// The greatest pattern that does not come after a text; nil if there is none.
    private func candidate(for text: UnsafeRawBufferPointer, _ key: UInt64) -> Int? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low &+ high) &>> 1
            let entry = entries[middle]
            let isAfter = entry.key == key ? Self.precedes(text, pattern(entry)) : entry.key > key
            if isAfter { high = middle } else { low = middle &+ 1 }
        }
        return low > 0 ? low &- 1 : nil
    }

    @inline(__always) private func matches(_ entry: Entry, _ text: UnsafeRawBufferPointer, _ key: UInt64) -> Bool {
        guard key & entry.mask == entry.key,
            entry.isPrefix ? text.count >= entry.count : text.count == entry.count
        else { return false }
        guard entry.count > Self.keyBytes else { return true }
        guard text.loadUnaligned(fromByteOffset: entry.count &- Self.keyBytes, as: UInt64.self) == entry.tail else {
            return false
        }
        return entry.count <= 2 &* Self.keyBytes
            || UnsafeRawBufferPointer(rebasing: text[..<entry.count]).equals(pattern(entry))
    }

    @inline(__always) private func pattern(_ entry: Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[entry.start..<entry.start &+ entry.count])
    }

    /// By bytes; a prefix comes before the longer text.
    private static func precedes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset < a.count, offset < b.count {
            let (x, y) = (word(a, offset), word(b, offset))
            if x != y { return x < y }
            offset &+= 8
        }
        return a.count < b.count
    }

    /// Eight bytes as a big-endian number, zeros after the end of the text.
    @inline(__always) private static func word(_ text: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        if offset &+ 8 <= text.count {
            return UInt64(bigEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        if text.count >= 8 {
            let last = text.loadUnaligned(fromByteOffset: text.count &- 8, as: UInt64.self)
            return UInt64(bigEndian: last) &<< UInt64((offset &+ 8 &- text.count) &* 8)
        }
        if text.count >= 4 {
            // The two halves overlap in equal bytes.
            let first = UInt32(bigEndian: text.loadUnaligned(as: UInt32.self))
            let last = UInt32(bigEndian: text.loadUnaligned(fromByteOffset: text.count &- 4, as: UInt32.self))
            return UInt64(first) &<< 32 | UInt64(last) &<< UInt64((8 &- text.count) &* 8)
        }
        var word: UInt64 = 0
        for index in offset..<text.count { word |= UInt64(text[index]) &<< UInt64(56 &- 8 &* (index &- offset)) }
        return word
    }
}
