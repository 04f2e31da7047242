internal import Crypto
internal import CryptoExtras
internal import Foundation

/// A password hashed by scrypt (RFC 7914), as text in the PHC format: `$scrypt$ln=15,r=8,p=3$SALT$HASH`, where `ln` is the logarithm of N
/// to the base 2, and salt and hash are base64 without padding.
public struct PasswordHash: Hashable, Sendable, CustomStringConvertible {
    /// A password that cannot be used. The description is one sentence.
    public struct Unusable: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Shorter passwords are guessed.
    public static let minimumBytes = 12
    /// Longer passwords are refused before they are hashed.
    public static let maximumBytes = 1024

    /// The cost of new hashes, as OWASP advises for scrypt: 32 MiB and about a quarter of a second.
    private static let (logarithm, blockSize, parallelism) = (15, 8, 3)
    private static let saltBytes = 16
    private static let hashBytes = 32
    /// The bounds of a hash in a file: it must not take more memory or time than a login may.
    private static let logarithms = 14...18
    private static let blockSizes = 8...16
    private static let parallelisms = 1...8
    private static let maximumMemory = 256 << 20

    private let logarithm, blockSize, parallelism: Int
    private let salt, hash: [UInt8]

    /// Hashes a new password. It takes a core for long, so it must not be called on an event loop.
    public init(of password: String) throws(Unusable) {
        let length = password.utf8.count
        guard length >= Self.minimumBytes else {
            throw Unusable(description: "the password has fewer than \(Self.minimumBytes) bytes; choose a longer one")
        }
        guard length <= Self.maximumBytes else {
            throw Unusable(description: "the password has more than \(Self.maximumBytes) bytes; choose a shorter one")
        }
        var random = SystemRandomNumberGenerator()
        let salt = (0..<Self.saltBytes).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let hash = Self.derive(password, salt, Self.logarithm, Self.blockSize, Self.parallelism, count: Self.hashBytes)
        guard let hash else { throw Unusable(description: "the password cannot be hashed: there is too little memory") }
        (logarithm, blockSize, parallelism) = (Self.logarithm, Self.blockSize, Self.parallelism)
        (self.salt, self.hash) = (salt, hash)
    }

    /// Nil if the text is not a hash in this format, or its cost is out of bounds.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else { return nil }
        let costs = parts[2].split(separator: ",", omittingEmptySubsequences: false)
        guard costs.count == 3, let logarithm = Self.cost("ln", costs[0]), let blockSize = Self.cost("r", costs[1]),
            let parallelism = Self.cost("p", costs[2]), Self.logarithms.contains(logarithm),
            Self.blockSizes.contains(blockSize), Self.parallelisms.contains(parallelism),
            128 * blockSize << logarithm <= Self.maximumMemory,
            let salt = Base64.bytes(parts[3].utf8, .standard), salt.count >= Self.saltBytes,
            let hash = Base64.bytes(parts[4].utf8, .standard), hash.count == Self.hashBytes
        else { return nil }
        (self.logarithm, self.blockSize, self.parallelism) = (logarithm, blockSize, parallelism)
        (self.salt, self.hash) = (salt, hash)
    }

    private static func cost(_ name: String, _ text: some StringProtocol) -> Int? {
        text.hasPrefix(name + "=") ? Int(text.dropFirst(name.count + 1)) : nil
    }

    public var description: String {
        "$scrypt$ln=\(logarithm),r=\(blockSize),p=\(parallelism)$\(Base64.text(salt, .standard))$\(Base64.text(hash, .standard))"
    }

    /// Whether it is the hash of a password. It takes a core for long, so it must not be called on an event loop.
    public func isHash(of password: String) -> Bool {
        guard password.utf8.count <= Self.maximumBytes,
            let derived = Self.derive(password, salt, logarithm, blockSize, parallelism, count: hash.count)
        else { return false }
        return derived.equalsInConstantTime(hash)
    }

    /// A hash that no password has, with the cost of new ones. With it an unknown name takes as long as a wrong
    /// password.
    static let ofNobody = PasswordHash(
        "$scrypt$ln=\(logarithm),r=\(blockSize),p=\(parallelism)"
            + "$\(Base64.text([UInt8](repeating: 0, count: saltBytes), .standard))"
            + "$\(Base64.text([UInt8](repeating: 0, count: hashBytes), .standard))")

    /// The text is normalized (NFC), so that two keyboards give the same hash. Nil if there is not enough memory.
    private static func derive(
        _ password: String, _ salt: [UInt8], _ logarithm: Int, _ blockSize: Int, _ parallelism: Int, count: Int
    ) -> [UInt8]? {
        let password = Array(password.precomposedStringWithCanonicalMapping.utf8)
        // An empty array has no address, and scrypt needs one.
        guard !password.isEmpty else { return nil }
        let key = try? KDF.Scrypt.deriveKey(
            from: password, salt: salt, outputByteCount: count, rounds: 1 << logarithm, blockSize: blockSize,
            parallelism: parallelism)
        return key.map { $0.withUnsafeBytes { Array($0) } }
    }
}
