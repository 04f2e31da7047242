/// Elements and text that are well-formed as HTML and as XML alike. Every text and every attribute's value is escaped,
/// so that no name in a report can become markup.
public struct Markup: Sendable {
    /// The attributes of an element, in the order in which they are written.
    public typealias Attributes = KeyValuePairs<String, String>

    public private(set) var text: String

    /// `prologue` is markup.
    public init(prologue: StaticString = "") { text = "\(prologue)" }

    public mutating func element(
        _ name: StaticString, _ attributes: Attributes = [:], _ content: (inout Markup) -> Void
    ) {
        open(name, attributes)
        text += ">"
        content(&self)
        text += "</\(name)>"
    }

    public mutating func element(_ name: StaticString, _ attributes: Attributes, _ content: String) {
        element(name, attributes) { $0.add(content) }
    }

    public mutating func element(_ name: StaticString, _ content: String) { element(name, [:], content) }

    /// An element that HTML closes by itself (`meta`), or one of SVG without content.
    public mutating func empty(_ name: StaticString, _ attributes: Attributes) {
        open(name, attributes)
        text += "/>"
    }

    public mutating func add(_ content: String) { text += Self.escaped(content) }

    public mutating func lineBreak() { text += "\n" }

    /// `css` holds neither `<` nor `&`.
    public mutating func style(_ css: StaticString) { text += "<style>\n\(css)</style>" }

    private mutating func open(_ name: StaticString, _ attributes: Attributes) {
        text += "<\(name)"
        for (key, value) in attributes { text += " \(key)=\"\(Self.escaped(value))\"" }
    }

    /// What XML forbids becomes U+FFFD.
    public static func escaped(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            (0x20..<0x7F).contains($0) && ![0x26, 0x3C, 0x3E, 0x22, 0x27].contains($0)
        }
        if isPlain { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": scalars.append(contentsOf: "&amp;".unicodeScalars)
            case "<": scalars.append(contentsOf: "&lt;".unicodeScalars)
            case ">": scalars.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": scalars.append(contentsOf: "&quot;".unicodeScalars)
            case "'": scalars.append(contentsOf: "&#39;".unicodeScalars)
            case "\t", "\n": scalars.append(scalar)
            case "\u{0}"..<" ", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": scalars.append("\u{FFFD}")
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }
}
