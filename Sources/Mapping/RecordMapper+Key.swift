internal import CEL
internal import CELJSON
internal import Events

extension RecordMapper {
    /// A JSON object, list or quoted text is the value. Anything else is a text itself, such as `{3F25-04E0}`, except that
    /// a text that begins as an object or a list of them is a defect: it would show protected attributes.
    static func key(_ key: UnsafeRawBufferPointer?) throws(MapDefect) -> Value {
        guard let key else { return .null }
        let first = firstByte(key)
        let isSmall = key.count <= maximumBytes
        if first.map("{[\"".utf8.contains) ?? false, isSmall,
            let value = JSONReader.value(of: key, isExcluded: isProtected)
        {
            return value
        }
        let text = text(key, copies: false)
        if beginsAsJSON(key), case .string = text {
            let message = "it begins as a JSON object or list and cannot be read as one"
            throw MapDefect(.key, isSmall ? message : Self.message(.tooLarge))
        }
        return text
    }

    /// Whether a text begins as a JSON object, or as a list of objects, lists or texts.
    private static func beginsAsJSON(_ text: UnsafeRawBufferPointer) -> Bool {
        var bytes = text.lazy.filter { !isWhiteSpace($0) }.makeIterator()
        switch (bytes.next(), bytes.next()) {
        case (UInt8(ascii: "{"), let next?): return "\"}".utf8.contains(next)
        case (UInt8(ascii: "["), let next?): return "\"{[]".utf8.contains(next)
        default: return false
        }
    }

    static func firstByte(_ json: UnsafeRawBufferPointer) -> UInt8? { json.first { !isWhiteSpace($0) } }

    /// JSON's white space.
    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
