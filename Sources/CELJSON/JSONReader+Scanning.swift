/// Scanners of a text that begins at a pointer and has `count` bytes. Each takes its start, which is at most `count`,
/// and returns its end.
extension JSONReader {
    @inline(__always) static func space(_ text: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int {
        if start < count, text[start] > 0x20 { return start }
        return longSpace(text, start, count)
    }

    private static func longSpace(_ text: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int {
        var index = start
        while index < count, case let byte = text[index],
            byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
        { index &+= 1 }
        return index
    }

    /// Starts after the opening quote, and ends at the closing one. Nil if there is none, or if a control character
    /// precedes it.
    @inline(__always) static func string(
        _ text: UnsafePointer<UInt8>, _ start: Int, _ count: Int
    ) -> (end: Int, hasEscapes: Bool)? {
        if start &+ 8 <= count {
            let hits = specials(in: word(text, start))
            let end = start &+ hits.trailingZeroBitCount &>> 3
            if hits != 0, text[end] == 0x22 { return (end, false) }
        }
        let end = longString(text, start, count)
        return end == 0 ? nil : (Int(end.magnitude), end < 0)
    }

    /// As `string`, but the end is negative if there are escapes, and 0 if there is no end.
    private static func longString(_ text: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int {
        var index = start
        var sign = 1
        while true {
            while index &+ 8 <= count {
                let hits = specials(in: word(text, index))
                if hits != 0 {
                    index &+= hits.trailingZeroBitCount &>> 3
                    break
                }
                index &+= 8
            }
            guard index < count else { return 0 }
            switch text[index] {
            case 0x22: return sign &* index
            case 0x5C:
                sign = -1
                index &+= 2
            case 0..<0x20: return 0
            default: index &+= 1
            }
        }
    }

    @inline(__always) private static func word(_ text: UnsafePointer<UInt8>, _ index: Int) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(text + index).loadUnaligned(as: UInt64.self))
    }

    /// The high bit of the first byte that is a quote, a backslash or a control character; bits of later bytes may be
    /// set too.
    @inline(__always) private static func specials(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let hits =
            ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes) | ((word &- ones &* 0x20) & ~word)
        return hits & (ones &* 0x80)
    }

    /// Starts after the opening quote. Reads a key of at most seven bytes without escapes that a colon and a value
    /// follow directly, as in compact JSON. Returns its bytes, the first lowest, and the position of the value. Nil for
    /// any other key.
    @inline(__always) static func shortKey(
        _ text: UnsafePointer<UInt8>, _ start: Int, _ count: Int
    ) -> (word: UInt64, count: Int, value: Int)? {
        guard start &+ 10 <= count else { return nil }
        let word = word(text, start)
        let hits = specials(in: word)
        guard hits != 0 else { return nil }
        let length = hits.trailingZeroBitCount &>> 3
        let end = text + (start &+ length)
        guard end[0] == 0x22, end[1] == 0x3A, end[2] > 0x20 else { return nil }
        // All bits below the byte of the hit.
        return (word & ((hits & (0 &- hits)) &>> 7 &- 1), length, start &+ length &+ 2)
    }

    /// Starts at a value, which is not empty. Reads an integer of at most eighteen digits. Nil for any other value, and
    /// if nothing follows it.
    @inline(__always) static func smallInteger(
        _ text: UnsafePointer<UInt8>, _ start: Int, _ count: Int
    ) -> (value: Int64, end: Int)? {
        let first = text[start] == 0x2D ? start &+ 1 : start
        guard count >= 8, first < count else { return longInteger(text, start, count) }
        // Near the end of the text: its last eight bytes, padded with zeros.
        let beyond = first &+ 8 &- count
        let bytes =
            beyond <= 0 ? word(text, first) : word(text, count &- 8) &>> (UInt64(truncatingIfNeeded: beyond) &* 8)
        let digits = bytes ^ 0x3030_3030_3030_3030
        // The high bit of each byte above nine.
        let others = ((digits & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7676_7676_7676_7676 | digits) & 0x8080_8080_8080_8080
        guard others != 0 else { return longInteger(text, start, count) }
        let length = others.trailingZeroBitCount &>> 3
        let end = first &+ length
        guard end < count else { return nil }
        let byte = text[end]
        guard length > 0, byte != 0x2E, byte | 0x20 != 0x65, digits & 0xFF != 0 || length == 1 else { return nil }
        // Shifts the digits to the end, with zeros before them; then combines two, four and eight digits (Lemire).
        var value = digits &<< (64 &- UInt64(truncatingIfNeeded: length) &* 8)
        value = (value &* 10 &+ value &>> 8) & 0x00FF_00FF_00FF_00FF
        value = (value &* 100 &+ value &>> 16) & 0x0000_FFFF_0000_FFFF
        value = (value &* 10_000 &+ value &>> 32) & 0xFFFF_FFFF
        let magnitude = Int64(truncatingIfNeeded: value)
        return (first == start ? magnitude : 0 &- magnitude, end)
    }

    private static func longInteger(
        _ text: UnsafePointer<UInt8>, _ start: Int, _ count: Int
    ) -> (value: Int64, end: Int)? {
        let negative = text[start] == 0x2D
        let first = negative ? start &+ 1 : start
        var index = first
        var magnitude: Int64 = 0
        let limit = min(count, first &+ 19)
        while index < limit, case let digit = text[index] &- 0x30, digit <= 9 {
            magnitude = magnitude &* 10 &+ Int64(digit)
            index &+= 1
        }
        guard index > first, index < limit, text[first] != 0x30 || index == first &+ 1 else { return nil }
        let byte = text[index]
        guard byte != 0x2E, byte | 0x20 != 0x65 else { return nil }
        return (negative ? 0 &- magnitude : magnitude, index)
    }

    /// Starts at a value, which is not empty. Ends after it, and maybe after space that follows. The content is not
    /// parsed: brackets are counted, not matched. -1 if the value has no end.
    @inline(__always) static func skip(_ text: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int {
        switch text[start] {
        case 0x22: return string(text, start &+ 1, count).map { $0.end &+ 1 } ?? -1
        case 0x7B, 0x5B: return skipContainer(text, start, count)
        case 0x2C, 0x7D, 0x5D: return -1
        default:
            if start &+ 8 <= count {
                let ones: UInt64 = 0x0101_0101_0101_0101
                let word = word(text, start)
                let commas = word ^ (ones &* 0x2C)
                let braces = word ^ (ones &* 0x7D)
                let hits = ((commas &- ones) & ~commas | (braces &- ones) & ~braces) & (ones &* 0x80)
                if hits != 0 { return start &+ hits.trailingZeroBitCount &>> 3 }
            }
            return skipScalar(text, start, count)
        }
    }

    private static func skipScalar(_ text: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int {
        var index = start
        while index < count, text[index] != 0x2C, text[index] != 0x7D { index &+= 1 }
        return index
    }

    private static func skipContainer(_ text: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int {
        var depth = 0
        var index = start
        while index < count {
            let byte = text[index]
            index &+= 1
            switch byte {
            case 0x22:
                guard let string = string(text, index, count) else { return -1 }
                index = string.end &+ 1
            case 0x7B, 0x5B: depth &+= 1
            case 0x7D, 0x5D:
                depth &-= 1
                if depth == 0 { return index }
            default: break
            }
        }
        return -1
    }
}
