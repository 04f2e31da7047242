internal import Crypto

/// A SHA-256 chain over a ledger partition's frames. If two members have the same head, they have folded the same
/// bytes at the same offsets in the same order.
///
///     head(0)     = SHA-256("standing ledger partition P")
///     head(n + 1) = SHA-256(head(n) ‖ offset, 8 bytes little-endian ‖ frame)
public struct FrameChain: Hashable, Sendable {
    /// The bytes of a SHA-256.
    public static let headBytes = 32

    /// The head after the last appended frame, `headBytes` bytes.
    public private(set) var head: [UInt8]

    /// The head before the first frame of a ledger partition.
    public init(partition: Int32) {
        head = Array(SHA256.hash(data: Array("standing ledger partition \(partition)".utf8)))
    }

    /// Continues from a stored head of `headBytes` bytes.
    public init(head: [UInt8]) {
        precondition(head.count == Self.headBytes, "a head is a SHA-256")
        self.head = head
    }

    /// Appends the next frame with its ledger offset.
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
