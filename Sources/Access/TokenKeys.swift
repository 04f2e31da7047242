internal import Foundation
internal import JWTKit

/// The keys that verify the signatures of an issuer's tokens.
///
/// A file or an answer is one JSON Web Key Set, one JSON Web Key (RFC 7517), or PEM with public keys or certificates. A
/// key is used for the algorithms of the configuration that fit its kind, its `alg` and its curve. Keys for encryption
/// and of unknown kinds are skipped.
public struct TokenKeys: Sendable {
    struct Key: Sendable {
        /// The `kid`; nil if the key has none.
        let id: String?
        let algorithm: SignatureAlgorithm
        let verifier: any JWTAlgorithm
    }

    static let maximumBytes = 256 << 10
    /// The number of keys in a set. More are refused, because a token without `kid` is compared with each.
    static let maximumKeys = 64

    let keys: [Key]

    /// `algorithms`: those that the configuration allows. `isPublic`: the bytes come from a URL, so a shared secret or a private key in them
    /// is known to others.
    init(_ bytes: [UInt8], for algorithms: [SignatureAlgorithm], isPublic: Bool) async throws(AccessMistake) {
        guard bytes.count <= Self.maximumBytes else {
            throw AccessMistake("larger than \(Self.maximumBytes) bytes; give the signing keys alone")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let found =
            text.contains("-----BEGIN ")
            ? try await Self.keys(pem: text, for: algorithms)
            : try await Self.keys(json: bytes, for: algorithms, isPublic: isPublic)
        guard !found.isEmpty else {
            throw AccessMistake(
                "no key for \(algorithms.map(\.rawValue).joined(separator: ", ")) is in it; "
                    + "add the key, or its algorithm to --access-algorithms")
        }
        keys = found
    }

    /// Whether a shared secret is among the keys.
    var hasSecret: Bool { keys.contains { $0.algorithm.family == .shared } }

    /// The keys that may have signed a token. A token without `kid` may be signed by any key of its algorithm. A key
    /// without `kid` may have signed any token of its algorithm.
    func candidates(id: String?, algorithm: SignatureAlgorithm) -> [Key] {
        keys.filter { $0.algorithm == algorithm && (id == nil || $0.id == nil || $0.id == id) }
    }
}

extension TokenKeys.Key {
    func signs(_ bytes: [UInt8], with signature: [UInt8]) -> Bool {
        (try? verifier.verify(signature, signs: bytes)) ?? false
    }

    /// A collection with one key, because JWTKit makes verifiers only in collections.
    fileprivate init(
        id: String?, _ algorithm: SignatureAlgorithm, _ add: (JWTKeyCollection) async throws -> Void
    ) async throws {
        let collection = JWTKeyCollection()
        try await add(collection)
        self.init(id: id, algorithm: algorithm, verifier: try await collection.getKey())
    }
}

// MARK: - JSON

/// The members of a JSON Web Key that state its purpose and kind.
private struct WebKey: Decodable {
    let kty: String
    let use: String?
    let operations: [String]?
    let alg: String?
    let kid: String?
    let crv, n, e, x, y, k, d: String?

    private enum CodingKeys: String, CodingKey {
        case kty, use, alg, kid, crv, n, e, x, y, k, d
        case operations = "key_ops"
    }

    /// Whether the key's owner lets it verify signatures.
    var verifies: Bool { use ?? "sig" == "sig" && operations?.contains("verify") ?? true }

    func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        guard alg ?? algorithm.rawValue == algorithm.rawValue else { return false }
        return switch algorithm.family {
        case .rsa, .pss: kty == "RSA"
        case .ecdsa: kty == "EC" && crv == algorithm.curve
        case .eddsa: kty == "OKP" && crv == algorithm.curve
        case .shared: kty == "oct"
        }
    }
}

/// A set that may contain unreadable keys, because they may be of a kind that is not used here.
private struct WebKeySet: Decodable {
    struct Item: Decodable {
        let key: WebKey?

        init(from decoder: any Decoder) throws { key = try? WebKey(from: decoder) }
    }

    let keys: [Item]
}

extension TokenKeys {
    private static func keys(
        json bytes: [UInt8], for algorithms: [SignatureAlgorithm], isPublic: Bool
    ) async throws(AccessMistake) -> [Key] {
        let decoder = JSONDecoder()
        let webKeys: [WebKey]
        if let set = try? decoder.decode(WebKeySet.self, from: Data(bytes)) {
            webKeys = set.keys.compactMap(\.key)
        } else if let key = try? decoder.decode(WebKey.self, from: Data(bytes)) {
            webKeys = [key]
        } else {
            throw AccessMistake("neither a JSON Web Key Set nor PEM; give one of them")
        }
        guard webKeys.count <= maximumKeys else {
            throw AccessMistake("more than \(maximumKeys) keys; give those alone that still sign tokens")
        }
        var keys: [Key] = []
        for key in webKeys where key.verifies {
            if key.d != nil { throw AccessMistake("a private key is in it; give the public keys alone") }
            for algorithm in algorithms where key.fits(algorithm) {
                if isPublic, algorithm.family == .shared {
                    throw AccessMistake("a shared secret is published there; let the issuer sign with a private key")
                }
                keys.append(try await make(key, algorithm))
            }
        }
        return keys
    }

