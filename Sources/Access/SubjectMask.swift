internal import Crypto
internal import Events
internal import Foundation

/// Hides subjects' ids from callers who may see a list but not its subjects.
///
/// A masked id is `~` and 16 hexadecimal digits of HMAC-SHA256 over the id. The same id and secret give the same mask.
/// Without the secret the id cannot be found, not even by trying known ids. The chance that two of a million ids share
/// a mask is one in 30 million. Members with the same secret give the same masks, and continue each other's pages.
public struct SubjectMask: Sendable {
    public static let secretBytes = 32

    private let naming: SymmetricKey
    private let sealing: SymmetricKey

    /// With a secret of this process. No other process, and no later one, has the same masks.
    public init() { self.init(secret: SymmetricKey(size: .bits256)) }

    /// `secret`: at least `secretBytes` bytes; with fewer the result is nil.
    public init?(secret: [UInt8]) {
        guard secret.count >= Self.secretBytes else { return nil }
        self.init(secret: SymmetricKey(data: secret))
    }

    private init(secret: SymmetricKey) {
        func key(_ use: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, info: Data("standing \(use)".utf8), outputByteCount: 32)
        }
        naming = key("subject masks")
        sealing = key("cursors")
    }

    /// The masked id, ASCII.
    public func masked(_ subject: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.append("~")
        for byte in HMAC<SHA256>.authenticationCode(for: subject, using: naming).prefix(8) {
            writer.append(hex: byte)
        }
        return Array(writer.bytes)
    }

    /// The masked id as text.
    public func callAsFunction(_ subject: some Sequence<UInt8>) -> String {
        String(decoding: masked(Array(subject)), as: UTF8.self)
    }

    /// An encrypted text, such as a cursor that contains an id. Only processes with the secret can read or make it. It
    /// is different each time.
    public func sealed(_ text: String) -> String? {
        guard let box = try? ChaChaPoly.seal(Data(text.utf8), using: sealing) else { return nil }
        return box.combined.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    /// Nil if the text is not from `sealed` under this secret.
    public func opened(_ text: String) -> String? {
        guard text.utf8.count <= Self.maximumSealed else { return nil }
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let combined = Data(base64Encoded: standard + padding),
            let box = try? ChaChaPoly.SealedBox(combined: combined),
            let opened = try? ChaChaPoly.open(box, using: sealing)
        else { return nil }
        return String(validating: opened, as: UTF8.self)
    }

    /// The greatest length in characters, twice that of the longest cursor.
    private static let maximumSealed = 8 * EventDecoder.maximumAttributeBytes
}
