import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// A page as an XML parser reads it, and what is wrong about it.
final class Markup: NSObject, XMLParserDelegate {
    private(set) var mistakes: [String] = []
    private(set) var scripts = 0
    private(set) var classes: Set<String> = []
    private var headings: [Int] = []
    private var ids: Set<String> = []
    private var labels: Set<String> = []
    private var fields: [(element: String, id: String?)] = []
    private var references: Set<String> = []
    private var path: [String] = []
    private var formsWithToken = 0
    private var posts = 0

    /// Throws if the page is not well-formed.
    static func read(_ html: String, _ name: String) throws -> Markup {
        let markup = Markup()
        let parser = XMLParser(data: Data(html.utf8))
        parser.delegate = markup
        guard parser.parse() else {
            throw NotWellFormed(page: name, line: parser.lineNumber, reason: parser.parserError.map { "\($0)" } ?? "")
        }
        markup.finish()
        return markup
    }

    struct NotWellFormed: Error {
        let page: String
        let line: Int
        let reason: String
    }

    private static let addresses: Set<String> = ["href", "src", "action", "data-stream", "formaction", "xlink:href"]

    func parser(
        _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        defer { path.append(element) }
        if attributes["class"] != nil { classes.formUnion(attributes["class"]!.split(separator: " ").map(String.init)) }
        for (name, value) in attributes {
            if name.hasPrefix("on") || name == "style" || name == "srcdoc" { mistakes.append("<\(element) \(name)>") }
            if Self.addresses.contains(name), !Self.isOwn(value, element) {
                mistakes.append("\(element) \(name)=\(value)")
            }
        }
        if let id = attributes["id"], !ids.insert(id).inserted { mistakes.append("id \(id) stands there twice") }
        for name in ["aria-labelledby", "aria-describedby", "for", "list"] {
            if let id = attributes[name] { references.insert(id) }
        }
        switch element {
        case "script":
            scripts += 1
            if attributes["src"] == nil { mistakes.append("a script inside the page") }
        case "style", "iframe", "object", "embed", "base": mistakes.append("<\(element)>")
        case "img" where attributes["alt"] == nil: mistakes.append("an image without alt")
        case "svg"
        where attributes["aria-hidden"] != "true" && (attributes["role"] != "img" || attributes["aria-label"] == nil):
            mistakes.append("a drawing without words")
        case "h1", "h2", "h3", "h4": headings.append(Int(element.suffix(1)) ?? 0)
        case "label": labels.insert(attributes["for"] ?? "")
        // Before somebody has signed in there is no session to bind a token to.
        case "form" where attributes["method"] == "post" && attributes["action"] != "/console/sign-in": posts += 1
        case "input" where attributes["type"] == "hidden":
            if attributes["name"] == "token" { formsWithToken += 1 }
        case "input", "select", "textarea":
            // A label around a field, or a name of its own, needs no id.
            if !path.contains("label"), attributes["aria-label"] == nil { fields.append((element, attributes["id"])) }
        default: break
        }
    }

    func parser(_ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?) {
        path.removeLast()
    }

    private static func isOwn(_ address: String, _ element: String) -> Bool {
        if element == "link", address.hasPrefix("data:image/svg+xml,") { return true }
        return address.hasPrefix("/") && !address.hasPrefix("//") || address.hasPrefix("#")
    }

    private func finish() {
        if headings.filter({ $0 == 1 }).count != 1 { mistakes.append("headings of the first level: \(headings)") }
        for (before, after) in zip(headings, headings.dropFirst()) where after > before + 1 {
            mistakes.append("a heading of level \(after) after one of level \(before)")
        }
        for field in fields where !labels.contains(field.id ?? " ") { mistakes.append("\(field) without a label") }
        for id in references where !ids.contains(id) { mistakes.append("nothing has the id \(id)") }
        if posts != formsWithToken { mistakes.append("\(posts) forms, \(formsWithToken) tokens") }
    }
}
