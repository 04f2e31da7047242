/// Texts and prefixes of texts, sorted by their bytes, so that a look-up costs a few comparisons and allocates nothing.
///
/// No pattern is covered by another one. So of all patterns that do not come after a text only the greatest can match it:
/// whatever lies between a prefix and a text that begins with it begins with it too.
final class BytePrefixTable: @unchecked Sendable {
    private struct Entry: BitwiseCopyable {
        /// The first eight bytes as a big-endian number, zeros after a shorter pattern.
        var key: UInt64
        var start: Int
        var count: Int
        var isPrefix: Bool
    }

    /// Owned, and never written again: so the table may be read by any thread.
    private let entries: UnsafeMutableBufferPointer<Entry>
    private let bytes: UnsafeMutableRawBufferPointer

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
            let key = pattern.bytes.withUnsafeBytes { Self.word($0, 0) }
            found.append(
                Entry(key: key, start: all.count, count: pattern.bytes.count, isPrefix: pattern.isPrefix))
            all += pattern.bytes
        }
        entries = .allocate(capacity: found.count)
        _ = entries.initialize(from: found)
        bytes = .allocate(byteCount: all.count, alignment: 1)
        bytes.copyBytes(from: all)
    }

    deinit {
        entries.deallocate()
        bytes.deallocate()
    }

    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        let key = Self.word(text, 0)
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low &+ high) &>> 1
            let entry = entries[middle]
            let isAfter = entry.key == key ? Self.precedes(text, pattern(entry)) : entry.key > key
            if isAfter { high = middle } else { low = middle &+ 1 }
        }
        guard low > 0 else { return false }
        let entry = entries[low &- 1]
        guard entry.isPrefix ? text.count >= entry.count : text.count == entry.count else { return false }
        return UnsafeRawBufferPointer(rebasing: text[..<entry.count]).equals(pattern(entry))
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
        var word: UInt64 = 0
        for index in offset..<text.count { word |= UInt64(text[index]) &<< UInt64(56 &- 8 &* (index &- offset)) }
        return word
    }
}
