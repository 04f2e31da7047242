/// Base64 without padding (RFC 4648), decoded strictly: each byte string has exactly one text.
enum Base64 {
    enum Alphabet {
        /// `-` and `_`, as in tokens and cookies.
        case url
        /// `+` and `/`, as in the format of password hashes.
        case standard

        fileprivate var last: (UInt8, UInt8) {
            switch self {
            case .url: (UInt8(ascii: "-"), UInt8(ascii: "_"))
            case .standard: (UInt8(ascii: "+"), UInt8(ascii: "/"))
            }
        }

        fileprivate func digit(_ value: UInt8) -> UInt8 {
            switch value {
            case 0..<26: UInt8(ascii: "A") + value
            case 26..<52: UInt8(ascii: "a") + value - 26
            case 52..<62: UInt8(ascii: "0") + value - 52
            case 62: last.0
            default: last.1
            }
        }

        fileprivate func value(_ digit: UInt8) -> UInt8? {
            switch digit {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
            case last.0: 62
            case last.1: 63
            default: nil
            }
        }
    }

    static func text(_ bytes: some Sequence<UInt8>, _ alphabet: Alphabet = .url) -> String {
        var digits: [UInt8] = []
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                digits.append(alphabet.digit(UInt8(bits >> count & 63)))
            }
        }
        if count > 0 { digits.append(alphabet.digit(UInt8(bits << (6 - count) & 63))) }
        return String(decoding: digits, as: UTF8.self)
    }

    /// Nil if the text has another character, an impossible length, or a last digit with unused bits that are not 0.
    static func bytes(_ text: some Sequence<UInt8>, _ alphabet: Alphabet = .url) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for digit in text {
            guard let value = alphabet.value(digit) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return count < 6 && bits & (1 << count - 1) == 0 ? bytes : nil
    }
}

extension Sequence<UInt8> {
    /// Takes the same time for all contents of the same length.
    func equalsInConstantTime(_ other: some Sequence<UInt8>) -> Bool {
        var (left, right) = (makeIterator(), other.makeIterator())
        var difference: UInt8 = 0
        while true {
            switch (left.next(), right.next()) {
            case (nil, nil): return difference == 0
            case (let one?, let two?): difference |= one ^ two
            default: return false
            }
        }
    }
}
