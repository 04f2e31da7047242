internal import CEL

/// A growing buffer of bytes, with what JSON and the ledger's frames need. Reused, it does not allocate.
public struct ByteWriter: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @usableFromInline var capacity: Int
    /// Bytes written.
    public private(set) var count: Int {
        @inlinable get { length }
        set { length = newValue }
    }
    @usableFromInline var length = 0

    public init(capacity: Int = 256) {
        self.capacity = max(capacity, 64)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// The bytes; valid until the next change.
    @inlinable public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: length) }

    /// Removes the bytes, but not the memory.
    @inlinable public mutating func removeAll() { length = 0 }

    /// Cuts back to the first `count` bytes.
    @inlinable public mutating func truncate(to count: Int) { length = min(length, count) }

    /// Passes room for at most `more` bytes to `fill`, which returns how many it has written.
    public mutating func extend(
        by more: Int, _ fill: (UnsafeMutableRawBufferPointer) throws -> Int
    ) rethrows -> Int {
        reserve(more)
        let count = try fill(UnsafeMutableRawBufferPointer(start: base + length, count: more))
        length += Swift.max(0, Swift.min(count, more))
        return count
    }

    @inlinable mutating func reserve(_ more: Int) {
        if length &+ more > capacity { grow(more) }
    }

    @usableFromInline mutating func grow(_ more: Int) {
        let wanted = max(capacity * 2, length + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
        larger.update(from: base, count: length)
        base.deallocate()
        base = larger
        capacity = wanted
    }

    @inlinable public mutating func append(byte: UInt8) {
        reserve(1)
        base[length] = byte
        length &+= 1
    }

    @inlinable public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        reserve(bytes.count)
        UnsafeMutableRawPointer(base + length).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        length &+= bytes.count
    }

    /// Inlined, so that the length is known when it is compiled.
    @inlinable @inline(__always) public mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inlinable public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    // A literal is a StaticString.
    @_disfavoredOverload public mutating func append(_ text: String) {
        var copy = text
        copy.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// LEB128.
    @inlinable public mutating func append(varint value: UInt64) {
        reserve(10)
        var rest = value
        while rest >= 0x80 {
            base[length] = UInt8(truncatingIfNeeded: rest) | 0x80
            length &+= 1
            rest >>= 7
        }
        base[length] = UInt8(truncatingIfNeeded: rest)
        length &+= 1
    }

    /// Zigzag LEB128.
    @inlinable public mutating func append(signed value: Int64) {
        append(varint: UInt64(bitPattern: (value &<< 1) ^ (value >> 63)))
    }

    @inlinable public mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
        withUnsafeBytes(of: value.littleEndian) { append($0) }
    }

    /// Overwrites bytes that are already there.
    @inlinable public mutating func overwrite<T: FixedWidthInteger>(littleEndian value: T, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= length)
        withUnsafeBytes(of: value.littleEndian) {
            UnsafeMutableRawPointer(base + offset).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
        }
    }

    /// Appends a number in decimal digits, with `-` before a negative one.
    public mutating func append(decimal value: Int64) {
        reserve(20)
        if value < 0 { append(byte: 0x2D) }
        var digits = 1
        var power: UInt64 = 10
        while digits < 19, value.magnitude >= power {
            digits &+= 1
            power = power &* 10
        }
        append(value.magnitude, digits: digits)
    }

    /// Two lower-case hexadecimal digits.
    public mutating func append(hex byte: UInt8) {
        append(byte: Hex.digit(byte >> 4))
        append(byte: Hex.digit(byte & 15))
    }

    /// Appends the last digits of a number. There is room for them.
    @inline(__always) private mutating func append(_ value: UInt64, digits: Int) {
        var rest = value
        var index = length &+ digits
        while index > length {
            index &-= 1
            let quotient = rest / 10
            base[index] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- quotient &* 10)
            rest = quotient
        }
        length &+= digits
    }

    /// Appends two digits and the separator that follows them. There is room for them.
    @inline(__always) private mutating func append(_ value: Int64, then separator: UInt8) {
        let tens = UInt8(truncatingIfNeeded: UInt32(truncatingIfNeeded: value) / 10)
        base[length] = 0x30 &+ tens
        base[length &+ 1] = 0x30 &+ UInt8(truncatingIfNeeded: value) &- tens &* 10
        base[length &+ 2] = separator
        length &+= 3
    }

    /// RFC 3339 in UTC. A time outside the years 0001 to 9999 is written as the nearest time inside.
    public mutating func append(_ time: Timestamp) {
        let range = Timestamp.writable
        let second = max(range.lowerBound, min(range.upperBound, time.microseconds)).floorDivided(
            by: Timestamp.microsecondsPerSecond)
        let day = second.quotient.floorDivided(by: 86_400)
        let date = CivilDate(days: day.quotient)
        let secondOfDay = UInt32(truncatingIfNeeded: day.remainder)
        reserve(Timestamp.longestText)
        append(UInt64(date.year), digits: 4)
        append(byte: 0x2D)
        append(date.month, then: 0x2D)
        append(date.day, then: 0x54)
        append(Int64(secondOfDay / 3600), then: 0x3A)
        append(Int64(secondOfDay / 60 % 60), then: 0x3A)
        append(Int64(secondOfDay % 60), then: 0x5A)
        guard second.remainder > 0 else { return }
        base[length &- 1] = 0x2E
        append(UInt64(second.remainder), digits: 6)
        while base[length &- 1] == 0x30 { length &-= 1 }
        append(byte: 0x5A)
    }

    /// A JSON string, quotes included. The bytes must be UTF-8.
    public mutating func append(jsonString text: UnsafeRawBufferPointer) {
        append(byte: 0x22)
        var index = 0
        while index < text.count {
            index &+= appendPlainStart(of: UnsafeRawBufferPointer(rebasing: text[index...]))
            // The next word has something to escape, or the text is shorter than a word.
            let end = min(index &+ 8, text.count)
            while index < end {
                append(escaping: text[index])
                index &+= 1
            }
        }
        append(byte: 0x22)
    }

    /// Appends words of a text until one has something to escape. Returns the number of bytes.
    @inline(__always) private mutating func appendPlainStart(of text: UnsafeRawBufferPointer) -> Int {
        guard text.count >= 8 else { return 0 }
        reserve(text.count)
        let target = UnsafeMutableRawPointer(base + length)
        let last = text.count &- 8
        var end = 0
        while end < text.count {
            // The last word overlaps the one before it.
            let start = min(end, last)
            let word = text.loadUnaligned(fromByteOffset: start, as: UInt64.self)
            guard !Self.hasEscaped(word) else { break }
            target.storeBytes(of: word, toByteOffset: start, as: UInt64.self)
            end = start &+ 8
        }
        length &+= end
        return end
    }

    private mutating func append(escaping byte: UInt8) {
        guard byte < 0x20 || byte == 0x22 || byte == 0x5C else { return append(byte: byte) }
        append(byte: 0x5C)
        switch byte {
        case 0x22, 0x5C: append(byte: byte)
        case 0x0A: append(byte: 0x6E)
        case 0x0D: append(byte: 0x72)
        case 0x09: append(byte: 0x74)
        default:
            append("u00")
            append(hex: byte)
        }
    }

    /// Whether one of eight bytes is escaped in a JSON string (Mycroft's test for a zero byte).
    @inline(__always) private static func hasEscaped(_ word: UInt64) -> Bool {
        let quote = word ^ 0x2222_2222_2222_2222
        let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
        let control = (word &- 0x2020_2020_2020_2020) & ~word
        let found = control | zeroByte(quote) | zeroByte(backslash)
        return found & 0x8080_8080_8080_8080 != 0
    }

    @inline(__always) private static func zeroByte(_ word: UInt64) -> UInt64 { (word &- 0x0101_0101_0101_0101) & ~word }

    /// Appends a text in quotes, escaped as JSON (RFC 8259).
    public mutating func append(jsonString text: String) {
        var copy = text
        copy.withUTF8 { append(jsonString: UnsafeRawBufferPointer($0)) }
    }
}

extension Int64 {
    func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (q, r) = quotientAndRemainder(dividingBy: divisor)
        return r < 0 ? (q - 1, r + divisor) : (q, r)
    }
}
