/// Finds out who makes a request, by the means that the configuration accepts: the tokens of an issuer, the sessions of
/// users, or both. Without either, callers of this machine are `loopback`, who may do everything except what a subject
/// may, and no other caller is let in.
public struct ConfiguredGate: Gate {
    /// The caller of this machine if nothing is configured.
    static let loopback = Caller(name: "loopback", roles: Set(Role.allCases).subtracting([.subject]))

    let tokens: TokenGate?
    let users: UserStore?
    let sessions: Sessions
    let limits: CallerLimits
    let clock: AccessClock

    var isConfigured: Bool { tokens != nil || users != nil }

    public func caller(_ credentials: Credentials) async throws(Denial) -> Caller {
        let address = AddressGroup.of(credentials.address)
        let caller: Caller
        if isConfigured {
            // Requests without credentials cost nothing, and do not take from those with credentials.
            guard credentials.authorization != nil || credentials.session != nil else {
                throw .unauthenticated(reason: "no-credentials")
            }
            if let seconds = limits.failures.wait(address, at: clock.steady()) { throw .tooMany(retryAfter: seconds) }
            do throws(Denial) {
                caller = try await proven(credentials)
            } catch {
                if case .unauthenticated = error { _ = limits.failures.take(address, at: clock.steady()) }
                throw error
            }
        } else {
            guard credentials.isLoopback else { throw .unauthenticated(reason: "access-not-configured") }
            caller = Self.loopback
        }
        if let seconds = limits.requests?.take(caller.name, at: clock.steady()) { throw .tooMany(retryAfter: seconds) }
        return caller
    }

    public func callerAtOnce(_ credentials: Credentials) -> Caller? {
        let now = clock.steady()
        let caller: Caller?
        if !isConfigured {
            caller = credentials.isLoopback ? Self.loopback : nil
        } else if limits.failures.wait(AddressGroup.of(credentials.address), at: now) != nil {
            caller = nil
        } else if let authorization = credentials.authorization {
            caller = Self.bearer(authorization).flatMap { tokens?.knownCaller(of: $0, now: clock.wall()) }
        } else {
            caller = credentials.session.flatMap { try? owner(of: $0) }
        }
        // `take` does not change an empty bucket.
        guard let caller, limits.requests?.take(caller.name, at: now) == nil else { return nil }
        return caller
    }

    /// The token in the value of an `Authorization` header; nil if it has another scheme.
    private static func bearer(_ authorization: String) -> String? {
        let words = authorization.split(separator: " ", maxSplits: 1)
        return words.count == 2 && words[0].lowercased() == "bearer" ? String(words[1]) : nil
    }

    private func proven(_ credentials: Credentials) async throws(Denial) -> Caller {
        guard let authorization = credentials.authorization else { return try owner(of: credentials.session ?? "") }
        guard let token = Self.bearer(authorization) else { throw .unauthenticated(reason: "unsupported-scheme") }
        guard let tokens else { throw .unauthenticated(reason: "tokens-not-accepted") }
        do throws(TokenRefusal) {
            return try await tokens.caller(of: token, now: clock.wall())
        } catch .noRoles {
            throw .forbidden
        } catch {
            throw .unauthenticated(reason: error.rawValue)
        }
    }

    /// The user of the session.
    private func owner(of token: String) throws(Denial) -> Caller {
        guard let (user, _) = session(token) else { throw .unauthenticated(reason: "no-session") }
        return Caller(name: user.name, roles: user.roles, subject: user.subject)
    }

    /// Nil if the session has ended, or if the user has changed since the log-in.
    func session(_ token: String) -> (user: User, session: Sessions.Session)? {
        guard let session = sessions.session(token, now: clock.seconds), let user = users?[session.name],
            sessions.isOf(user, session)
        else { return nil }
        return (user, session)
    }
}
