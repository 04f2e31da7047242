/// Proves that an announcement is a member's. Whoever may write the members topic could otherwise have requests, and what they are
/// about, sent to any address.
public struct MemberSeal: Sendable {
    let code: @Sendable (_ bytes: [UInt8]) -> [UInt8]
    let isCode: @Sendable (_ code: [UInt8], _ bytes: [UInt8]) -> Bool

    /// `code`: the authentication code of bytes under the members' secret. `isCode`: whether it is that, in constant time.
    public init(
        code: @escaping @Sendable (_ bytes: [UInt8]) -> [UInt8],
        isCode: @escaping @Sendable (_ code: [UInt8], _ bytes: [UInt8]) -> Bool
    ) {
        (self.code, self.isCode) = (code, isCode)
    }
}
