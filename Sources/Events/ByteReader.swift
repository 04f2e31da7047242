/// Reads what `ByteWriter` wrote. Every read is checked against the end: damaged bytes give an error, never a trap.
public struct ByteReader {
    /// The bytes end too early, or say what cannot be.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// Where it shows.
        public let byte: Int
        @inlinable public init(byte: Int) { self.byte = byte }
        public var description: String { "malformed at byte \(byte)" }
    }

    /// Gives a buffer that begins with `unread` and has at least `count` bytes; nil: that cannot be had.
    public typealias Feed = (_ unread: UnsafeRawBufferPointer, _ count: Int) -> UnsafeRawBufferPointer?

    @usableFromInline var bytes: UnsafeRawBufferPointer
    @usableFromInline var position = 0
    /// Bytes that lie before `bytes`.
    @usableFromInline var before = 0
    @usableFromInline let total: Int
    @usableFromInline let feed: Feed?

    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        total = bytes.count
        feed = nil
    }

    /// Reads `total` bytes that come piece by piece; what was taken is valid until the next read.
    public init(total: Int, feed: @escaping Feed) {
        bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        self.total = total
        self.feed = feed
    }

    @inlinable public var isAtEnd: Bool { before + position == total }
    @inlinable public var remaining: Int { total - before - position }
    @inlinable public var failure: Failure { Failure(byte: before + position) }

    /// Has the next `count` bytes in `bytes`, of those that remain.
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

    @inlinable public mutating func byte() throws(Failure) -> UInt8 {
        try need(1)
        defer { position += 1 }
        return bytes[position]
    }

    @inlinable public mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(Failure) -> T {
        try need(MemoryLayout<T>.size)
        defer { position += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: type))
    }

    /// What is counted up, event by event: beyond this no count of ours ever comes, and up to it any can be added to.
    @inlinable public static var greatestTally: Int64 { 1 << 62 }

    /// Eight bytes of a number that is counted up: 0 to `greatestTally`.
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

    /// A number of elements that each take at least `bytesEach` bytes: never more than could be there, so that it is
    /// safe to make room for them.
    @inlinable public mutating func count(bytesEach: Int) throws(Failure) -> Int {
        let count = try varint()
        guard count <= UInt64(remaining / max(1, bytesEach)) else { throw failure }
        return Int(count)
    }
}
