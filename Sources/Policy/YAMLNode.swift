internal import Yams

/// A value of a document, with its texts as in the document.
struct YAMLNode {
    enum Content {
        case scalar(text: String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    let content: Content
    /// The full tag, such as `tag:yaml.org,2002:int`; empty if the document has none.
    let tag: String
    let line: Int
    let column: Int

    /// Notes syntax that only YAML 1.1 allows, halves of surrogate pairs, and equal keys.
    init(_ node: Node, of document: YAMLText, _ mistakes: inout [YAMLMistake]) {
        // Asking the node copies it.
        let mark =
            switch node {
            case .scalar(let scalar): scalar.mark
            case .sequence(let items): items.mark
            case .mapping(let members): members.mark
            case .alias(let alias): alias.mark
            }
        let line = mark?.line ?? 1
        let column = mark?.column ?? 1
        self.line = line
        self.column = column
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain
            let text: String
            if scalar.style == .doubleQuoted {
                text = document.restored(doubleQuoted: scalar.string, line: line, column: column) { line, column in
                    mistakes.append(
                        YAMLMistake(
                            line: line, column: column,
                            message:
                                "half of a surrogate pair: such a character takes two escapes, as in \\ud83d\\ude00"
                        ))
                }
            } else {
                text = document.restored(scalar.string)
            }
            if isPlain, document.isAdjoiningHash(line: line, column: column) {
                mistakes.append(YAMLMistake(line: line, column: column, message: YAMLText.adjoiningHashMessage))
            }
            content = .scalar(text: text, isPlain: isPlain)
            let isText = isPlain && document.hasNonSpecificTag(line: line, column: column)
            tag = isText ? YAMLScalar.Tag.text.rawValue : scalar.tag.rawValue
        case .sequence(let items):
            content = .sequence(items.map { YAMLNode($0, of: document, &mistakes) })
            tag = items.tag.rawValue
        case .mapping(let members):
            var names: Set<String> = []
            content = .mapping(
                members.map { member in
                    let key = YAMLNode(member.key, of: document, &mistakes)
                    if case .scalar(let name, _) = key.content, !names.insert(name).inserted {
                        mistakes.append(.secondKey(name, line: key.line, column: key.column))
                    }
                    return (key, YAMLNode(member.value, of: document, &mistakes))
                })
            tag = members.tag.rawValue
        case .alias:
            // The parser resolves aliases, but the reader has refused them before.
            preconditionFailure("the parser gives no aliases")
        }
    }
}

extension YAMLMistake {
    static func secondKey(_ name: String, line: Int, column: Int) -> YAMLMistake {
        YAMLMistake(line: line, column: column, message: "the key \(name) stands here for a second time")
    }
}
