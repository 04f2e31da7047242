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
    /// object. The value owns its strings. `isExcluded`: whether maps omit a member, at any depth, by the unescaped bytes
    /// of its key.
    public static func value(
        of json: UnsafeRawBufferPointer, isExcluded: (@Sendable (UnsafeRawBufferPointer) -> Bool)? = nil
    ) -> Value? { try? read(json, isExcluded: isExcluded).get() }

    static func read(
        _ json: UnsafeRawBufferPointer, isExcluded: (@Sendable (UnsafeRawBufferPointer) -> Bool)? = nil
    ) -> Result<Value, Defect> {
        guard Text.isUTF8(json) else { return .failure(.malformed) }
        var reader = JSONReader(json)
        reader.skipSpace()
        guard let value = reader.value(Manner(borrows: false, checksKeys: true, isExcluded: isExcluded), depth: 0)
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

    /// The members of an object that cost one allocation.
    private static let usualMembers = 4

    /// Starts at `{`, and ends after the object.
    mutating func map(_ manner: Manner, depth: Int) -> ValueMap? {
        guard descends(to: depth), take(0x7B) else { return nil }
        skipSpace()
        var entries: [(key: Value, value: Value)] = []
        if !take(0x7D) {
            entries.reserveCapacity(Self.usualMembers)
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
