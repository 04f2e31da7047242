/// Reads what `ByteWriter` wrote. Every read is checked against the end: damaged bytes throw `Failure`, and never
/// trap.
public struct ByteReader {
    /// The bytes end too early, or have an impossible value.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The byte at which the failure shows.
        public let byte: Int
        @inlinable public init(byte: Int) { self.byte = byte }
        public var description: String { "malformed at byte \(byte)" }
    }

    /// Returns a buffer that begins with `unread` and has at least `count` bytes; nil if it cannot.
    public typealias Feed = (_ unread: UnsafeRawBufferPointer, _ count: Int) -> UnsafeRawBufferPointer?

    @usableFromInline var bytes: UnsafeRawBufferPointer
    @usableFromInline var position = 0
    /// The number of bytes before `bytes`.
    @usableFromInline var before = 0
    @usableFromInline let total: Int
    @usableFromInline let feed: Feed?

    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        total = bytes.count
        feed = nil
    }

    /// Reads `total` bytes that arrive piece by piece. Bytes that were taken are valid until the next read.
    public init(total: Int, feed: @escaping Feed) {
        bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        self.total = total
        self.feed = feed
    }

    @inlinable public var isAtEnd: Bool { before + position == total }
    /// Bytes that are not read yet.
    @inlinable public var remaining: Int { total - before - position }
    /// A failure at the current byte.
    @inlinable public var failure: Failure { Failure(byte: before + position) }

    /// Ensures that the next `count` bytes are in `bytes`. Throws if fewer remain.
    @inlinable @inline(__always) mutating func need(_ count: Int) throws(Failure) {
        if bytes.count - position < count { try fetch(count) }
    }

    @usableFromInline mutating func fetch(_ count: Int) throws(Failure) {
        guard count <= remaining, let feed else { throw failure }
        let unread = UnsafeRawBufferPointer(rebasing: bytes[position...])
        guard let more = feed(unread, count), more.count >= count else { throw failure }
        before += position
        position = 0
        bytes = more
    }

    /// The next byte. Throws at the end.
    @inlinable public mutating func byte() throws(Failure) -> UInt8 {
        try need(1)
        defer { position += 1 }
        return bytes[position]
    }

    /// The next `MemoryLayout<T>.size` bytes, little-endian. Throws at the end.
    @inlinable public mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(Failure) -> T {
        try need(MemoryLayout<T>.size)
        defer { position += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: type))
    }

    /// The greatest value of a counter. No counter of Standing reaches it, and any count can be added to it without
    /// overflow.
    @inlinable public static var greatestTally: Int64 { 1 << 62 }

    /// A counter of eight bytes: 0 to `greatestTally`.
    @inlinable public mutating func tally() throws(Failure) -> Int64 {
        let value = try integer(Int64.self)
        guard (0...Self.greatestTally).contains(value) else { throw failure }
        return value
    }

    /// LEB128 of at most ten bytes.
    @inlinable public mutating func varint() throws(Failure) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            let byte = try byte()
            value |= UInt64(byte & 0x7F) &<< shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw failure
    }

    /// Zigzag LEB128.
    @inlinable public mutating func signed() throws(Failure) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// The next `count` bytes, borrowed.
    @inlinable public mutating func take(_ count: Int) throws(Failure) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw failure }
        try need(count)
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// A number of elements that each take at least `bytesEach` bytes. It is never more than the remaining bytes can
    /// hold, so memory may be reserved for them.
    @inlinable public mutating func count(bytesEach: Int) throws(Failure) -> Int {
        let count = try varint()
        guard count <= UInt64(remaining / max(1, bytesEach)) else { throw failure }
        return Int(count)
    }
}
