internal import Crypto
internal import Foundation
internal import Synchronization

/// Sessions of users who logged in, as tokens in a cookie. Sessions use no memory, so their number needs no limit, and
/// every member with the same key accepts them.
///
/// A token is base64url of a payload, a dot, and base64url of the payload's HMAC-SHA256. The payload, big-endian:
/// version (1 byte, 1), id (32 random bytes), the times of the log-in and of the last renewal (8 bytes each, seconds
/// since 1970), the mark of the user's password (16 bytes), name (UTF-8). The roles are not in it; a request has the
/// roles that its user has at that time. A new password, or the removal of the user, ends all sessions of the user on
/// every member.
///
/// A log-out is valid on the member where it is made. Others accept the token until it ends, at most `idle` seconds
/// after its last renewal. The list of ids that logged out is limited. When it is full, all earlier sessions end.
final class Sessions: Sendable {
    /// A session without a request ends after this time, in seconds.
    static let idle: Int64 = 30 * 60
    /// A session ends this long after the login, in seconds.
    static let absolute: Int64 = 12 * 60 * 60
    /// A token is renewed by a request after this time, in seconds.
    static let renewal: Int64 = 5 * 60
    /// The greatest difference of the members' clocks, in seconds.
    private static let leeway: Int64 = 60
    static let maximumRevoked = 65_536
    static let minimumKeyBytes = 32
    static let maximumTokenBytes = 512

    private static let version: UInt8 = 1
    private static let idBytes = 32
    private static let markBytes = 16
    private static let headBytes = 1 + idBytes + 16 + markBytes

    struct Session {
        fileprivate var id: [UInt8]
        fileprivate var login: Int64
        fileprivate var renewed: Int64
        fileprivate var mark: [UInt8]
        var name: String

        /// The end of the session if no request renews it.
        fileprivate var end: Int64 { min(login + Sessions.absolute, renewed + Sessions.idle) }
    }

    private struct Revoked {
        /// The ids that logged out, each with the latest end of its session.
        var ends: [[UInt8]: Int64] = [:]
        /// Sessions with a log-in before this time have ended.
        var before: Int64 = .min
    }

    private let tokenKey, formKey, markKey: SymmetricKey
    private let maximumRevoked: Int
    private let revoked = Mutex(Revoked())

    /// `secret`: if it is nil, the process has one of its own, and its sessions end with it.
    init(secret: [UInt8]?, maximumRevoked: Int = Sessions.maximumRevoked) {
        let root = secret.map { SymmetricKey(data: $0) } ?? SymmetricKey(size: .bits256)
        func key(for purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(inputKeyMaterial: root, info: Array(purpose.utf8), outputByteCount: 32)
        }
        (tokenKey, formKey) = (key(for: "standing session"), key(for: "standing form"))
        markKey = key(for: "standing password mark")
        self.maximumRevoked = maximumRevoked
    }

    /// The token of a new session.
    func open(_ user: User, now: Int64) -> String {
        var random = SystemRandomNumberGenerator()
        let id = (0..<Self.idBytes).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return token(Session(id: id, login: now, renewed: now, mark: mark(of: user), name: user.name))
    }

    /// The session of a token; nil if the token is invalid or its session has ended. The caller must still check the
    /// user with `isOf`.
    func session(_ token: String, now: Int64) -> Session? {
        guard let session = read(token), session.login <= now + Self.leeway, session.renewed <= now + Self.leeway,
            now < session.end
        else { return nil }
        let isRevoked = revoked.withLock { $0.ends[session.id] != nil || session.login < $0.before }
        return isRevoked ? nil : session
    }

    /// Whether the session is of the user in the user's present state.
    func isOf(_ user: User, _ session: Session) -> Bool { session.mark.equalsInConstantTime(mark(of: user)) }

    /// The token that replaces an older one; nil while the older one is new enough.
    func renew(_ session: Session, now: Int64) -> String? {
        guard now - session.renewed >= Self.renewal else { return nil }
        var session = session
        session.renewed = now
        return token(session)
    }

    /// Ends the session on this member.
    func close(_ session: Session, now: Int64) {
        revoked.withLock { revoked in
            if revoked.ends.count >= maximumRevoked { revoked.ends = revoked.ends.filter { $0.value > now } }
            if revoked.ends.count >= maximumRevoked { revoked = Revoked(before: now + 1) }
            // Another tab may have renewed it.
            revoked.ends[session.id] = session.login + Self.absolute + Self.leeway
        }
    }

    /// The value that a form carries so that only our own pages can send it. `session`: nil before the log-in.
    func formToken(_ session: Session?) -> String {
        // Ids have 32 bytes, so no session has the code of the empty id.
        Base64.text(HMAC<SHA256>.authenticationCode(for: session?.id ?? [], using: formKey))
    }

    private func mark(of user: User) -> [UInt8] {
        let hash = HMAC<SHA256>.authenticationCode(for: Array(user.password.description.utf8), using: markKey)
        return Array(hash.prefix(Self.markBytes))
    }

    private func token(_ session: Session) -> String {
        var payload: [UInt8] = [Self.version]
        payload += session.id
        for time in [session.login, session.renewed] { withUnsafeBytes(of: time.bigEndian) { payload += $0 } }
        payload += session.mark
        payload += Array(session.name.utf8)
        let code = HMAC<SHA256>.authenticationCode(for: payload, using: tokenKey)
        return Base64.text(payload) + "." + Base64.text(code)
    }

    private func read(_ token: String) -> Session? {
        guard token.utf8.count <= Self.maximumTokenBytes else { return nil }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let payload = Base64.bytes(parts[0]), let code = Base64.bytes(parts[1]),
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: payload, using: tokenKey),
            payload.count > Self.headBytes, payload[0] == Self.version
        else { return nil }
        var rest = payload.dropFirst()
        func take(_ count: Int) -> [UInt8] {
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        func time() -> Int64 { take(8).reduce(0) { $0 << 8 | Int64($1) } }
        let (id, login, renewed) = (take(Self.idBytes), time(), time())
        let mark = take(Self.markBytes)
        return Session(id: id, login: login, renewed: renewed, mark: mark, name: String(decoding: rest, as: UTF8.self))
    }
}
