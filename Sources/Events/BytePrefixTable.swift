/// Texts and prefixes of texts, sorted by their bytes, so that a look-up costs a few comparisons of words and allocates
/// nothing.
///
/// No pattern is covered by another one. So of all patterns that do not come after a text only the greatest can match it:
/// whatever lies between a prefix and a text that begins with it begins with it too.
struct BytePrefixTable: Sendable {
    private struct Entry {
        var start: Int
        var count: Int
        var isPrefix: Bool
    }

    /// The first eight bytes of each pattern as a big-endian number, zeros after a shorter one.
    private var keys: [UInt64] = []
    private var entries: [Entry] = []
    private var bytes: [UInt8] = []

    /// The patterns have no zero byte.
    init(_ patterns: [(bytes: [UInt8], isPrefix: Bool)]) {
        let sorted = patterns.sorted { a, b in
            a.bytes == b.bytes ? a.isPrefix && !b.isPrefix : a.bytes.lexicographicallyPrecedes(b.bytes)
        }
        var last: (bytes: [UInt8], isPrefix: Bool)?
        for pattern in sorted {
            if let last, last.isPrefix ? pattern.bytes.starts(with: last.bytes) : pattern.bytes == last.bytes {
                continue
            }
            last = pattern
            keys.append(pattern.bytes.withUnsafeBytes { Self.key($0) })
            entries.append(Entry(start: bytes.count, count: pattern.bytes.count, isPrefix: pattern.isPrefix))
            bytes += pattern.bytes
        }
    }

    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        let key = Self.key(text)
        var index = keys.count
        var low = 0
        while low < index {
            let middle = (low &+ index) &>> 1
            if keys[middle] <= key { low = middle &+ 1 } else { index = middle }
        }
        return bytes.withUnsafeBytes { all in
            while index > 0 {
                index &-= 1
                let entry = entries[index]
                let pattern = UnsafeRawBufferPointer(rebasing: all[entry.start..<entry.start &+ entry.count])
                if Self.matches(text, pattern, isPrefix: entry.isPrefix) { return true }
                // A pattern that begins with the same eight bytes may come after the text.
                guard keys[index] == key, text.precedes(pattern) else { return false }
            }
            return false
        }
    }

    @inline(__always) private static func matches(
        _ text: UnsafeRawBufferPointer, _ pattern: UnsafeRawBufferPointer, isPrefix: Bool
    ) -> Bool {
        guard isPrefix else { return text.equals(pattern) }
        return text.count >= pattern.count
            && UnsafeRawBufferPointer(rebasing: text[..<pattern.count]).equals(pattern)
    }

    @inline(__always) private static func key(_ text: UnsafeRawBufferPointer) -> UInt64 {
        if text.count >= 8 { return text.loadUnaligned(as: UInt64.self).bigEndian }
        var key: UInt64 = 0
        for index in 0..<text.count { key |= UInt64(text[index]) &<< UInt64(56 &- 8 &* index) }
        return key
    }
}
