public import Events
internal import Yams

extension YAMLReader {
    /// Lists and mappings inside one another, in a value that becomes JSON.
    public static let maximumJSONDepth = 32

    /// Writes a value as JSON, its mappings in the document's order. Plain scalars are what YAML's core schema makes of
    /// them (null, booleans, whole and other numbers), quoted ones are strings. False, with a note, if that cannot be:
    /// a key that is no word, `.inf` and `.nan`, more than `limit` bytes, more than `maximumJSONDepth` levels.
    @discardableResult
    public func writeJSON(_ value: Value, limit: Int, to writer: inout ByteWriter) -> Bool {
        writeJSON(value.node, root: value, end: writer.count + limit, depth: 0, to: &writer)
    }

    /// The same as a text; nil, with a note, if that cannot be.
    public func json(_ value: Value) -> String? {
        var writer = ByteWriter()
        guard writeJSON(value, limit: 8 * Self.maximumBytes, to: &writer) else { return nil }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func writeJSON(_ node: Node, root: Value, end: Int, depth: Int, to writer: inout ByteWriter) -> Bool {
        guard depth <= Self.maximumJSONDepth, writer.count <= end else {
            note(depth > Self.maximumJSONDepth ? "is nested too deeply" : "is too large", at: root)
            return false
        }
        switch node {
        case .scalar(let scalar): return writeJSON(scalar, at: Value(node), to: &writer)
        case .sequence(let items):
            writer.append(byte: UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { writer.append(byte: UInt8(ascii: ",")) }
                guard writeJSON(item, root: root, end: end, depth: depth + 1, to: &writer) else { return false }
            }
            writer.append(byte: UInt8(ascii: "]"))
        case .mapping(let members):
            writer.append(byte: UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                guard case .scalar(let key) = member.key else {
                    note("a key must be a word", at: Value(member.key))
                    return false
                }
                if index > 0 { writer.append(byte: UInt8(ascii: ",")) }
                writer.append(jsonString: key.string)
                writer.append(byte: UInt8(ascii: ":"))
                guard writeJSON(member.value, root: root, end: end, depth: depth + 1, to: &writer) else { return false }
            }
            writer.append(byte: UInt8(ascii: "}"))
        case .alias:
            note("aliases are not supported here", at: Value(node))
            return false
        }
        return true
    }

    private func writeJSON(_ scalar: Node.Scalar, at value: Value, to writer: inout ByteWriter) -> Bool {
        let text = scalar.string
        guard scalar.style == .plain else {
            writer.append(jsonString: text)
            return true
        }
        switch text {
        case "", "~", "null", "Null", "NULL": writer.append("null")
        case "true", "True", "TRUE": writer.append("true")
        case "false", "False", "FALSE": writer.append("false")
        default:
            if Self.isJSONNumber(text) {
                writer.append(text)
            } else if let number = Int64(text.hasPrefix("+") ? String(text.dropFirst()) : text) {
                writer.append(decimal: number)
            } else if [".inf", "-.inf", "+.inf", ".nan"].contains(text.lowercased()) {
                note("\(text) is no number that JSON knows", at: value)
                return false
            } else {
                writer.append(jsonString: text)
            }
        }
        return true
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
    private static func isJSONNumber(_ text: String) -> Bool {
        var rest = Substring(text)
        func digits() -> Int {
            let found = rest.prefix { $0.isASCII && $0.isNumber }.count
            rest = rest.dropFirst(found)
            return found
        }
        if rest.first == "-" { rest = rest.dropFirst() }
        let startsWithZero = rest.first == "0"
        let whole = digits()
        guard whole > 0, !(startsWithZero && whole > 1) else { return false }
        if rest.first == "." {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == "e" || rest.first == "E" {
            rest = rest.dropFirst()
            if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
