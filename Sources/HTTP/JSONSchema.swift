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

    func write(to writer: inout ByteWriter) {
        switch self {
        case .any: writer.append("{}")
        case .null: writer.append("{\"type\":\"null\"}")
        case .boolean: writer.append("{\"type\":\"boolean\"}")
        case .time: writer.append("{\"type\":\"string\",\"format\":\"date-time\"}")
        case .text(let length):
            writer.append("{\"type\":\"string\"")
            if let length {
                writer.append(",\"minLength\":")
                writer.append(decimal: Int64(length.lowerBound))
                writer.append(",\"maxLength\":")
                writer.append(decimal: Int64(length.upperBound))
            }
            writer.append("}")
        case .line(let length):
            writer.append("{\"type\":\"string\",\"minLength\":\(length.lowerBound),\"maxLength\":\(length.upperBound)")
            writer.append(",\"pattern\":\"^[^\\\\u0000-\\\\u001f\\\\u007f-\\\\u009f\\\\u2028\\\\u2029\\\\ufffd]*$\"}")
        case .integer(let range):
            writer.append("{\"type\":\"integer\"")
            if let range {
                writer.append(",\"minimum\":")
                writer.append(decimal: range.lowerBound)
                writer.append(",\"maximum\":")
                writer.append(decimal: range.upperBound)
            }
            writer.append("}")
        case .oneOf(let names):
            writer.append("{\"type\":\"string\",\"enum\":[")
            for (index, name) in names.enumerated() {
                if index > 0 { writer.append(",") }
                writer.append(jsonString: name)
            }
            writer.append("]}")
        case .list(let item, let items):
            writer.append("{\"type\":\"array\",\"items\":")
            item.write(to: &writer)
            if let items {
                writer.append(",\"minItems\":")
                writer.append(decimal: Int64(items.lowerBound))
                writer.append(",\"maxItems\":")
                writer.append(decimal: Int64(items.upperBound))
            }
            writer.append("}")
        case .object(let members, let isOpen): Self.write(members, isOpen: isOpen, to: &writer)
        case .map(let value):
            writer.append("{\"type\":\"object\",\"additionalProperties\":")
            value.write(to: &writer)
            writer.append("}")
        case .either(let schemas):
            writer.append("{\"anyOf\":[")
            for (index, schema) in schemas.enumerated() {
                if index > 0 { writer.append(",") }
                schema.write(to: &writer)
            }
            writer.append("]}")
        case .named(let name):
            writer.append("{\"$ref\":")
            writer.append(jsonString: "#/components/schemas/\(name)")
            writer.append("}")
        }
    }

    private static func write(_ members: [Member], isOpen: Bool, to writer: inout ByteWriter) {
        writer.append("{\"type\":\"object\",\"properties\":{")
        for (index, member) in members.enumerated() {
            if index > 0 { writer.append(",") }
            writer.append(jsonString: member.name)
            writer.append(":")
            if let description = member.description {
                // Beside a reference other keywords count in this version of JSON Schema.
                writer.append("{\"description\":")
                writer.append(jsonString: description)
                writer.append(",\"allOf\":[")
                member.schema.write(to: &writer)
                writer.append("]}")
            } else {
                member.schema.write(to: &writer)
            }
        }
        writer.append("}")
        let required = members.filter(\.isRequired)
        if !required.isEmpty {
            writer.append(",\"required\":[")
            for (index, member) in required.enumerated() {
                if index > 0 { writer.append(",") }
                writer.append(jsonString: member.name)
            }
            writer.append("]")
        }
        if !isOpen { writer.append(",\"additionalProperties\":false") }
        writer.append("}")
    }
}
