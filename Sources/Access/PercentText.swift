internal import Events

/// Bytes as a word, percent-encoded except for `:` and what is unreserved. A word is never `-`.
enum PercentText {
    static func text(_ bytes: [UInt8]) -> String {
        PercentEncoding.encoded(bytes) { isPlain($0) && bytes != [UInt8(ascii: "-")] }
    }

    /// Nil if a `%` has no two digits after it, or another byte would have to be encoded.
    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.allSatisfy({ isPlain($0) || $0 == UInt8(ascii: "%") }) else { return nil }
        return PercentEncoding.bytes(text)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        PercentEncoding.isUnreserved(byte) || byte == UInt8(ascii: ":")
    }
}
