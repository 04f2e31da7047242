/// The credentials of a request.
public struct Credentials: Sendable {
    /// The value of the `Authorization` header.
    public let authorization: String?
    /// The value of the session's cookie.
    public let session: String?
    /// The address of the other end of the connection, without the port.
    public let address: String
    /// Whether that address is this machine's own.
    public let isLoopback: Bool

    public init(authorization: String?, session: String?, address: String, isLoopback: Bool) {
        (self.authorization, self.session) = (authorization, session)
        (self.address, self.isLoopback) = (address, isLoopback)
    }
}

/// Why a request is refused.
public enum Denial: Error, Hashable, Sendable {
    /// 401: the caller is not authenticated. The reason is a code for the log and the answer (`no-credentials`,
    /// `expired`, `bad-signature`).
    case unauthenticated(reason: String)
    /// 403: no role of the caller has the permission.
    case forbidden
    /// 403: the file of another subject is read for a purpose, and the request has none.
    case purposeNeeded
    /// 429, with the seconds after which the caller may ask again.
    case tooMany(retryAfter: Int)

    /// The reasons of `unauthenticated` that the access control has.
    public static let reasons =
        [
            "access-not-configured", "no-credentials", "no-session", "no-users", "tokens-not-accepted",
            "unsupported-scheme", "wrong-name-or-password",
        ] + ForwardedCallers.Refusal.allCases.map(\.reason)
        // A token without a role that is known here is `forbidden`.
        + TokenRefusal.allCases.filter { $0 != .noRoles }.map(\.rawValue)
}

/// Finds out who makes a request. It may be called on an event loop, so it does not block.
public protocol Gate: Sendable {
    func caller(_ credentials: Credentials) async throws(Denial) -> Caller

    /// The caller without suspension, with the same effects. Nil, without any effect, if the decision needs to wait or
    /// is a denial; the client then calls `caller`. It does not block and is called for each request, so it is fast.
    func callerAtOnce(_ credentials: Credentials) -> Caller?
}

extension Gate {
    public func callerAtOnce(_ credentials: Credentials) -> Caller? { nil }
}
