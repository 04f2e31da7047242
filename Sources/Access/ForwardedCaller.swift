internal import Crypto
internal import Foundation
internal import Synchronization

/// The caller of a request that one member forwards to another. HMAC-SHA256 with the members' secret seals it for one
/// request to one member:
///
///     v1.TIME.NONCE.CALLER.SEAL
///
/// TIME is the seconds since 1970 in decimal, NONCE 16 random bytes, CALLER the JSON `{"name","roles"[,"subject"]}`,
/// SEAL the code of `standing-forwarded\nMEMBER\nMETHOD\nTARGET\nBODY\nv1.TIME.NONCE.CALLER`, where MEMBER is the
/// `HOST:PORT` that the receiver announces, TARGET the path and the query as sent, and BODY the body's SHA-256 in
/// base64url. NONCE, CALLER and SEAL are base64url without padding.
public struct MemberSecret: Sendable {
    /// A file with fewer bytes is refused.
    public static let minimumBytes = 32
    public static let maximumBytes = 4096

    private let key: SymmetricKey

    /// Nil if there are too few bytes or too many. White space at the end is ignored.
    public init?(_ bytes: some Sequence<UInt8>) {
        var bytes = Array(bytes)
        while let last = bytes.last, [0x20, 0x09, 0x0A, 0x0D].contains(last) { bytes.removeLast() }
        guard (Self.minimumBytes...Self.maximumBytes).contains(bytes.count) else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// The authentication code of any bytes for one purpose. Each purpose gives another code.
    public func code(of bytes: [UInt8], for purpose: StaticString) -> [UInt8] {
        var hash = HMAC<SHA256>(key: key)
        hash.update(data: Data("\(purpose)\n".utf8))
        hash.update(data: bytes)
        return Array(hash.finalize())
    }

    /// Whether it is that code. The time does not depend on where it differs.
    public func isCode(_ code: [UInt8], of bytes: [UInt8], for purpose: StaticString) -> Bool {
        var whole = Data("\(purpose)\n".utf8)
        whole.append(contentsOf: bytes)
        return HMAC<SHA256>.isValidAuthenticationCode(Data(code), authenticating: whole, using: key)
    }

    /// A token for one request. `member`: the `HOST:PORT` that it goes to. `time`: seconds since 1970.
    public func token(
        for caller: Caller, method: String, target: String, body: [UInt8] = [], to member: String, at time: Int64
    ) -> String {
        var random = SystemRandomNumberGenerator()
        let nonce = (0..<ForwardedCallers.nonceBytes).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let content = "v1.\(time).\(Base64.text(nonce)).\(Base64.text(ForwardedCaller(caller).json))"
        let sealed = Self.sealed(content, method: method, target: target, body: body, to: member)
        return "\(content).\(Base64.text(code(of: sealed, for: Self.purpose)))"
    }

    static let purpose: StaticString = "standing-forwarded"

    static func sealed(
        _ content: some StringProtocol, method: String, target: String, body: [UInt8], to member: String
    ) -> [UInt8] {
        let digest = Base64.text(Array(SHA256.hash(data: body)))
        return Array("\(member)\n\(method)\n\(target)\n\(digest)\n\(content)".utf8)
    }
}

/// Accepts the callers of requests that other members forward. Each token is accepted once, within `window` of its
/// time.
public final class ForwardedCallers: Sendable {
    /// The greatest difference of two members' clocks and the time of a request, in seconds.
    public static let window: Int64 = 30
    /// The number of tokens that are remembered, of each of the last two windows. When it is reached, requests are
    /// refused.
    public static let maximumRemembered = 1 << 17
    static let nonceBytes = 16
    private static let maximumTokenBytes = 8 << 10

    /// Why a token is refused.
    enum Refusal: String, CaseIterable {
        case malformed, seal, expired, repeated
        /// This member announces no address yet.
        case elsewhere

        var reason: String { "member-token-\(rawValue)" }
    }

    private struct Nonce: Hashable {
        let high: UInt64
        let low: UInt64
    }

