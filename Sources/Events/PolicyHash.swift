internal import Crypto

/// The identity of a policy: the SHA-256 of its text, as 64 lower-case hexadecimal digits.
public enum PolicyHash {
    public static let digits = 64

    public static func of(_ text: String) -> String { Hex.text(SHA256.hash(data: Array(text.utf8))) }

    /// Whether two texts have the same bytes, and so the same hash. Texts with equal characters may have different
    /// bytes.
    public static func areSame(_ a: String, _ b: String) -> Bool {
        a.utf8.count == b.utf8.count && a.utf8.elementsEqual(b.utf8)
    }

    /// Whether a text has the form of a hash.
    static func isHash(_ text: UnsafeRawBufferPointer) -> Bool {
        text.count == digits && text.allSatisfy { Hex.value($0) != nil }
    }
}
