/// Why a token is refused. The code is for the log and the answer, and contains nothing of the token.
public enum TokenRefusal: String, Error, CaseIterable, Sendable {
    /// Longer than `SignedToken.maximumBytes`.
    case tooLong = "token-too-long"
    /// Not the compact form of a signed token, or its claims are not JSON of the right types.
    case malformed = "malformed-token"
    /// Signed with `none`, with an algorithm that the configuration does not allow, or with one that no key has.
    case wrongAlgorithm = "wrong-algorithm"
    /// Signed by a key that the issuer does not publish.
    case unknownKey = "unknown-key"
    case badSignature = "bad-signature"
    /// A token for another use, such as a log-out token.
    case wrongType = "wrong-type"
    case wrongIssuer = "wrong-issuer"
    case wrongAudience = "wrong-audience"
    case expired = "expired"
    /// No `exp`: the token would never end.
    case noExpiry = "no-expiry"
    case notYetValid = "not-yet-valid"
    case issuedInFuture = "issued-in-future"
    /// No `sub`, or one that cannot be a name.
    case noName = "no-name"
    /// None of the token's roles is one of ours.
    case noRoles = "no-roles"
    /// The issuer's keys could not be read yet.
    case keysUnavailable = "keys-unavailable"
}
