/// Names that no policy may read (SPEC section 3): fields of an event's data, at any depth. Case, `_` and `-` are
/// ignored.
public enum ProtectedAttribute {
    public static let names = [
        "race", "ethnicity", "religion", "political_opinion", "political_affiliation", "union_membership", "health",
        "disability", "sex", "gender", "sexual_orientation", "marital_status", "pregnancy", "genetic_data",
        "biometric_data",
    ]

    private static let folded: [[UInt8]] = names.map { fold($0.utf8) }

    public static func contains(_ name: String) -> Bool { folded.contains(fold(name.utf8)) }

    /// The same for the bytes of a key in an event. A set of bits, one for each pair of first letters, rules out most
    /// other keys without a comparison.
    public static func contains(_ name: UnsafeRawBufferPointer) -> Bool {
        guard name.count >= 2 else { return false }
        let (first, second) = (name[0], name[1])
        if isLetter(first), isLetter(second), heads &>> head(first, second) & 1 == 0 { return false }
        return folded.contains { matches($0, name) }
    }

    private static let heads = folded.reduce(UInt64(0)) { $0 | 1 &<< head($1[0], $1[1]) }

    /// The same for upper and lower case.
    @inline(__always) private static func head(_ first: UInt8, _ second: UInt8) -> UInt64 {
        UInt64(((first & 0x1F) &* 11 &+ (second & 0x1F)) & 63)
    }

    @inline(__always) private static func isLetter(_ byte: UInt8) -> Bool { lowerCase(byte) &- UInt8(ascii: "a") < 26 }

    private static func matches(_ word: [UInt8], _ name: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        for byte in name where byte != UInt8(ascii: "_") && byte != UInt8(ascii: "-") {
            guard index < word.count, lowerCase(byte) == word[index] else { return false }
            index += 1
        }
        return index == word.count
    }

    private static func fold(_ name: some Sequence<UInt8>) -> [UInt8] {
        name.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }.map(lowerCase)
    }

    private static func lowerCase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}
