internal import Foundation
public import Logging

/// The settings of access. A configuration that lacks a part is refused, and never lets more callers in.
public struct AccessConfiguration: Sendable {
    /// A file of `UsersFile`.
    public var users: String?
    /// The `iss` of tokens.
    public var issuer: String?
    /// What `aud` of tokens must name.
    public var audience: String?
    /// A file or a URL with the issuer's keys.
    public var keys: String?
    public var algorithms: [SignatureAlgorithm] = [.rs256, .es256]
    public var rolesClaim = "roles"
    public var subjectClaim: String?
    /// A file with the secret that seals the sessions of all members.
    public var sessionKey: String?
    /// Requests per second of each caller; 0 for no limit. If it is nil, there is no limit if nothing else is
    /// configured, and `standardRequestsPerSecond` otherwise.
    public var requestsPerSecond: Double?
    /// Whether the server speaks TLS itself.
    public var isTLS = false

    public static let standardRequestsPerSecond = 200.0

    public init() {}

    private var isConfigured: Bool { users != nil || keys != nil }

    /// Reads and checks everything that the settings name.
    public func open(logger: Logger) async throws(AccessMistake) -> AccessControl {
        try await open(logger: logger, clock: .system)
    }

    func open(logger: Logger, clock: AccessClock) async throws(AccessMistake) -> AccessControl {
        let tokens = try tokens(clock: clock, logger: logger)
        let users: UserStore? = if let path = self.users { try UserStore(path) } else { nil }
        let secret = try secret()
        try await tokens?.keys.start()
        let limit = requestsPerSecond ?? (isConfigured ? Self.standardRequestsPerSecond : nil)
        let gate = ConfiguredGate(
            tokens: tokens, users: users, sessions: Sessions(secret: secret),
            limits: CallerLimits(requestsPerSecond: limit == 0 ? nil : limit), clock: clock)
        return AccessControl(
            gate, cookie: SessionCookie(isTLS: isTLS), openness: openness(users: users?.count), logger: logger)
    }

    /// Nil if no tokens are accepted.
    private func tokens(clock: AccessClock, logger: Logger) throws(AccessMistake) -> TokenGate? {
        let parts = [("--access-issuer", issuer), ("--access-audience", audience), ("--access-keys", keys)]
        guard let given = parts.first(where: { $0.1 != nil }) else { return nil }
        guard let issuer, let audience, let keys else {
            let missing = parts.filter { $0.1 == nil }.map(\.0).joined(separator: " and ")
            throw AccessMistake("\(given.0) without \(missing): tokens need all three; give \(missing) too")
        }
        let rules = TokenRules(
            issuer: issuer, audience: audience, rolesClaim: rolesClaim, subjectClaim: subjectClaim)
        let location = try location(of: keys)
        if case .url = location, let shared = algorithms.first(where: { $0.family == .shared }) {
            throw AccessMistake(
                "--access-algorithms \(shared.rawValue) with a URL: a secret must not be published; give a file as --access-keys"
            )
        }
        return TokenGate(rules, keys: KeySource(location, algorithms, clock: clock, logger: logger))
    }

    private func location(of keys: String) throws(AccessMistake) -> KeySource.Location {
        let setting = "--access-keys"
        guard keys.contains("://") else {
            return .file(SettingFile(path: keys, setting: setting, isSecret: false))
        }
        guard let url = URL(string: keys), let host = url.host(percentEncoded: false), !host.isEmpty else {
            throw AccessMistake("\(setting) \(keys) is no URL; give a file or https://HOST/PATH")
        }
        guard url.user == nil, url.password == nil else {
            throw AccessMistake("\(setting) names a user in its URL; keys are public, give the URL without one")
        }
        switch url.scheme?.lowercased() {
        case "https": break
        case "http":
            // Over plain HTTP a third party could replace the keys in the answer.
            guard ["localhost", "127.0.0.1", "::1"].contains(host.lowercased()) else {
                throw AccessMistake("\(setting) \(keys) is not encrypted; give https://, or a file")
            }
        default: throw AccessMistake("\(setting) \(keys) is neither https nor a file; give one of them")
        }
        return .url(url)
    }

    /// Nil if the secret is to be one of this process alone.
    private func secret() throws(AccessMistake) -> [UInt8]? {
        guard let path = sessionKey else { return nil }
        guard users != nil else {
            throw AccessMistake(
                "--session-key without --access-users: users alone have sessions; give both, or neither")
        }
        let file = SettingFile(path: path, setting: "--session-key", isSecret: true)
        let bytes = try file.read(limit: MemberSecret.maximumBytes).bytes
        let whiteSpace: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        let key = Array(bytes.reversed().drop { whiteSpace.contains($0) }.reversed())
        guard key.count >= Sessions.minimumKeyBytes, Set(key).count > Sessions.minimumKeyBytes / 4 else {
            throw file.mistake(
                "is no secret: it has at least \(Sessions.minimumKeyBytes) random bytes; write it with "
                    + "`(umask 077; openssl rand -base64 48 > \(path))`")
        }
        return key
    }

    private func openness(users: Int?) -> String {
        var who: [String] = []
        if let issuer { who.append("callers with a token of \(issuer)") }
        if let users { who.append(users == 1 ? "one user who logs in" : "\(users) users who log in") }
        return "HTTP answers /livez, /readyz and /metrics to everybody, and all else to "
            + (who.isEmpty
                ? "this machine alone, for nothing says who else may (--access-users, --access-issuer)"
                : who.joined(separator: " and "))
    }
}
