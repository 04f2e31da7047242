/// What fingerprints are keyed by: 256 bits of a ledger's own, so that who does not know them cannot make two texts meet.
public struct FingerprintKey: Hashable, Sendable, BitwiseCopyable {
    /// The size of a key.
    public static let bytes = 32

    let words: (UInt64, UInt64, UInt64, UInt64)

    /// The fingerprints of no key are those of `fingerprint(seed:)`.
    public static let none = FingerprintKey((0, 0, 0, 0))

    private init(_ words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    public static func random(using generator: inout some RandomNumberGenerator) -> Self {
        Self((generator.next(), generator.next(), generator.next(), generator.next()))
    }

    /// `hexadecimal`: as `description` writes it. Nil for anything else.
    public init?(hexadecimal: UnsafeRawBufferPointer) {
        guard hexadecimal.count == 2 * Self.bytes else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, digit) in hexadecimal.enumerated() {
            guard let value = Self.value(digit) else { return nil }
            words[index / 16] = words[index / 16] << 4 | value
        }
        self.init((words[0], words[1], words[2], words[3]))
    }

    private static func value(_ digit: UInt8) -> UInt64? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(digit - UInt8(ascii: "a") + 10)
        default: nil
        }
    }

    public static func == (a: Self, b: Self) -> Bool { a.words == b.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }

    /// The words, little-endian.
    public func write(to writer: inout ByteWriter) {
        for word in [words.0, words.1, words.2, words.3] { writer.append(littleEndian: word) }
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Failure) {
        self.init((try reader.integer(), try reader.integer(), try reader.integer(), try reader.integer()))
    }
}

extension FingerprintKey: CustomStringConvertible {
    /// 64 digits of 0-9 and a-f.
    public var description: String {
        [words.0, words.1, words.2, words.3].map { Hex.text($0, digits: 16) }.joined()
    }
}
