internal import CEL

extension TypedJSON {
    /// A defect of a typed value, in words.
    struct Defect: Error {
        let message: String
        init(_ message: String) { self.message = message }
    }

    private static let typeKey = Value.string(Text("type"))
    private static let valueKey = Value.string(Text("value"))

    /// Whether JSON is an object of exactly a type and a value.
    static func isTyped(_ json: Value) -> Bool {
        guard case .map(let map) = json, map.entries.count == 2 else { return false }
        return map.index(ofKey: typeKey) != nil && map.index(ofKey: valueKey) != nil
    }

    /// The value that is encoded in JSON, which has been read as a value.
    static func decode(_ json: Value) throws(Defect) -> Value {
        guard isTyped(json), case .map(let map) = json, let type = map.value(forKey: typeKey)?.text,
            let value = map.value(forKey: valueKey)
        else { throw Defect(#"a value is {"type": …, "value": …}"#) }
        switch (type, value) {
        case ("null", .null), ("bool", .bool): return value
        case ("list", .list(let list)):
            var values: [Value] = []
            for item in list.items { values.append(try decode(item)) }
            return .list(ValueList(values))
        case ("map", .list(let list)):
            var entries: [(key: Value, value: Value)] = []
            for item in list.items {
                guard case .list(let pair) = item, pair.items.count == 2 else {
                    throw Defect("a map is [[KEY, VALUE], …]")
                }
                let key = try decode(pair.items[0])
                guard ValueMap.isKey(key) else { throw Defect("a key is a bool, an int, a uint or a string") }
                entries.append((key, try decode(pair.items[1])))
            }
            let map = ValueMap(entries)
            guard !map.hasDuplicate else { throw Defect("a map has the same key twice") }
            return .map(map)
        case (_, .string(let text)):
            guard let value = scalar(type, text) else {
                throw Defect("'\(text.string.prefix(40))' is no \(type.prefix(40))")
            }
            return value
        default: throw Defect("not a value of type '\(type.prefix(40))'")
        }
    }

    private static func scalar(_ type: String, _ text: Text) -> Value? {
        switch type {
        case "int": Int64(text.string).map { .int($0) }
        case "uint": UInt64(text.string).map { .uint($0) }
        case "double": double(text).map { .double($0) }
        case "string": .string(text)
        case "bytes": Base64.decode(Array(text.bytes)).map { $0.withUnsafeBytes { .bytes(Text(copying: $0)) } }
        case "timestamp": Moment(timestamp: text.bytes).map { .timestamp($0) }
        case "duration": Moment(duration: text.bytes).map { .duration($0) }
        case "type" where text.bytes.count <= maximumTypeNameBytes: .type(TypeName(text.string))
        default: nil
        }
    }

    private static func double(_ text: Text) -> Double? {
        switch text.string {
        case "NaN": .nan
        case "Infinity": .infinity
        case "-Infinity": -.infinity
        default: DecimalText.parse(text.bytes)
        }
    }
}

extension Value {
    /// The members of a JSON object.
    var members: [(key: Value, value: Value)]? {
        if case .map(let map) = self { return map.entries }
        return nil
    }

    func member(_ name: String) -> Value? {
        if case .map(let map) = self { return map.value(forKey: .string(Text(name))) }
        return nil
    }

    /// The characters of a string.
    var text: String? {
        if case .string(let text) = self { return text.string }
        return nil
    }
}
