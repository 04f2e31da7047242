internal import Events

/// A schema of JSON Schema 2020-12, as far as the document of the routes needs it.
public indirect enum JSONSchema: Sendable {
    public struct Member: Sendable {
        let name: String
        let schema: JSONSchema
        let isRequired: Bool
        let description: String?

        public init(_ name: String, _ schema: JSONSchema, isRequired: Bool = true, _ description: String? = nil) {
            (self.name, self.schema, self.isRequired, self.description) = (name, schema, isRequired, description)
        }
    }

    case any
    case null
    case boolean
    /// Characters; nil if nothing bounds them.
    case text(ClosedRange<Int>? = nil)
    /// Like `text`, but in one line and with more than spaces.
    case line(ClosedRange<Int>)
    /// RFC 3339.
    case time
    /// Nil if nothing bounds it.
    case integer(ClosedRange<Int64>? = nil)
    case oneOf([String])
    /// `items`: how many; nil if nothing bounds them.
    case list(JSONSchema, _ items: ClosedRange<Int>? = nil)
    /// `isOpen`: other members are allowed.
    case object([Member], isOpen: Bool = false)
    /// An object whose members have any names.
    case map(JSONSchema)
    case either([JSONSchema])
    /// A schema of the document's components.
    case named(String)

    func write(to writer: inout JSONWriter) {
        writer.open()
        switch self {
        case .any: break
        case .null: writer.member("type", "null")
        case .boolean: writer.member("type", "boolean")
        case .time:
            writer.member("type", "string")
            writer.member("format", "date-time")
        case .text(let length):
            writer.member("type", "string")
            if let length {
                writer.member("minLength", length.lowerBound)
                writer.member("maxLength", length.upperBound)
            }
        case .line(let length):
            writer.member("type", "string")
            writer.member("minLength", length.lowerBound)
            writer.member("maxLength", length.upperBound)
            writer.member("pattern", "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffd]*$")
        case .integer(let range):
            writer.member("type", "integer")
            if let range {
                writer.member("minimum", range.lowerBound)
                writer.member("maximum", range.upperBound)
            }
        case .oneOf(let names):
            writer.member("type", "string")
            writer.member("enum", names)
        case .list(let item, let items):
            writer.member("type", "array")
            writer.key("items")
            item.write(to: &writer)
            if let items {
                writer.member("minItems", items.lowerBound)
                writer.member("maxItems", items.upperBound)
            }
        case .object(let members, let isOpen): Self.writeMembers(members, isOpen: isOpen, to: &writer)
        case .map(let value):
            writer.member("type", "object")
            writer.key("additionalProperties")
            value.write(to: &writer)
        case .either(let schemas): writer.list("anyOf", schemas) { $1.write(to: &$0) }
        case .named(let name): writer.member("$ref", "#/components/schemas/\(name)")
        }
        writer.close()
    }

    private static func writeMembers(_ members: [Member], isOpen: Bool, to writer: inout JSONWriter) {
        writer.member("type", "object")
        writer.open("properties")
        for member in members {
            writer.key(member.name)
            if let description = member.description {
                // Beside a reference other keywords count in this version of JSON Schema.
                writer.open()
                writer.member("description", description)
                writer.list("allOf", [member.schema]) { $1.write(to: &$0) }
                writer.close()
            } else {
                member.schema.write(to: &writer)
            }
        }
        writer.close()
        let required = members.filter(\.isRequired)
        if !required.isEmpty { writer.member("required", required.map(\.name)) }
        if !isOpen { writer.member("additionalProperties", false) }
    }
}
