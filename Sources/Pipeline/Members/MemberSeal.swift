/// Proves that an announcement is from a member. Otherwise every writer of the members topic could redirect requests,
/// with the subjects in them, to any address.
public struct MemberSeal: Sendable {
    let code: @Sendable (_ bytes: [UInt8]) -> [UInt8]
    let isCode: @Sendable (_ code: [UInt8], _ bytes: [UInt8]) -> Bool

    /// `code`: the authentication code of bytes under the members' secret. `isCode`: whether a code is correct, in
    /// constant time.
    public init(
        code: @escaping @Sendable (_ bytes: [UInt8]) -> [UInt8],
        isCode: @escaping @Sendable (_ code: [UInt8], _ bytes: [UInt8]) -> Bool
    ) {
        (self.code, self.isCode) = (code, isCode)
    }
}
