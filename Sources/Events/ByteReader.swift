/// Reads what `ByteWriter` wrote. Every read is checked against the end: damaged bytes give an error, never a trap.
public struct ByteReader {
    /// The bytes end too early, or say what cannot be.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// Where it shows.
        public let byte: Int
        public init(byte: Int) { self.byte = byte }
        public var description: String { "malformed at byte \(byte)" }
    }

    public let bytes: UnsafeRawBufferPointer
    public private(set) var position = 0

    @inlinable public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    public var isAtEnd: Bool { position == bytes.count }
    public var remaining: Int { bytes.count - position }
    public var failure: Failure { Failure(byte: position) }

    public mutating func byte() throws(Failure) -> UInt8 {
        guard position < bytes.count else { throw failure }
        defer { position += 1 }
        return bytes[position]
    }

    public mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(Failure) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw failure }
        defer { position += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: type))
    }

    /// LEB128 of at most ten bytes.
    public mutating func varint() throws(Failure) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) &<< shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw failure
    }

    /// Zigzag LEB128.
    public mutating func signed() throws(Failure) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// The next `count` bytes, borrowed.
    public mutating func take(_ count: Int) throws(Failure) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw failure }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// A number of elements that each take at least `bytesEach` bytes: never more than could be there, so that it is
    /// safe to make room for them.
    public mutating func count(bytesEach: Int) throws(Failure) -> Int {
        let count = try varint()
        guard count <= UInt64(remaining / max(1, bytesEach)) else { throw failure }
        return Int(count)
    }
}
