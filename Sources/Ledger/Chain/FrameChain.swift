internal import Crypto

/// A SHA-256 chain over a ledger partition's frames. If two members have the same head, they have folded the same
/// bytes at the same offsets in the same order.
///
///     head(0)     = SHA-256("standing ledger partition P")
///     head(n + 1) = SHA-256(head(n) ‖ offset, 8 bytes little-endian ‖ frame)
public struct FrameChain: Hashable, Sendable {
    public static let headBytes = 32

    public private(set) var head: [UInt8]

    public init(partition: Int32) {
        head = Array(SHA256.hash(data: Array("standing ledger partition \(partition)".utf8)))
    }

    /// Continues from a stored head of `headBytes` bytes.
    public init(head: [UInt8]) {
        precondition(head.count == Self.headBytes, "a head is a SHA-256")
        self.head = head
    }

    public mutating func append(_ frame: UnsafeRawBufferPointer, at offset: Int64) {
        var hash = SHA256()
        head.withUnsafeBytes { hash.update(bufferPointer: $0) }
        withUnsafeBytes(of: offset.littleEndian) { hash.update(bufferPointer: $0) }
        hash.update(bufferPointer: frame)
        hash.finalize().withUnsafeBytes { digest in
            head.withUnsafeMutableBytes { $0.copyMemory(from: digest) }
        }
    }
}

/// Lower-case hexadecimal digits.
enum Hex {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Nil if the text is not `count` bytes in lower-case hexadecimal digits.
    static func bytes(_ text: some StringProtocol, count: Int) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count == 2 * count else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
