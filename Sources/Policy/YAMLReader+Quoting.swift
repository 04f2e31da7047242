/// What YAML makes of an expression that lacks its quotes, or has some too many.
extension YAMLReader {
    /// What a parser's problem in a line with an expression comes from; empty where nothing is known.
    static func quotingHint(_ problem: String, line: Int, in text: String) -> String {
        let lines = text.split(separator: "\n", maxSplits: line, omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1), hasExpression(lines[line - 1]) else { return "" }
        switch problem {
        case "mapping values are not allowed in this context":
            return ": an expression with \": \" in it stands in quotes"
        case "did not find expected ',' or '}'", "did not find expected ',' or ']'":
            return ": in braces, an expression with : , [ ] { or } in it stands in quotes"
        case "did not find expected key":
            return ": an expression that begins with a quote stands in other quotes as a whole"
        case "found character that cannot start any token":
            return ": an expression that begins with %, @ or ` stands in quotes"
        case "did not find expected alphabetic or numeric character", "did not find expected whitespace or line break":
            return ": an expression that begins with !, & or * stands in quotes"
        case "found unknown escape character":
            return ": in double quotes a \\ is written twice, in single quotes once"
        default: return ""
        }
    }

    private static let keysOfExpressions = ["when", "points", "sum", "min", "max", "latest"]

    private static func hasExpression(_ line: Substring) -> Bool {
        keysOfExpressions.contains { line.contains("\($0): ") }
    }
}

extension YAMLReader.Value {
    /// A tag of the document's own, `!data.late`, as which YAML reads an expression that begins with `!`. Nil if there is none.
    var ownTag: String? { node.tag.hasPrefix("!") && node.tag.utf8.count > 1 ? node.tag : nil }
}
