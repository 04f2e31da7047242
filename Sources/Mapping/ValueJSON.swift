internal import Events
internal import CEL
internal import Policy

/// Values as JSON, by CEL's conversion: a timestamp, a duration and bytes (base64) are strings, the keys of maps are texts
/// and no names of protected attributes.
/// A whole double keeps its point, so that it is read as a double again.
enum ValueJSON {
    struct Defect: Error {
        let message: String
    }

    /// Returns whether an event's decoder certainly accepts the value among the event's data: no map has keys that are not
    /// texts, of which two may have the same text, and nothing is nested almost as deep as it may be.
    @discardableResult static func write(_ value: Value, into json: inout ByteWriter) throws(Defect) -> Bool {
        var isCertain = true
        try write(value, depth: 0, into: &json, &isCertain)
        return isCertain
    }

    /// The levels that an event may have around what is written here: itself and `data`.
    private static let levelsAround = 2

    /// `depth` counts the lists and maps around the value. The limit is that of an event's decoder.
    private static func write(
        _ value: Value, depth: Int, into json: inout ByteWriter, _ isCertain: inout Bool
    ) throws(Defect) {
        switch value {
        case .null: json.append("null")
        case .bool(let bool): json.append(bool ? "true" : "false")
        case .int(let number): json.append(decimal: number)
        case .uint(let number): json.append(String(number))
        case .double(let number):
            guard number.isFinite else { throw Defect(message: "a double that is infinite or no number") }
            json.append(number.description)
        case .string(let text): json.append(jsonString: text.bytes)
        case .bytes(let bytes):
            json.append(byte: UInt8(ascii: "\""))
            appendBase64(bytes.bytes, to: &json)
            json.append(byte: UInt8(ascii: "\""))
        case .timestamp(let moment): json.append(jsonString: moment.timestampText)
        case .duration(let span): json.append(jsonString: span.durationText)
        case .list(let list):
            try descend(depth, &isCertain)
            json.append(byte: UInt8(ascii: "["))
            for (index, item) in list.items.enumerated() {
                if index > 0 { json.append(byte: UInt8(ascii: ",")) }
                try write(item, depth: depth + 1, into: &json, &isCertain)
            }
            json.append(byte: UInt8(ascii: "]"))
        case .map(let map):
            try descend(depth, &isCertain)
            json.append(byte: UInt8(ascii: "{"))
            for (index, entry) in map.entries.enumerated() {
                if index > 0 { json.append(byte: UInt8(ascii: ",")) }
                try write(key: entry.key, into: &json, &isCertain)
                json.append(byte: UInt8(ascii: ":"))
                try write(entry.value, depth: depth + 1, into: &json, &isCertain)
            }
            json.append(byte: UInt8(ascii: "}"))
        case .type: throw Defect(message: "a type is no value of JSON")
        case .error(let error): throw Defect(message: error.description)
        }
        guard json.count <= maximumBytes else {
            throw Defect(message: "the value is larger than \(maximumBytes) bytes")
        }
    }

    private static let maximumBytes = EventDecoder.maximumEventBytes

    private static func descend(_ depth: Int, _ isCertain: inout Bool) throws(Defect) {
        guard depth < EventDecoder.maximumDepth else {
            throw Defect(message: "the value is nested deeper than \(EventDecoder.maximumDepth) levels")
        }
        if depth >= EventDecoder.maximumDepth - levelsAround { isCertain = false }
    }

    private static func write(
        key: Value, into json: inout ByteWriter, _ isCertain: inout Bool
    ) throws(Defect) {
        if case .string(let text) = key {
            guard !ProtectedAttribute.contains(text.bytes) else {
                throw Defect(message: "a key is the name of a protected attribute")
            }
            return json.append(jsonString: text.bytes)
        }
        isCertain = false
        switch key {
        case .int(let number): json.append(jsonString: String(number))
        case .uint(let number): json.append(jsonString: String(number))
        case .bool(let bool): json.append(jsonString: String(bool))
        // A header's name; no other map has such keys.
        default: throw Defect(message: "a key that is not UTF-8")
        }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// RFC 4648, section 4, with padding.
    private static func appendBase64(_ bytes: UnsafeRawBufferPointer, to json: inout ByteWriter) {
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = min(3, bytes.count - start)
            var word: UInt32 = 0
            for index in 0..<3 { word = word << 8 | (index < group ? UInt32(bytes[start + index]) : 0) }
            for index in 0..<4 {
                let letter = alphabet[Int(word >> UInt32(18 - 6 * index)) & 63]
                json.append(byte: index <= group ? letter : UInt8(ascii: "="))
            }
        }
    }
}
