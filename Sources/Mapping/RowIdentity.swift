internal import Crypto
internal import Events

/// Ids of rows without ids: the first half of the SHA-256 of a row's content, and the number of the row among those
/// with this content. The same table always gives the same ids, so a second import does no harm.
public final class RowIdentity {
    /// The limit of rows of different content.
    public static let maximumRows = FingerprintCounts.maximumCount

    private var counts = FingerprintCounts()
    private var text = ByteWriter()

    public init() {}

    /// `HASH-N`, with N from 1. Valid until the next call. Nil beyond `maximumRows`.
    public func id(ofRow content: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var hasher = SHA256()
        hasher.update(bufferPointer: content)
        text.removeAll()
        let fingerprint = hasher.finalize().withUnsafeBytes { digest in
            for byte in digest.prefix(16) { text.append(hex: byte) }
            return UInt64(littleEndian: digest.loadUnaligned(as: UInt64.self))
        }
        guard let count = counts.add(fingerprint) else { return nil }
        text.append(byte: UInt8(ascii: "-"))
        text.append(decimal: Int64(count))
        return text.bytes
    }
}
