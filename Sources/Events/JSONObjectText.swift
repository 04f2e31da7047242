/// The text of a JSON object, written member by member.
public struct JSONObjectText: ~Copyable {
    private var writer = JSONWriter()

    public init() { writer.open() }

    public var text: String { writer.text + "}" }

    public mutating func add(_ name: String, _ value: String) { writer.member(name, value) }

    public mutating func add(_ name: String, _ value: Int64) { writer.member(name, value) }

    /// `json`: the text of a JSON value.
    public mutating func add(_ name: String, json: String) { writer.member(name, json: json) }
}
