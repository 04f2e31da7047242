public import CEL

/// Reads values from JSON text (RFC 8259), from its start to its end.
///
/// A number without fraction or exponent that fits Int64 is an int. Any other is a double, rounded to nearest, which is
/// infinite beyond the greatest. Objects become maps with string keys in their order. No byte outside the text is read,
/// whatever the text is.
public struct JSONReader {
    /// The limit of nested arrays and objects.
    public static let maximumDepth = 64

    let text: UnsafeRawBufferPointer
    private(set) var index = 0
    /// The defect, once there is one.
    private var defect = Defect.malformed

    /// The reason why a text has no value.
    enum Defect: Error {
        case malformed, tooDeep, keyTwice
    }

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// The value of a member of an object that is not nested, and the index after it.
    static func member(
        _ json: UnsafeRawBufferPointer, at index: Int, _ isExcluded: (@Sendable (UnsafeRawBufferPointer) -> Bool)?
    ) -> (value: Value, end: Int)? {
        var reader = JSONReader(json)
        reader.index = index
        guard let value = reader.value(Manner(borrows: true, checksKeys: false, isExcluded: isExcluded), depth: 1)
        else { return nil }
        return (value, reader.index)
    }

    /// The value of a whole document. Nil if it is not JSON in UTF-8, nests too deeply, or has a key twice in one
    /// object. The value owns its strings.
    public static func value(of json: UnsafeRawBufferPointer) -> Value? { try? read(json).get() }

    static func read(_ json: UnsafeRawBufferPointer) -> Result<Value, Defect> {
        guard Text.isUTF8(json) else { return .failure(.malformed) }
        var reader = JSONReader(json)
        reader.skipSpace()
        guard let value = reader.value(Manner(borrows: false, checksKeys: true, isExcluded: nil), depth: 0)
        else { return .failure(reader.defect) }
        reader.skipSpace()
        return reader.isAtEnd ? .success(value) : .failure(.malformed)
    }

    struct Manner {
        /// Whether strings without escapes are views of the text.
        let borrows: Bool
        /// Whether an object with a key twice is refused.
        let checksKeys: Bool
        /// Members that maps omit.
        let isExcluded: (@Sendable (UnsafeRawBufferPointer) -> Bool)?
    }

    var isAtEnd: Bool { index == text.count }

    mutating func skipSpace() {
        guard let base else { return }
        index = Self.space(base, index, text.count)
    }

    private var base: UnsafePointer<UInt8>? { text.baseAddress?.assumingMemoryBound(to: UInt8.self) }

    @inline(__always) mutating func take(_ byte: UInt8) -> Bool {
        guard index < text.count, text[index] == byte else { return false }
        index &+= 1
        return true
    }

    // MARK: Strings

    /// The bytes between quotes, with their escapes.
    struct RawString {
        let bytes: UnsafeRawBufferPointer
        let hasEscapes: Bool
    }

