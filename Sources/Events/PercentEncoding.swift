/// Percent-encoding (RFC 3986): a byte as `%` and two hexadecimal digits.
public enum PercentEncoding {
    /// The characters that never need encoding: letters, digits and `-._~`.
    public static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// Encodes each byte for which `isPlain` is false.
    public static func encoded(
        _ bytes: some Sequence<UInt8>, isPlain: (UInt8) -> Bool = PercentEncoding.isUnreserved
    ) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            if isPlain(byte) {
                text.append(byte)
            } else {
                text.append(UInt8(ascii: "%"))
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil unless every `%` starts two hexadecimal digits and the outcome is UTF-8. `isForm`: `+` is a space.
    public static func text(_ text: some StringProtocol, isForm: Bool = false) -> String? {
        bytes(text, isForm: isForm).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// The UTF-8 of `text(_:)`.
    public static func utf8(_ text: some StringProtocol) -> [UInt8]? {
        // Most ids need no decoding.
        guard text.utf8.contains(UInt8(ascii: "%")) else { return Array(text.utf8) }
        return Self.text(text).map { Array($0.utf8) }
    }

    /// Nil unless every `%` starts two hexadecimal digits. `isForm`: `+` is a space.
    public static func bytes(_ text: some StringProtocol, isForm: Bool = false) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where isForm: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
