/// What a request brings to prove who makes it.
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

/// Why a request is not answered.
public enum Denial: Error, Hashable, Sendable {
    /// 401: nothing proves who asks. The reason is a code for the log and the answer (`no-credentials`, `expired`, `bad-signature`).
    case unauthenticated(reason: String)
    /// 403: the caller has no role that may.
    case forbidden
    /// 403: another's file is read for a purpose, and the request names none.
    case purposeNeeded
    /// 429, with the seconds after which the caller may ask again.
    case tooMany(retryAfter: Int)
}

/// Finds out who makes a request. It may be called on an event loop, so it does not block.
public protocol Gate: Sendable {
    func caller(_ credentials: Credentials) async throws(Denial) -> Caller

    /// The same at once, with the same effects; nil, without any effect, if the decision needs to wait or is a denial. The caller then
    /// asks `caller`. It does not block and is called for each request, so it is fast.
    func callerAtOnce(_ credentials: Credentials) -> Caller?
}

extension Gate {
    public func callerAtOnce(_ credentials: Credentials) -> Caller? { nil }
}
