/// Effects of YAML's syntax on an expression that lacks quotes, or has too many.
extension YAMLReader {
    /// The probable cause of the parser's error in a line with an expression; empty if none is known.
    static func quotingHint(_ problem: String, line: Int, in text: String) -> String {
        let lines = text.split(separator: "\n", maxSplits: line, omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1), let first = firstOfExpression(lines[line - 1]) else { return "" }
        switch problem {
        case "mapping values are not allowed in this context":
            return ": an expression with \": \" in it stands in quotes"
        case "did not find expected ',' or '}'", "did not find expected ',' or ']'":
            return ": in braces, an expression with : , [ ] { or } in it stands in quotes"
        case "did not find expected key":
            return first == "[" || first == "{"
                ? ": an expression that begins with [ or { stands in quotes"
                : ": an expression that begins with a quote stands in other quotes as a whole"
        case "did not find expected comment or line break":
            return ": an expression that begins with > or | stands in quotes"
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

    /// The first character of the last expression in a line; nil if there is none.
    private static func firstOfExpression(_ line: Substring) -> Character? {
        let ends = keysOfExpressions.compactMap { line.ranges(of: "\($0): ").last?.upperBound }
        return ends.max().flatMap { line[$0...].first { $0 != " " } }
    }
}

extension YAMLReader.Value {
    /// Whether YAML reads the rest of the line after a text without quotes as a comment.
    public func isCut(byCommentIn text: String) -> Bool {
        guard case .scalar(let scalar, isPlain: true) = node.content, !scalar.contains("\n") else { return false }
        let lines = text.split(separator: "\n", maxSplits: line, omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1) else { return false }
        let rest = lines[line - 1].unicodeScalars.dropFirst(column - 1)
        guard rest.starts(with: scalar.unicodeScalars) else { return false }
        return rest.dropFirst(scalar.unicodeScalars.count).drop { $0 == " " || $0 == "\t" }.first == "#"
    }
}

extension YAMLReader.Value {
    /// The document's own tag, such as `!data.late`, which is an expression that begins with `!`. Nil if there is none.
    public var ownTag: String? { node.tag.hasPrefix("!") && node.tag.utf8.count > 1 ? node.tag : nil }
}