    private struct Seen {
        /// A nonce is in the set of the generation in which its token came.
        var (current, before): (Set<Nonce>, Set<Nonce>) = ([], [])
        var generation: Int64 = .min
    }

    /// Seconds since 1970.
    public static let clock: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }

    public let secret: MemberSecret
    private let member: @Sendable () -> String?
    private let now: @Sendable () -> Int64
    private let seen = Mutex(Seen())

    /// `member`: the `HOST:PORT` that this member announces; nil while it announces none. `now`: seconds since 1970.
    public init(
        _ secret: MemberSecret, member: @escaping @Sendable () -> String?,
        now: @escaping @Sendable () -> Int64 = ForwardedCallers.clock
    ) {
        (self.secret, self.member, self.now) = (secret, member, now)
    }

    /// The caller that another member has authenticated.
    public func caller(
        _ token: String, method: String, target: String, body: [UInt8] = []
    ) throws(Denial) -> Caller {
        func refused(_ refusal: Refusal) -> Denial { .unauthenticated(reason: refusal.reason) }
        guard token.utf8.count <= Self.maximumTokenBytes else { throw refused(.malformed) }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "v1", let time = Int64(parts[1]), let nonce = Base64.bytes(parts[2].utf8),
            nonce.count == Self.nonceBytes, let content = Base64.bytes(parts[3].utf8),
            let seal = Base64.bytes(parts[4].utf8)
        else { throw refused(.malformed) }
        guard let member = member() else { throw refused(.elsewhere) }
        let sealed = MemberSecret.sealed(
            parts[0..<4].joined(separator: "."), method: method, target: target, body: body, to: member)
        guard secret.isCode(seal, of: sealed, for: MemberSecret.purpose) else { throw refused(.seal) }
        let now = now()
        let (age, isBeyond) = now.subtractingReportingOverflow(time)
        guard !isBeyond, age.magnitude <= Self.window.magnitude else { throw refused(.expired) }
        guard let caller = ForwardedCaller(json: content)?.caller else { throw refused(.malformed) }
        guard remember(nonce, at: now) else { throw refused(.repeated) }
        return caller
    }

    /// Remembers a nonce. Returns false if it has been seen while its token is valid, or if there is no room. A token
    /// is valid for two windows at most, so a generation has that length.
    private func remember(_ nonce: [UInt8], at now: Int64) -> Bool {
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        let nonce = Nonce(high: number(nonce[..<8]), low: number(nonce[8...]))
        return seen.withLock { seen in
            // If the clock is set back, no generation is forgotten.
            let generation = max(now / (2 * Self.window), seen.generation)
            if generation != seen.generation {
                seen.before = generation == seen.generation &+ 1 ? seen.current : []
                seen.current = []
                seen.generation = generation
            }
            guard !seen.current.contains(nonce), !seen.before.contains(nonce),
                seen.current.count < Self.maximumRemembered
            else { return false }
            seen.current.insert(nonce)
            return true
        }
    }
}

/// A caller as JSON.
struct ForwardedCaller: Codable, Equatable {
    var name: String
    var roles: [String]
    /// UTF-8.
    var subject: String?

    init(_ caller: Caller) {
        name = caller.name
        roles = Role.allCases.filter { caller.roles.contains($0) }.map(\.rawValue)
        subject = caller.subject.map { String(decoding: $0, as: UTF8.self) }
    }

    init?(json: [UInt8]) {
        guard let found = try? JSONDecoder().decode(Self.self, from: Data(json)) else { return nil }
        self = found
    }

    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings are always encodable.
        return (try? encoder.encode(self)).map(Array.init) ?? []
    }

    /// Nil if there is no name, or a role that this release does not know.
    var caller: Caller? {
        let known = roles.compactMap { Role(rawValue: $0) }
        guard !name.isEmpty, known.count == roles.count else { return nil }
        return Caller(name: name, roles: Set(known), subject: subject.map { Array($0.utf8) })
    }
}