    /// Starts after the opening quote, and ends after the closing one. Does not check escapes.
    private mutating func rawString() -> RawString? {
        guard let base, let string = Self.string(base, index, text.count) else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: text[index..<string.end])
        index = string.end + 1
        return RawString(bytes: bytes, hasEscapes: string.hasEscapes)
    }

    /// Calls `body` with a string's unescaped bytes. Returns nil if an escape is invalid.
    static func withUnescaped<Result>(
        _ string: RawString, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result? {
        guard string.hasEscapes else { return body(string.bytes) }
        // An escape is at least as long as its unescaped bytes.
        return withUnsafeTemporaryAllocation(byteCount: string.bytes.count, alignment: 1) { buffer in
            guard let count = unescape(string.bytes, into: buffer) else { return nil }
            return body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private static func unescape(_ raw: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) -> Int? {
        var count = 0
        var index = 0
        while index < raw.count {
            let byte = raw[index]
            guard byte == 0x5C else {
                out[count] = byte
                count += 1
                index += 1
                continue
            }
            guard index + 1 < raw.count else { return nil }
            let escape = raw[index + 1]
            index += 2
            switch escape {
            case 0x22, 0x5C, 0x2F: out[count] = escape
            case 0x62: out[count] = 0x08
            case 0x66: out[count] = 0x0C
            case 0x6E: out[count] = 0x0A
            case 0x72: out[count] = 0x0D
            case 0x74: out[count] = 0x09
            case 0x75:
                guard var code = hexadecimal(raw, at: index) else { return nil }
                index += 4
                if (0xD800...0xDBFF).contains(code) {
                    guard index + 1 < raw.count, raw[index] == 0x5C, raw[index + 1] == 0x75,
                        let low = hexadecimal(raw, at: index + 2), (0xDC00...0xDFFF).contains(low)
                    else { return nil }
                    index += 6
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                }
                guard let scalar = Unicode.Scalar(code) else { return nil }
                for unit in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                    out[count] = unit
                    count += 1
                }
                continue
            default: return nil
            }
            count += 1
        }
        return count
    }

    private static func hexadecimal(_ raw: UnsafeRawBufferPointer, at start: Int) -> UInt32? {
        guard start + 4 <= raw.count else { return nil }
        var value: UInt32 = 0
        for index in start..<start + 4 {
            let byte = raw[index]
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: value = value << 4 | UInt32(byte - 0x37)
            case 0x61...0x66: value = value << 4 | UInt32(byte - 0x57)
            default: return nil
            }
        }
        return value
    }

    private mutating func string(_ manner: Manner) -> Value? {
        guard let raw = rawString() else { return nil }
        if !raw.hasEscapes, manner.borrows { return .string(Text(borrowing: raw.bytes)) }
        return Self.withUnescaped(raw) { .string(Text(copying: $0)) }
    }

    // MARK: Values

    /// Starts at a value, and ends after it. `depth` counts the arrays and objects around it.
    private mutating func value(_ manner: Manner, depth: Int) -> Value? {
        guard index < text.count else { return nil }
        switch text[index] {
        case 0x22:
            index &+= 1
            return string(manner)
        case 0x2D, 0x30...0x39: return number()
        case 0x74: return take("true") ? .bool(true) : nil
        case 0x66: return take("false") ? .bool(false) : nil
        case 0x6E: return take("null") ? .null : nil
        case 0x5B: return array(manner, depth: depth + 1)
        case 0x7B: return object(manner, depth: depth + 1)
        default: return nil
        }
    }

    private mutating func take(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard text.count - index >= count else { return false }
        for offset in 0..<count where text[index + offset] != word.utf8Start[offset] { return false }
        index += count
        return true
    }

    private mutating func number() -> Value? {
        let start = index
        let negative = take(0x2D)
        let first = index
        var magnitude: UInt64 = 0
        while index < text.count, case let digit = text[index] &- 0x30, digit <= 9 {
            // Nineteen digits always fit.
            guard index &- first < 19 else { return longNumber(from: start) }
            magnitude = magnitude &* 10 &+ UInt64(digit)
            index &+= 1
        }
        guard index > first, index &- first == 1 || text[first] != 0x30 else { return nil }
        if index < text.count, case let byte = text[index], byte == 0x2E || byte | 0x20 == 0x65 {
            return longNumber(from: start)
        }
        if negative, magnitude <= 1 << 63 { return .int(Int64(truncatingIfNeeded: 0 &- magnitude)) }
        if !negative, magnitude < 1 << 63 { return .int(Int64(truncatingIfNeeded: magnitude)) }
        return longNumber(from: start)
    }

    private mutating func longNumber(from start: Int) -> Value? {
        let first = text[start] == 0x2D ? start + 1 : start
        guard let (magnitude, end) = DecimalText.number(text, from: first) else { return nil }
        // JSON has no leading zeros, and has digits on both sides of a point.
        if end > first + 1, text[first] == 0x30, text[first + 1] &- 0x30 <= 9 { return nil }
        guard text[first] != 0x2E else { return nil }
        if let point = text[first..<end].firstIndex(of: 0x2E) {
            guard point + 1 < end, text[point + 1] &- 0x30 <= 9 else { return nil }
        }
        index = end
        return .double(first > start ? -magnitude : magnitude)
    }

    private mutating func array(_ manner: Manner, depth: Int) -> Value? {
        guard descends(to: depth) else { return nil }
        index += 1
        skipSpace()
        if take(0x5D) { return .list(ValueList([])) }
        var items: [Value] = []
        while true {
            guard let item = value(manner, depth: depth) else { return nil }
            items.append(item)
            skipSpace()
            if take(0x5D) { return .list(ValueList(items)) }
            guard take(0x2C) else { return nil }
            skipSpace()
        }
    }

    /// Starts at `{`.
    private mutating func object(_ manner: Manner, depth: Int) -> Value? {
        map(manner, depth: depth).map { .map($0) }
    }

    /// Starts at `{`, and ends after the object.
    mutating func map(_ manner: Manner, depth: Int) -> ValueMap? {
        guard descends(to: depth), take(0x7B) else { return nil }
        skipSpace()
        var entries: [(key: Value, value: Value)] = []
        if !take(0x7D) {
            while true {
                guard take(0x22), let raw = rawString() else { return nil }
                skipSpace()
                guard take(0x3A) else { return nil }
                skipSpace()
                if let isExcluded = manner.isExcluded {
                    guard let leavesOut = Self.withUnescaped(raw, isExcluded) else { return nil }
                    if leavesOut {
                        guard let base, index < text.count else { return nil }
                        let end = Self.skip(base, index, text.count)
                        guard end >= 0 else { return nil }
                        index = end
                    } else {
                        guard let key = key(raw, manner), let value = value(manner, depth: depth) else { return nil }
                        entries.append((key, value))
                    }
                } else {
                    guard let key = key(raw, manner), let value = value(manner, depth: depth) else { return nil }
                    entries.append((key, value))
                }
                skipSpace()
                if take(0x7D) { break }
                guard take(0x2C) else { return nil }
                skipSpace()
            }
        }
        let map = ValueMap(entries)
        if manner.checksKeys, map.hasDuplicate {
            defect = .keyTwice
            return nil
        }
        return map
    }

    private mutating func descends(to depth: Int) -> Bool {
        if depth > Self.maximumDepth { defect = .tooDeep }
        return depth <= Self.maximumDepth
    }

    private func key(_ raw: RawString, _ manner: Manner) -> Value? {
        if !raw.hasEscapes, manner.borrows { return .string(Text(borrowing: raw.bytes)) }
        return Self.withUnescaped(raw) { .string(Text(copying: $0)) }
    }
}

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
