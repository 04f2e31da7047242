internal import Crypto
public import Events
internal import Glibc

/// Who may write control events: Ed25519 public keys by name, each with the acts that it may sign.
///
/// A file has one key per line: `standing-control-key NAME HEX ACT[,ACT…]`, or `all` instead of the acts (`ControlType.act`).
/// Lines that begin with `#` are for people.
public struct ControlKeys: Sendable {
    /// Why the text is no list of keys.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Why a control event is turned away.
    public enum Objection: Sendable, Hashable {
        /// No signature, or a key that is not known.
        case notSigned
        case badSignature
        /// The key may not sign this act.
        case notAllowed
    }

    private struct Key: Sendable {
        let key: Curve25519.Signing.PublicKey
        let acts: Set<String>
    }

    static let word = "standing-control-key"
    static let everyAct = "all"
    public static let maximumKeys = 1000
    static let maximumNameBytes = 64
    private static let maximumBytes = 1 << 20

    private var keys: [String: Key] = [:]

    /// Sorted.
    public var names: [String] { keys.keys.sorted() }

    /// Throws `Failure`, with the line, or `FileError`.
    public init(file: String, on files: any FileSystem = PosixFileSystem()) throws {
        guard let bytes = try files.contents(of: file, limit: Self.maximumBytes) else {
            throw Failure(description: "\(file): no such file")
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" }).map(String.init)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            func failure(_ reason: String) -> Failure { Failure(description: "\(file):\(index + 1): error: \(reason)") }
            guard first == Self.word, words.count == 4, let raw = Hex.bytes(words[2], count: 32) else {
                throw failure("not \(Self.word) NAME, 64 hexadecimal digits and the acts")
            }
            guard Self.isName(words[1]) else { throw failure("\(words[1]) is no name of letters, digits, . _ -") }
            guard keys[words[1]] == nil else { throw failure("\(words[1]) has a key already") }
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: raw) else {
                throw failure("\(words[2]) is no Ed25519 public key")
            }
            let acts = words[3].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            if let unknown = acts.first(where: { $0 != Self.everyAct && !ControlType.acts.contains($0) }) {
                let known = ControlType.acts.joined(separator: ", ")
                throw failure("\(unknown) is no act: \(known) or \(Self.everyAct)")
            }
            keys[words[1]] = Key(key: key, acts: Set(acts.contains(Self.everyAct) ? ControlType.acts : acts))
        }
        guard !keys.isEmpty else { throw Failure(description: "\(file): no line \(Self.word) NAME HEX ACTS") }
        guard keys.count <= Self.maximumKeys else {
            throw Failure(description: "\(file): more than \(Self.maximumKeys) keys")
        }
    }

    static func isName(_ text: String) -> Bool {
        (1...maximumNameBytes).contains(text.utf8.count) && text.wholeMatch(of: /[A-Za-z0-9._-]+/) != nil
    }

    /// Whether the key of this name may sign the act.
    public func allows(_ name: String, _ type: ControlType) -> Bool {
        type.act.map { keys[name]?.acts.contains($0) ?? false } ?? false
    }

    /// Whether `signer` has the private key to a key of this file.
    public func has(_ signer: ControlSigner) -> Bool {
        keys[signer.name].map { Array($0.key.rawRepresentation) == signer.publicKey } ?? false
    }

    /// Why the event is turned away; nil if a key that may signed it. `key`, `signature`: the event's attributes, nil if it has
    /// none.
    public func objection(
        to statement: ControlStatement, of type: ControlType, key name: String?, signature: String?
    ) -> Objection? {
        guard let name, let signature, let key = keys[name] else { return .notSigned }
        guard let raw = Hex.bytes(signature, count: 64), let signed = statement.canonical(key: name),
            key.key.isValidSignature(raw, for: signed)
        else { return .badSignature }
        return allows(name, type) ? nil : .notAllowed
    }
}

/// Signs control events. The private key's file has one line, `standing-control-private-key NAME HEX`, and only its owner may
/// read it.
public struct ControlSigner: Sendable {
    static let word = "standing-control-private-key"
    private static let maximumBytes = 1 << 16
    private static let othersMayRead: UInt32 = 0o077

    /// The key's name in the file of public keys.
    public let name: String
    private let key: Curve25519.Signing.PrivateKey

    /// 32 bytes.
    var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// Throws `ControlKeys.Failure`, also where others than the file's owner may read it, or `FileError`.
    public init(file: String, on files: any FileSystem = PosixFileSystem()) throws {
        guard let bytes = try files.contents(of: file, limit: Self.maximumBytes) else {
            throw ControlKeys.Failure(description: "\(file): no such file")
        }
        var status = stat()
        if stat(file, &status) == 0, status.st_mode & Self.othersMayRead != 0 {
            throw ControlKeys.Failure(
                description: "\(file): others may read this private key: chmod 600 it, and make a new one if they did")
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }.filter { $0.first.map { !$0.hasPrefix("#") } ?? false }
        guard lines.count == 1, lines[0].count == 3, lines[0][0] == Self.word, ControlKeys.isName(lines[0][1]),
            let raw = Hex.bytes(lines[0][2], count: 32),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: raw)
        else { throw ControlKeys.Failure(description: "\(file): one line \(Self.word) NAME HEX is needed") }
        (name, self.key) = (lines[0][1], key)
    }

    /// The texts of a new key's private file and public file, in the forms that are read here. Throws `ControlKeys.Failure` for a
    /// name that is not usable, or an unknown act.
    public static func generate(
        name: String, acts: [String]
    ) throws(ControlKeys.Failure) -> (privateFile: String, publicFile: String) {
        guard ControlKeys.isName(name) else {
            throw ControlKeys.Failure(
                description: "\(name): no name of at most \(ControlKeys.maximumNameBytes) letters, digits, . _ and -")
        }
        let known = ControlType.acts + [ControlKeys.everyAct]
        if acts.isEmpty || !acts.allSatisfy(known.contains) {
            throw ControlKeys.Failure(description: "acts: one or more of \(known.joined(separator: ", "))")
        }
        let key = Curve25519.Signing.PrivateKey()
        return (
            "# \(name) signs control events; keep it to yourself\n\(word) \(name) \(Hex.text(key.rawRepresentation))\n",
            "\(ControlKeys.word) \(name) \(Hex.text(key.publicKey.rawRepresentation)) \(acts.joined(separator: ","))\n"
        )
    }

    /// 128 hexadecimal digits; nil if an attribute has a control character.
    public func sign(_ statement: ControlStatement) -> String? {
        guard let bytes = statement.canonical(key: name) else { return nil }
        return (try? key.signature(for: bytes)).map { Hex.text($0) }
    }
}
