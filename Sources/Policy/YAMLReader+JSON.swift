public import Events

extension YAMLReader {
    /// The limit of nested lists and mappings in a value that becomes JSON.
    public static let maximumJSONDepth = 32

    /// Writes a value as JSON, with mappings in the document's order and scalars as in YAML's core schema
    /// (`YAMLScalar`). Returns false, with a note, if it cannot: a key that is not a word, a tag outside that schema,
    /// `.inf` and `.nan`, more than `limit` bytes, more than `maximumJSONDepth` levels.
    @discardableResult
    public func writeJSON(_ value: Value, limit: Int, to writer: inout JSONWriter) -> Bool {
        writeJSON(value.node, root: value, end: writer.count + limit, depth: 0, to: &writer)
    }

    /// The same as a text; nil, with a note, if it cannot.
    public func json(_ value: Value) -> String? {
        var writer = JSONWriter()
        guard writeJSON(value, limit: 8 * Self.maximumBytes, to: &writer) else { return nil }
        return writer.text
    }

    private func writeJSON(_ node: YAMLNode, root: Value, end: Int, depth: Int, to writer: inout JSONWriter) -> Bool {
        guard depth <= Self.maximumJSONDepth, writer.count <= end else {
            note(depth > Self.maximumJSONDepth ? "is nested too deeply" : "is too large", at: root)
            return false
        }
        switch node.content {
        case .scalar(let text, _): return writeJSON(text, at: Value(node), to: &writer)
        case .sequence(let items):
            guard hasTag(node, "tag:yaml.org,2002:seq") else { return false }
            writer.openList()
            for item in items {
                guard writeJSON(item, root: root, end: end, depth: depth + 1, to: &writer) else { return false }
            }
            writer.closeList()
        case .mapping(let members):
            guard hasTag(node, "tag:yaml.org,2002:map") else { return false }
            writer.open()
            for member in members {
                guard case .scalar(let key, _) = member.key.content else {
                    note("a key must be a word", at: Value(member.key))
                    return false
                }
                writer.key(key)
                guard writeJSON(member.value, root: root, end: end, depth: depth + 1, to: &writer) else { return false }
            }
            writer.close()
        }
        return true
    }

    private func writeJSON(_ text: String, at value: Value, to writer: inout JSONWriter) -> Bool {
        switch value.scalar {
        case .text(let text): writer.value(text)
        case .null: writer.null()
        case .bool(let flag): writer.value(flag)
        case .number(let number): writer.value(json: number)
        case .unwritable:
            note("\(text.prefix(80)) is no number that JSON knows", at: value)
            return false
        case nil:
            let tag = YAMLScalar.Tag(rawValue: value.node.tag)
            note(
                tag == nil
                    ? foreign(value.node.tag)
                    : "\"\(text.prefix(80))\" is no \(short(value.node.tag)) of YAML's core schema",
                at: value)
            return false
        }
        return true
    }

    /// Whether a list or mapping has no tag or this one. Notes any other tag.
    private func hasTag(_ node: YAMLNode, _ tag: String) -> Bool {
        // With the tag `!` a list is a list and a mapping is a mapping.
        if node.tag.isEmpty || node.tag == tag || node.tag == "!" { return true }
        note(foreign(node.tag), at: Value(node))
        return false
    }

    private func foreign(_ tag: String) -> String {
        "the tag \(short(tag).prefix(80)) is not known here: JSON has values of YAML's core schema only"
    }

    /// The short form of a tag in documents: `!!int`.
    private func short(_ tag: String) -> String { tag.replacing("tag:yaml.org,2002:", with: "!!", maxReplacements: 1) }
}
