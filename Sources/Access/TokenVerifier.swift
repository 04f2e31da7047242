/// The requirements of the configuration for a token beside its signature.
public struct TokenRules: Sendable {
    public var issuer: String
    public var audience: String
    /// A claim with the names of roles: a list of strings, or a string with spaces between them. Names that are no
    /// `Role` are ignored.
    public var rolesClaim: String
    /// A claim with the id of the caller's own subject; nil if tokens have none.
    public var subjectClaim: String?

    public init(issuer: String, audience: String, rolesClaim: String = "roles", subjectClaim: String? = nil) {
        (self.issuer, self.audience) = (issuer, audience)
        (self.rolesClaim, self.subjectClaim) = (rolesClaim, subjectClaim)
    }
}

/// Verifies tokens (RFC 7519) as RFC 8725 advises: the algorithm is one of the configuration, a key is for one kind of
/// algorithm, issuer and audience are compared, and a token expires.
struct TokenVerifier: Sendable {
    /// The greatest difference of the clocks of issuer and member, in seconds.
    static let leeway = 30.0
    /// A name or a subject's id with more bytes is refused.
    static let maximumNameBytes = 256
    /// Types of tokens that grant access. Other tokens, such as log-out tokens, may have the same issuer and audience.
    private static let types: Set = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"]

    let rules: TokenRules

    /// `now`: seconds since 1970. Returns the caller, and the end of the token in seconds since 1970.
    func verify(_ text: String, by keys: TokenKeys, now: Double) throws(TokenRefusal) -> (caller: Caller, until: Double)
    {
        let token = try SignedToken(text)
        try token.verify(by: keys)
        guard Self.types.contains(token.type?.lowercased() ?? "jwt") else { throw .wrongType }
        guard let claims = ClaimValue(json: token.payload) else { throw .malformed }
        guard claims.value(at: "iss") == .text(rules.issuer) else { throw .wrongIssuer }
        guard isForUs(claims.value(at: "aud")) else { throw .wrongAudience }
        let until = try checkTimes(claims, now: now)
        let names = claims.value(at: rules.rolesClaim)?.words ?? []
        let roles = Set(names.compactMap { Role(rawValue: $0) })
        guard case .text(let name)? = claims.value(at: "sub"), Self.isName(name) else { throw .noName }
        guard !roles.isEmpty else { throw .noRoles }
        return (Caller(name: name, roles: roles, subject: try subject(in: claims)), until)
    }

    private func isForUs(_ audience: ClaimValue?) -> Bool {
        switch audience {
        case .text(let name): name == rules.audience
        case .list(let names): names.contains(.text(rules.audience))
        default: false
        }
    }

    /// Returns the end of the token in seconds since 1970.
    private func checkTimes(_ claims: ClaimValue, now: Double) throws(TokenRefusal) -> Double {
        guard let end = try time("exp", in: claims) else { throw .noExpiry }
        guard now < end + Self.leeway else { throw .expired }
        if let start = try time("nbf", in: claims), now < start - Self.leeway { throw .notYetValid }
        if let issued = try time("iat", in: claims), now < issued - Self.leeway { throw .issuedInFuture }
        return end + Self.leeway
    }

    private func time(_ name: String, in claims: ClaimValue) throws(TokenRefusal) -> Double? {
        switch claims.value(at: name) {
        case nil: return nil
        case .number(let seconds)? where seconds.isFinite: return seconds
        default: throw .malformed
        }
    }

    private func subject(in claims: ClaimValue) throws(TokenRefusal) -> [UInt8]? {
        guard let claim = rules.subjectClaim, let value = claims.value(at: claim) else { return nil }
        guard case .text(let id) = value, (1...Self.maximumNameBytes).contains(id.utf8.count) else { throw .malformed }
        return Array(id.utf8)
    }

    private static func isName(_ text: String) -> Bool {
        (1...maximumNameBytes).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}
