internal import Dispatch
internal import Logging

/// Access as configured: the gate of requests, and the sessions of users.
public final class AccessControl: Sendable {
    /// A session as its pages see it.
    public struct Session: Sendable {
        public let caller: Caller
        /// The value that a form carries, and that a request with the form must bring back.
        public let formToken: String
        /// The value of `Set-Cookie` that the answer must carry; nil if the browser's cookie is still good for long.
        public let setCookie: String?
    }

    public let gate: ConfiguredGate
    public let cookie: SessionCookie
    /// Who has access to what, in one sentence, for the log at the start.
    public let openness: String

    private let passwords = PasswordWork()
    private let logger: Logger

    init(_ gate: ConfiguredGate, cookie: SessionCookie, openness: String, logger: Logger) {
        (self.gate, self.cookie) = (gate, cookie)
        (self.openness, self.logger) = (openness, logger)
    }

    /// Whether access is configured. Without a configuration only callers of this machine are let in.
    public var isConfigured: Bool { gate.isConfigured }
    /// Whether there are users who can log in.
    public var hasUsers: Bool { gate.users != nil }

    /// Opens a session. A wrong name takes as long as a wrong password and is refused in the same words. Attempts are
    /// limited by name, by address and in total.
    ///
    /// `audit` records log-ins and wrong passwords; nil if nothing is recorded. A log-in succeeds even if it cannot be
    /// recorded, because it shows nothing by itself: each look and act is recorded on its own.
    public func logIn(
        name: String, password: String, address: String, audit: (any AuditLog)? = nil
    ) async throws(Denial) -> Session {
        do throws(Denial) {
            let session = try await open(name: name, password: password, address: address)
            await record(Self.logInAction, name, "allowed", in: audit)
            return session
        } catch {
            // Attempts beyond the limits would fill the audit.
            if case .unauthenticated = error { await record(Self.logInAction, name, "denied", in: audit) }
            throw error
        }
    }

    /// The actions in the audit.
    static let (logInAction, logOutAction) = ("logIn", "logOut")
    /// The actor of a log-in under a name that no user has. The name itself may be a password in the wrong field.
    static let unknownUser = "unknown-user"

    private func record(_ action: String, _ name: String, _ outcome: String, in audit: (any AuditLog)?) async {
        guard let audit else { return }
        let actor = gate.users?[name] == nil ? Self.unknownUser : name
        do {
            try await audit.append(
                AuditRecord(actor: actor, action: action, subject: nil, purpose: nil, outcome: outcome))
        } catch {
            logger.warning(
                "a log-in or a log-out is not in the audit",
                metadata: ["action": "\(action)", "reason": "\(type(of: error))"])
        }
    }

    private func open(name: String, password: String, address: String) async throws(Denial) -> Session {
        let wrong = Denial.unauthenticated(reason: "wrong-name-or-password")
        guard let users = gate.users else { throw .unauthenticated(reason: "no-users") }
        let limits = gate.limits
        if let seconds = limits.passwordsByAddress.take(AddressGroup.of(address), at: gate.clock.steady()) {
            throw .tooMany(retryAfter: seconds)
        }
        guard User.isName(name), password.utf8.count <= PasswordHash.maximumBytes else { throw wrong }
        if let seconds = limits.passwordsByName.take(name, at: gate.clock.steady()) {
            throw .tooMany(retryAfter: seconds)
        }
        let user = users[name]
        let hash = user?.password ?? PasswordHash.ofNobody
        guard let isRight = await passwords.run({ hash?.isHash(of: password) ?? false }) else {
            throw .tooMany(retryAfter: 1)
        }
        guard isRight, let user else { throw wrong }
        limits.passwordsByName.forget(name)
        let token = gate.sessions.open(user, now: gate.clock.seconds)
        guard let (owner, session) = gate.session(token) else { throw wrong }
        return view(owner, session, setCookie: cookie.setting(token))
    }

    /// The session of a cookie's token; nil if it has ended.
    public func session(_ token: String) -> Session? {
        guard let (user, session) = gate.session(token) else { return nil }
        let renewed = gate.sessions.renew(session, now: gate.clock.seconds)
        return view(user, session, setCookie: renewed.map(cookie.setting))
    }

    /// The value that a form of a session carries. Without a session, as before the log-in, it is the value that all
    /// forms of this server carry. Another site's page can read neither.
    public func formToken(ofSession token: String?) -> String {
        gate.sessions.formToken(token.flatMap { gate.session($0)?.session })
    }

    /// Ends the session of a cookie's token on this member. The response must remove the cookie with `cookie.removal`.
    /// `audit` records who logged out; nil if nothing is recorded. A token without a session is not recorded, so a
    /// log-in comes before each record.
    public func logOut(_ token: String, audit: (any AuditLog)? = nil) async {
        guard let (user, session) = gate.session(token) else { return }
        gate.sessions.close(session, now: gate.clock.seconds)
        await record(Self.logOutAction, user.name, "allowed", in: audit)
    }

    private func view(_ user: User, _ session: Sessions.Session, setCookie: String?) -> Session {
        Session(
            caller: Caller(name: user.name, roles: user.roles, subject: user.subject),
            formToken: gate.sessions.formToken(session), setCookie: setCookie)
    }

    /// The time between two checks of the files.
    private static let watchInterval = Duration.seconds(1)

    /// Reloads the users and the issuer's keys when they change, until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.watchInterval)
            if let users = gate.users {
                // The disk may be slow.
                await withCheckedContinuation { continuation in
                    DispatchQueue.global().async { [logger] in
                        users.reloadIfChanged(logger)
                        continuation.resume()
                    }
                }
            }
            await gate.tokens?.keys.refresh()
        }
    }
}
