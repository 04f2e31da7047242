/// Elements and text that are well-formed as HTML and as XML alike. Every text and every attribute's value is escaped,
/// so that no name in a report can become markup.
struct BacktestMarkup {
    typealias Attributes = KeyValuePairs<String, String>

    private(set) var text: String

    /// `prologue` is markup.
    init(prologue: StaticString = "") { text = "\(prologue)" }

    mutating func element(
        _ name: StaticString, _ attributes: Attributes = [:], _ content: (inout BacktestMarkup) -> Void
    ) {
        open(name, attributes)
        text += ">"
        content(&self)
        text += "</\(name)>"
    }

    mutating func element(_ name: StaticString, _ attributes: Attributes, _ content: String) {
        element(name, attributes) { $0.add(content) }
    }

    mutating func element(_ name: StaticString, _ content: String) { element(name, [:], content) }

    /// An element that HTML closes by itself (`meta`), or one of SVG without content.
    mutating func empty(_ name: StaticString, _ attributes: Attributes) {
        open(name, attributes)
        text += "/>"
    }

    mutating func add(_ content: String) { text += Self.escaped(content) }

    mutating func lineBreak() { text += "\n" }

    /// `css` holds neither `<` nor `&`.
    mutating func style(_ css: StaticString) { text += "<style>\n\(css)</style>" }

    private mutating func open(_ name: StaticString, _ attributes: Attributes) {
        text += "<\(name)"
        for (key, value) in attributes { text += " \(key)=\"\(Self.escaped(value))\"" }
    }

    /// What XML forbids becomes U+FFFD.
    private static func escaped(_ text: String) -> String {
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
