/// A value of `event`, `lifted-by` or `streak`: an event type, or a prefix of types such as `bill.*`. Equality is that
/// of its bytes.
///
/// Two prefixes either contain one another or have no type in common.
public struct EventPattern: Hashable, Sendable, CustomStringConvertible {
    /// The type, or the text before the `*` of a prefix: `bill.`.
    public let stem: String
    public let isPrefix: Bool

    /// Nil if the text has a `*` that is not the end of a `.*`.
    public init?(_ text: String) {
        isPrefix = text.utf8.suffix(2).elementsEqual(".*".utf8)
        stem = isPrefix ? String(text.unicodeScalars.dropLast()) : text
        guard !stem.utf8.contains(UInt8(ascii: "*")) else { return nil }
    }

    /// The prefix that matches the types that begin with `stem`, which ends in a dot.
    init(prefix stem: String) {
        self.stem = stem
        isPrefix = true
    }

    /// The text in a policy.
    public var description: String { isPrefix ? stem + "*" : stem }

    public func matches(_ type: String) -> Bool {
        isPrefix ? type.utf8.starts(with: stem.utf8) : type.utf8.elementsEqual(stem.utf8)
    }

    public func matches(_ type: UnsafeRawBufferPointer) -> Bool {
        isPrefix ? type.starts(with: stem.utf8) : type.elementsEqual(stem.utf8)
    }

    /// Whether it matches every type that the other matches.
    public func covers(_ other: EventPattern) -> Bool {
        isPrefix ? other.stem.utf8.starts(with: stem.utf8) : !other.isPrefix && matches(other.stem)
    }

    public static func == (a: Self, b: Self) -> Bool {
        a.isPrefix == b.isPrefix && a.stem.utf8.elementsEqual(b.stem.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(isPrefix)
        var stem = stem
        stem.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
