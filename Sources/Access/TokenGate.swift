internal import Crypto
internal import Synchronization

/// Verifies the tokens of requests. Good tokens are cached for a short time, because a client sends its token with each
/// request.
final class TokenGate: Sendable {
    private struct Known {
        let caller: Caller
        let until: Double
        let generation: Int
    }

    /// A token is verified again after this time, in seconds.
    private static let knownSeconds = 60.0
    /// The number of cached tokens. When there are more, all are removed.
    private static let maximumKnown = 4096

    let keys: KeySource
    private let verifier: TokenVerifier
    /// By the token's SHA-256.
    private let known = Mutex<[SHA256.Digest: Known]>([:])

    init(_ rules: TokenRules, keys: KeySource) { (verifier, self.keys) = (TokenVerifier(rules: rules), keys) }

    /// `now`: seconds since 1970.
    func caller(of token: String, now: Double) async throws(TokenRefusal) -> Caller {
        guard token.utf8.count <= SignedToken.maximumBytes else { throw .tooLong }
        if keys.current == nil { await keys.askForUnknownKey() }
        guard let current = keys.current else { throw .keysUnavailable }
        let digest = Self.digest(of: token)
        if let caller = knownCaller(digest, current.generation, now) { return caller }
        do throws(TokenRefusal) {
            return try verify(token, digest, current, now)
        } catch .unknownKey {
            await keys.askForUnknownKey()
            guard let newer = keys.current, newer.generation != current.generation else { throw .unknownKey }
            return try verify(token, digest, newer, now)
        }
    }

    /// The caller of a cached token; nil if the token must be verified.
    func knownCaller(of token: String, now: Double) -> Caller? {
        guard token.utf8.count <= SignedToken.maximumBytes, let generation = keys.current?.generation else {
            return nil
        }
        return knownCaller(Self.digest(of: token), generation, now)
    }

    private func knownCaller(_ digest: SHA256.Digest, _ generation: Int, _ now: Double) -> Caller? {
        guard let known = known.withLock({ $0[digest] }), known.generation == generation, now < known.until else {
            return nil
        }
        return known.caller
    }

    private static func digest(of token: String) -> SHA256.Digest { SHA256.hash(data: Array(token.utf8)) }

    private func verify(
        _ token: String, _ digest: SHA256.Digest, _ current: (keys: TokenKeys, generation: Int), _ now: Double
    ) throws(TokenRefusal) -> Caller {
        let (caller, until) = try verifier.verify(token, by: current.keys, now: now)
        known.withLock { known in
            if known.count >= Self.maximumKnown { known.removeAll(keepingCapacity: true) }
            known[digest] = Known(
                caller: caller, until: min(until, now + Self.knownSeconds), generation: current.generation)
        }
        return caller
    }
}
