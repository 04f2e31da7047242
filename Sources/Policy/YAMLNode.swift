/// A value of a document, with its texts as in the document.
struct YAMLNode {
    enum Content {
        case scalar(text: String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([Member])
    }

    struct Member {
        let key: YAMLNode
        let value: YAMLNode
    }

    let content: Content
    /// The full tag, such as `tag:yaml.org,2002:int`; empty if the document has none.
    let tag: String
    let line: Int
    let column: Int

    /// The tag `!` of a text. libyaml drops it.
    static let nonSpecificTag = "!"

    /// Nil for a list or a mapping.
    var text: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }
}
