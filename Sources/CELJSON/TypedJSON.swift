internal import CEL

/// A value with its type as JSON, in the format of the public CEL suite:
///
///     {"type": "int", "value": "123"}            also uint; timestamp and duration as text
///     {"type": "double", "value": "1.5"}         also "NaN", "Infinity", "-Infinity"
///     {"type": "bytes", "value": "AP8="}         base64
///     {"type": "list", "value": [VALUE, …]}
///     {"type": "map", "value": [[KEY, VALUE], …]}   in the order of insertion
///     {"type": "type", "value": "int"}           {"type": "null", "value": null}           {"type": "bool", "value": true}
///
/// The text has no spaces, and members in this order: the same value gives the same bytes on any machine.
public struct TypedJSON {
    /// The limit of a value's bytes as JSON.
    static let maximumBytes = 4 * 1024 * 1024
    /// The limit of nested lists and maps.
    static let maximumDepth = 256
    /// The limit of a type's name in UTF-8 bytes.
    static let maximumTypeNameBytes = 256

    private var bytes: [UInt8] = []

    /// The bytes of a value that is not an error. Throws `tooLarge` beyond `maximumBytes` and `maximumDepth`.
    static func encode(_ value: Value) throws(EvaluationError) -> [UInt8] {
        var writer = TypedJSON()
        try writer.write(value, depth: 0)
        return writer.bytes
    }

    private mutating func write(_ value: Value, depth: Int) throws(EvaluationError) {
        guard bytes.count <= Self.maximumBytes, depth <= Self.maximumDepth else { throw .tooLarge }
        switch value {
        case .null: bytes += #"{"type":"null","value":null}"#.utf8
        case .bool(let bool): bytes += #"{"type":"bool","value":\#(bool)}"#.utf8
        case .int(let int): quoted("int", "\(int)")
        case .uint(let uint): quoted("uint", "\(uint)")
        case .double(let double): quoted("double", DoubleText.of(double))
        case .string(let text):
            open("string")
            JSONString.write(text.bytes, to: &bytes)
            bytes.append(UInt8(ascii: "}"))
        case .bytes(let text):
            open("bytes")
            bytes.append(UInt8(ascii: "\""))
            Base64.encode(text.bytes, to: &bytes)
            bytes += "\"}".utf8
        case .timestamp(let moment): quoted("timestamp", moment.timestampText)
        case .duration(let span): quoted("duration", span.durationText)
        case .type(let type):
            open("type")
            JSONString.write(type.name, to: &bytes)
            bytes.append(UInt8(ascii: "}"))
        case .list(let list):
            open("list")
            try separated(list.items) { (writer, item) throws(EvaluationError) in
                try writer.write(item, depth: depth + 1)
            }
            bytes.append(UInt8(ascii: "}"))
        case .map(let map):
            open("map")
            try separated(map.entries) { (writer, entry) throws(EvaluationError) in
                writer.bytes.append(UInt8(ascii: "["))
                try writer.write(entry.key, depth: depth + 1)
                writer.bytes.append(UInt8(ascii: ","))
                try writer.write(entry.value, depth: depth + 1)
                writer.bytes.append(UInt8(ascii: "]"))
            }
            bytes.append(UInt8(ascii: "}"))
        case .error(let error): throw error
        }
    }

    private mutating func open(_ type: StaticString) { bytes += #"{"type":"\#(type)","value":"#.utf8 }

    /// `text` has no character that JSON escapes.
    private mutating func quoted(_ type: StaticString, _ text: String) {
        open(type)
        bytes += "\"\(text)\"}".utf8
    }

    private mutating func separated<Item>(
        _ items: [Item], _ body: (inout TypedJSON, Item) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        bytes.append(UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            try body(&self, item)
        }
        bytes.append(UInt8(ascii: "]"))
    }
}

/// The double of a typed value: the shortest digits that parse to it, always with a point or an exponent.
enum DoubleText {
    /// The limit of digits before the point. A larger number has an exponent.
    static let maximumWhole = 16
    /// The limit of zeros directly after the point. A smaller number has an exponent.
    static let maximumZeros = 3

    static func of(_ double: Double) -> String {
        if double.isNaN { return "NaN" }
        let sign = double.sign == .minus ? "-" : ""
        if double.isInfinite { return sign + "Infinity" }
        if double == 0 { return sign + "0.0" }
        // The value is 0.DIGITS × 10^scale.
        let (digits, scale) = DecimalText.significant(double.magnitude)
        let shown = String(decoding: digits, as: UTF8.self)
        if scale > maximumWhole || scale < -maximumZeros {
            let power = scale - 1
            let two = power.magnitude < 10 ? "0" : ""
            let fraction = digits.count > 1 ? "." + shown.dropFirst() : ""
            return "\(sign)\(shown.prefix(1))\(fraction)e\(power < 0 ? "-" : "+")\(two)\(power.magnitude)"
        }
        if scale <= 0 { return "\(sign)0.\(String(repeating: "0", count: -scale))\(shown)" }
        if scale >= digits.count { return "\(sign)\(shown)\(String(repeating: "0", count: scale - digits.count)).0" }
        return "\(sign)\(shown.prefix(scale)).\(shown.dropFirst(scale))"
    }
}

/// RFC 4648, section 4, with padding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ data: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        var at = 0
        while at < data.count {
            let group = min(3, data.count - at)
            var word: UInt32 = 0
            for index in 0..<3 { word = word << 8 | (index < group ? UInt32(data[at + index]) : 0) }
            for index in 0..<4 {
                let six = Int(word >> UInt32(18 - 6 * index)) & 63
                bytes.append(index <= group ? alphabet[six] : UInt8(ascii: "="))
            }
            at += group
        }
    }

    /// Nil if the text is not base64: other letters, a wrong length, or bits left over.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        for letter in text.dropLast(padding) {
            guard let six = alphabet.firstIndex(of: letter) else { return nil }
            word = word << 6 | UInt32(six)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
                word &= 1 << UInt32(bits) - 1
            }
        }
        return word == 0 ? bytes : nil
    }
}
