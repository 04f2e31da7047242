internal import Policy

/// The schemas of topics in the form of an AsyncAPI document.
///
/// A file `event.json` becomes the component `event`, and its definition `#/$defs/time` becomes the component
/// `event.time`, because a document has one namespace. AsyncAPI's schemas are JSON Schema draft 7, which ignores
/// every member next to a `$ref`. So a `$ref` with other members becomes the `allOf` of both.
struct SchemaComponents {
    /// One kind of record that a schema describes.
    struct Alternative {
        /// The type of the event, or the name of the definition; nil if the schema describes only one kind.
        let name: String?
        let description: String?
        /// The schema of the record's value.
        let schema: DocumentNode
    }

    private static let definitions = "#/$defs/"
    /// Draft 7 allows these members only at the root of a whole document.
    private static let dropped = ["$schema", "$defs", "$comment"]

    private(set) var components = DocumentNode.Members()

    /// Reads a schema's text and adds its components. `file` is its name in the folder of schemas.
    mutating func add(_ text: String, file: String) throws(TopicFileError) {
        let reader = YAMLReader(text)
        let root = reader.root.flatMap { DocumentNode($0, by: reader) }
        guard reader.mistakes.isEmpty, let root, root.members != nil else {
            throw TopicFileError(YAMLMistakes(file: "schemas/\(file)", mistakes: reader.mistakes))
        }
        let component = Self.component(of: file)
        components.add(component, Self.converted(root, component))
        for definition in root["$defs"]?.members?.entries ?? [] {
            components.add("\(component).\(definition.name)", Self.converted(definition.value, component))
        }
    }

    static func component(of file: String) -> String {
        String(file.hasSuffix(".json") ? file.dropLast(".json".count) : file[...])
    }

    static func reference(_ component: String) -> DocumentNode { .reference("#/components/schemas/\(component)") }

    private static func converted(_ node: DocumentNode, _ component: String) -> DocumentNode {
        switch node {
        case .null, .bool, .number, .text: return node
        case .list(let items): return .list(items.map { converted($0, component) })
        case .object(let members):
            var rest: [(String, DocumentNode?)] = []
            var target: DocumentNode?
            for (name, value) in members.entries where !dropped.contains(name) {
                if name == "$ref", let text = value.text, text.hasPrefix(definitions) {
                    target = reference("\(component).\(text.dropFirst(definitions.count))")
                } else {
                    rest.append((name, converted(value, component)))
                }
            }
            guard let target else { return .object(rest) }
            return rest.isEmpty ? target : .object(rest + [("allOf", .list([target]))])
        }
    }

    /// The kinds of records of an added schema: the alternatives of its `oneOf`, or the types that its `type` allows.
    func alternatives(of file: String) -> [Alternative] {
        let component = Self.component(of: file)
        guard let root = components[component] else { return [] }
        let whole = Self.reference(component)
        let targets = root["oneOf"]?.items?.compactMap { $0["$ref"]?.text } ?? []
        if !targets.isEmpty {
            return targets.map { target in
                let name = String(target.split(separator: "/").last ?? "")
                let schema = components[name]
                return Alternative(
                    name: schema?["properties"]?["type"]?["const"]?.text ?? String(name.dropFirst(component.count + 1)),
                    description: schema?["description"]?.text, schema: .reference(target))
            }
        }
        let type = root["properties"]?["type"]
        if let name = type?["const"]?.text { return [Alternative(name: name, description: nil, schema: whole)] }
        let types = type?["enum"]?.items?.compactMap(\.text) ?? []
        if !types.isEmpty {
            return types.map { type in
                let only = DocumentNode.object([("properties", .object([("type", .object([("const", .text(type))]))]))])
                return Alternative(name: type, description: nil, schema: .object([("allOf", .list([whole, only]))]))
            }
        }
        return [Alternative(name: nil, description: nil, schema: whole)]
    }

    /// The title and the description of an added schema.
    func words(of file: String) -> (title: String?, description: String?) {
        let root = components[Self.component(of: file)]
        return (root?["title"]?.text, root?["description"]?.text)
    }
}
