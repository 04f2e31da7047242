internal import Crypto
internal import Events

/// The keys that sign checkpoints and records of the audit, and the keys that are trusted. Ed25519. A signed text begins
/// with the name of its format, so that a signature proves nothing else.
///
/// A key file has one key per line: `standing-private-key HEX` or `standing-public-key HEX`. What follows the key,
/// and lines that begin with `#`, are for people.
public struct Keyring: Sendable {
    /// Why a file of keys cannot be used.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    private static let privateWord = "standing-private-key"
    private static let publicWord = "standing-public-key"
    private static let maximumBytes = 1 << 20

    private let signer: Curve25519.Signing.PrivateKey?
    private var trusted: [String: Curve25519.Signing.PublicKey] = [:]

    /// The id of the key that this process signs with; nil if it has none.
    public var signingKey: String? { signer.map { Self.id($0.publicKey) } }
    /// The ids of the trusted keys, sorted. The signing key is among them.
    public var trustedKeys: [String] { trusted.keys.sorted() }

    /// `signing`: a file with one private key; `trusted`: a file of public keys.
    public init(signing: String? = nil, trusted: String? = nil, on files: any FileSystem = PosixFileSystem()) throws {
        var signer: Curve25519.Signing.PrivateKey?
        if let signing {
            let keys = try Self.keys(in: signing, Self.privateWord, on: files)
            guard keys.count == 1 else {
                throw Failure(description: "\(signing): one line \(Self.privateWord) HEX is needed")
            }
            signer = try? Curve25519.Signing.PrivateKey(rawRepresentation: keys[0])
        }
        self.signer = signer
        if let signer { self.trusted[Self.id(signer.publicKey)] = signer.publicKey }
        guard let trusted else { return }
        let keys = try Self.keys(in: trusted, Self.publicWord, on: files)
        guard !keys.isEmpty else { throw Failure(description: "\(trusted): no line \(Self.publicWord) HEX") }
        for bytes in keys {
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
                throw Failure(description: "\(trusted): \(Hex.text(bytes)) is no Ed25519 public key")
            }
            self.trusted[Self.id(key)] = key
        }
    }

    /// The keys in a file's lines that begin with `word`.
    private static func keys(in path: String, _ word: String, on files: any FileSystem) throws -> [[UInt8]] {
        guard let bytes = try files.contents(of: path, limit: maximumBytes) else {
            throw Failure(description: "\(path): no such file")
        }
        var keys: [[UInt8]] = []
        for (number, line) in String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        )
        .enumerated() {
            let words = line.split(separator: " ")
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard first == word, words.count > 1, let key = Hex.bytes(words[1], count: 32) else {
                throw Failure(description: "\(path):\(number + 1): error: not \(word) and 64 hexadecimal digits")
            }
            keys.append(key)
        }
        return keys
    }

    /// A key's id: the first 16 hexadecimal digits of the public key's SHA-256.
    private static func id(_ key: Curve25519.Signing.PublicKey) -> String {
        Hex.text(SHA256.hash(data: key.rawRepresentation).prefix(8))
    }

    /// The texts of a new key's private file and public file, in the form that `init` reads, and the key's id.
    public static func generate() -> (privateFile: String, publicFile: String, id: String) {
        let key = Curve25519.Signing.PrivateKey()
        let id = Self.id(key.publicKey)
        return (
            "# key \(id): signs checkpoints and the audit; keep it to yourself\n\(privateWord) \(Hex.text(key.rawRepresentation))\n",
            "\(publicWord) \(Hex.text(key.publicKey.rawRepresentation)) # key \(id)\n", id
        )
    }

    /// Nil if there is no signing key.
    public func sign(_ checkpoint: Checkpoint) -> SignedCheckpoint? {
        guard let signer, let signature = signature(of: checkpoint.canonical) else { return nil }
        return SignedCheckpoint(checkpoint, key: Self.id(signer.publicKey), signature: signature)
    }

    /// The signature of a text of another format, in 128 hexadecimal digits; nil if there is no signing key.
    public func sign(_ text: [UInt8]) -> String? { signature(of: text).map { Hex.text($0) } }

    private func signature(of text: [UInt8]) -> [UInt8]? {
        guard let signer, let signature = try? signer.signature(for: text) else { return nil }
        return Array(signature)
    }

    /// Why the signature is not valid; nil if a trusted key signed the checkpoint.
    public func objection(to signed: SignedCheckpoint) -> String? {
        objection(to: signed.signature, by: signed.key, of: signed.checkpoint.canonical)
    }

    /// The same for a text of another format. `signature`: in hexadecimal digits. `key`: a key's id.
    public func objection(to signature: String, by key: String, of text: [UInt8]) -> String? {
        objection(to: Hex.bytes(signature, count: 64) ?? [], by: key, of: text)
    }

    private func objection(to signature: [UInt8], by id: String, of text: [UInt8]) -> String? {
        guard let key = trusted[id] else { return "key \(id.printable()) is not trusted" }
        return key.isValidSignature(signature, for: text) ? nil : "the signature by key \(id) is not good"
    }
}
