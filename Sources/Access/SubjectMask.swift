internal import Crypto
internal import struct Foundation.Data

/// What stands for a subject's id where the caller may not see it: the same for one subject, another for each, and of no use to find
/// out who it is without the key. Not an id: nobody can ask with it.
public struct SubjectMask: Sendable {
    private static let prefix = "masked-"
    /// 40 bits: two of a million subjects share a mask with a chance of 0.4.
    private static let bytes = 5

    private let key: SymmetricKey

    /// With a key of this process: after a restart, and at another member, a subject has another mask.
    public init() { key = SymmetricKey(size: .bits256) }

    /// `key`: a secret that members share.
    public init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

    public func callAsFunction(_ subject: some Sequence<UInt8>) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data(subject), using: key)
        let digits = code.prefix(Self.bytes).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }
        return Self.prefix + digits.joined()
    }
}
