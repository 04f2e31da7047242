/// The text of a JSON object, written member by member.
public struct JSONObjectText: ~Copyable {
    private var writer = ByteWriter()

    public init() {}

    public var text: String { writer.count == 0 ? "{}" : String(decoding: writer.bytes, as: UTF8.self) + "}" }

    public mutating func add(_ name: StaticString, _ value: String) {
        begin(name)
        writer.append(jsonString: value)
    }

    public mutating func add(_ name: StaticString, _ value: Int64) {
        begin(name)
        writer.append(decimal: value)
    }

    /// `json`: the text of a JSON value.
    public mutating func add(_ name: StaticString, json: String) {
        begin(name)
        writer.append(json)
    }

    private mutating func begin(_ name: StaticString) {
        writer.append(writer.count == 0 ? "{\"" : ",\"")
        writer.append(name)
        writer.append("\":")
    }
}
