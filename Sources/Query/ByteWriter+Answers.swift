internal import Events

extension ByteWriter {
    /// `[…]`
    mutating func appendList<Items: Sequence>(_ items: Items, _ write: (inout ByteWriter, Items.Element) -> Void) {
        append("[")
        var isFirst = true
        for item in items {
            if !isFirst { append(",") }
            isFirst = false
            write(&self, item)
        }
        append("]")
    }

    /// Writes `null` if the text is nil.
    mutating func append(text: String?) {
        if let text { append(jsonString: text) } else { append("null") }
    }

    /// Writes `null` if the time is nil.
    mutating func append(time: Timestamp?) { append(text: time?.description) }

    /// Writes `null` if the number is nil.
    mutating func append(number: Int64?) {
        if let number { append(decimal: number) } else { append("null") }
    }

    /// Writes `null` if the bytes are nil.
    mutating func append(hex bytes: (some Sequence<UInt8>)?) {
        guard let bytes else { return append("null") }
        let digits = Array("0123456789abcdef".utf8)
        append("\"")
        for byte in bytes {
            append(byte: digits[Int(byte >> 4)])
            append(byte: digits[Int(byte & 15)])
        }
        append("\"")
    }
}