    private static func make(_ key: WebKey, _ algorithm: SignatureAlgorithm) async throws(AccessMistake) -> Key {
        let name = "the key \(key.kid ?? "without kid")"
        let made: Key?
        do {
            made = try await Key(id: key.kid, algorithm) { keys in
                switch algorithm.family {
                case .rsa:
                    await keys.add(rsa: try key.rsa, digestAlgorithm: algorithm.digest)
                case .pss:
                    await keys.add(pss: try key.rsa, digestAlgorithm: algorithm.digest)
                case .ecdsa:
                    let point = (x: key.x ?? "", y: key.y ?? "")
                    switch algorithm {
                    case .es256: await keys.add(ecdsa: try ES256PublicKey(parameters: point))
                    case .es384: await keys.add(ecdsa: try ES384PublicKey(parameters: point))
                    default: await keys.add(ecdsa: try ES512PublicKey(parameters: point))
                    }
                case .eddsa:
                    await keys.add(eddsa: try EdDSA.PublicKey(x: key.x ?? "", curve: .ed25519))
                case .shared:
                    guard let secret = Base64.bytes((key.k ?? "").utf8), secret.count >= algorithm.minimumSecretBytes
                    else { throw AccessMistake("") }
                    await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: algorithm.digest)
                }
            }
        } catch {
            made = nil
        }
        guard let made else {
            let hint =
                algorithm.family == .shared
                ? "a secret has at least \(algorithm.minimumSecretBytes) bytes in base64url"
                : "RSA keys have at least 2048 bits, others a point of their curve"
            throw AccessMistake("\(name) is no key for \(algorithm.rawValue); \(hint)")
        }
        return made
    }
}

extension WebKey {
    fileprivate var rsa: Insecure.RSA.PublicKey {
        get throws { try Insecure.RSA.PublicKey(modulus: n ?? "", exponent: e ?? "") }
    }
}

// MARK: - PEM

extension TokenKeys {
    private static let begin = "-----BEGIN "
    private static let end = "-----END "

    private static func keys(pem text: String, for algorithms: [SignatureAlgorithm]) async throws(AccessMistake)
        -> [Key]
    {
        let documents = documents(of: text)
        guard documents.count <= maximumKeys else {
            throw AccessMistake("more than \(maximumKeys) keys; give those alone that still sign tokens")
        }
        var keys: [Key] = []
        for (index, document) in documents.enumerated() {
            switch document.label {
            case "PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE": break
            case let label where label.hasSuffix("PRIVATE KEY"):
                throw AccessMistake("a private key is in it; give the public keys alone")
            default: continue
            }
            let count = keys.count
            for algorithm in algorithms {
                if let key = try? await make(document, algorithm) { keys.append(key) }
            }
            guard keys.count > count else {
                throw AccessMistake(
                    "the \(document.label) number \(index + 1) is no key for "
                        + "\(algorithms.map(\.rawValue).joined(separator: ", ")); RSA keys have at least 2048 bits")
            }
        }
        return keys
    }

    private typealias Document = (label: String, text: String)

    private static func documents(of text: String) -> [Document] {
        var documents: [Document] = []
        var (label, lines): (String?, [Substring]) = (nil, [])
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix(begin) {
                label = String(line.dropFirst(begin.count).prefix { $0 != "-" })
                lines = []
            }
            lines.append(line)
            if line.hasPrefix(end), let name = label {
                documents.append((name, lines.joined(separator: "\n") + "\n"))
                label = nil
            }
        }
        return documents
    }

    private static func make(_ document: Document, _ algorithm: SignatureAlgorithm) async throws -> Key? {
        let (isCertificate, text) = (document.label == "CERTIFICATE", document.text)
        switch algorithm.family {
        case .rsa, .pss:
            let key =
                try isCertificate
                ? Insecure.RSA.PublicKey(certificatePEM: text) : Insecure.RSA.PublicKey(pem: text)
            return try await Key(id: nil, algorithm) { keys in
                if algorithm.family == .rsa {
                    await keys.add(rsa: key, digestAlgorithm: algorithm.digest)
                } else {
                    await keys.add(pss: key, digestAlgorithm: algorithm.digest)
                }
            }
        case .ecdsa:
            return try await Key(id: nil, algorithm) { keys in
                switch algorithm {
                case .es256:
                    await keys.add(
                        ecdsa: try isCertificate ? ES256PublicKey(certificate: text) : ES256PublicKey(pem: text))
                case .es384:
                    await keys.add(
                        ecdsa: try isCertificate ? ES384PublicKey(certificate: text) : ES384PublicKey(pem: text))
                default:
                    await keys.add(
                        ecdsa: try isCertificate ? ES512PublicKey(certificate: text) : ES512PublicKey(pem: text))
                }
            }
        case .eddsa where !isCertificate:
            let key = try EdDSA.PublicKey(pem: text)
            return try await Key(id: nil, algorithm) { await $0.add(eddsa: key) }
        case .eddsa, .shared:
            return nil
        }
    }
}
