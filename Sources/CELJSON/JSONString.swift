/// Text as a JSON string: `"`, `\` and control characters are escaped, and nothing else.
enum JSONString {
    private static let hex = Array("0123456789abcdef".utf8)

    /// Appends the text with its quotes.
    static func write(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0C: bytes += "\\f".utf8
            case 0x0D: bytes += "\\r".utf8
            case ..<0x20, 0x7F: bytes += "\\u00".utf8 + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    static func write(_ text: String, to bytes: inout [UInt8]) {
        var copy = text
        copy.withUTF8 { write(UnsafeRawBufferPointer($0), to: &bytes) }
    }
}
