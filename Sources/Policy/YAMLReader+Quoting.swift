/// Effects of YAML's syntax on an expression that lacks quotes, or has too many.
extension YAMLReader {
    /// The probable cause of the parser's error in a line with an expression; empty if none is known.
    static func quotingHint(_ problem: String, line: Int, column: Int, in text: String) -> String {
        let value = Unquoted(before: line, column, in: text)
        if problem == "mapping values are not allowed in this context", isKey(before: line, column, in: text),
            value?.isExpression != true || !isContinued(on: line, in: text)
        {
            return ": this line is indented unlike the one above it"
        }
        guard let value else { return "" }
        let first = value.first
        switch problem {
        case "mapping values are not allowed in this context" where value.isExpression:
            return ": an expression with \": \" in it stands in quotes"
        case "did not find expected ',' or '}'", "did not find expected ',' or ']'":
            guard value.isExpression else { return "" }
            return first == "'" || first == "\"" ? Self.quoteHint : Self.flowHint
        case "did not find expected key" where first == "[" || first == "{":
            return value.isExpression ? ": an expression that begins with [ or { stands in quotes" : ""
        case "did not find expected key" where first == "'" || first == "\"":
            return value.isExpression ? Self.quoteHint : ""
        case "did not find expected comment or line break" where value.isExpression:
            return ": an expression that begins with > or | stands in quotes"
        case "block sequence entries are not allowed in this context" where first == "-" && value.isExpression:
            return ": an expression that begins with a minus and a space stands in quotes"
        case "found character that cannot start any token" where value.isExpression:
            if first == "%" || first == "@" || first == "`" {
                return ": an expression that begins with %, @ or ` stands in quotes"
            }
            return value.isInBraces ? Self.flowHint : ""
        case "did not find expected alphabetic or numeric character", "did not find expected whitespace or line break",
            "found undefined alias":
            let what = value.isExpression ? "an expression" : "a text"
            if first == "!" || first == "&" || first == "*" {
                return ": \(what) that begins with !, & or * stands in quotes"
            }
            return value.isExpression && value.isInBraces ? Self.flowHint : ""
        case "found unknown escape character":
            return ": in double quotes a \\ is written twice, in single quotes once"
        default: return ""
        }
    }

    /// Whether the colon at a position ends the first word of its line.
    private static func isKey(before line: Int, _ column: Int, in text: String) -> Bool {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), maxSplits: line, omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1) else { return false }
        let content = lines[line - 1].drop { $0 == UInt8(ascii: " ") }
        let key = content.prefix {
            $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z")
                || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || "-_".utf8.contains($0)
        }
        let indentation = lines[line - 1].count - content.count
        return !key.isEmpty && content.dropFirst(key.count).first == UInt8(ascii: ":")
            && indentation + key.count + 1 == column
    }

    /// Whether the line before ends in an operator, so that its expression continues on this line.
    private static func isContinued(on line: Int, in text: String) -> Bool {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), maxSplits: line, omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 2) else { return false }
        return lines[line - 2].last { !" \t\r".utf8.contains($0) }.map("?&|+-*/%<>=!(,".utf8.contains) ?? false
    }

    private static let quoteHint = ": an expression that begins with a quote stands in other quotes as a whole"
    private static let flowHint = ": in braces, an expression with : , [ ] { or } in it stands in quotes"

    /// The value in which the parser has found an error.
    private struct Unquoted {
        /// Whether its key is that of an expression. Otherwise it is the key of event types.
        let isExpression: Bool
        let first: Character
        /// Whether the key is not the first of its line.
        let isInBraces: Bool

        private static let keysOfExpressions = ["when", "points", "sum", "min", "max", "latest"]
        private static let keysOfTypes = ["event", "lifted-by", "streak"]
        /// The limit of lines that a text without quotes continues.
        private static let maximumLines = 100
        /// The limit of characters before an error in which its key is searched.
        private static let maximumColumns = 4096

        /// Nil if the last key before the error is another one.
        init?(before line: Int, _ column: Int, in text: String) {
            let bytes = text.utf8.split(
                separator: UInt8(ascii: "\n"), maxSplits: line, omittingEmptySubsequences: false)
            guard bytes.indices.contains(line - 1) else { return nil }
            let lines = bytes[...(line - 1)].suffix(Self.maximumLines + 1).map { Substring($0) }
            let (own, before) = Self.part(of: lines[lines.count - 1], before: column)
            if let found = Self(lastIn: before, of: own) ?? Self(lastIn: own, of: own) {
                self = found
                return
            }
            // A text may continue on this line.
            guard !before.contains(": ") else { return nil }
            guard let line = lines.dropLast().last(where: { $0.utf8.contains(UInt8(ascii: ":")) }) else { return nil }
            let (part, _) = Self.part(of: line, before: 1)
            guard let found = Self(lastIn: part, of: part), !found.isInBraces else { return nil }
            self = found
        }

        /// The part of a line in which a key is searched, and what of it is before an error.
        private static func part(of line: Substring, before column: Int) -> (line: Substring, before: Substring) {
            let scalars = line.unicodeScalars
            let begin = scalars.index(
                scalars.startIndex, offsetBy: max(0, column - maximumColumns), limitedBy: scalars.endIndex)
            let error = scalars.index(scalars.startIndex, offsetBy: column, limitedBy: scalars.endIndex)
            let (start, end) = (begin ?? scalars.endIndex, error ?? scalars.endIndex)
            return (
                Substring(scalars[start...].prefix(2 * maximumColumns)), Substring(scalars[start..<end])
            )
        }

        private init?(lastIn part: Substring, of line: Substring) {
            var last: (key: Range<Substring.Index>, isExpression: Bool)?
            for key in Self.keysOfExpressions + Self.keysOfTypes {
                guard let range = part.ranges(of: "\(key): ").last,
                    last.map({ $0.key.lowerBound < range.lowerBound }) ?? true
                else {
                    continue
                }
                last = (range, Self.keysOfExpressions.contains(key))
            }
            guard let last, let first = line[last.key.upperBound...].first(where: { $0 != " " }) else { return nil }
            isExpression = last.isExpression
            self.first = first
            isInBraces = part[..<last.key.lowerBound].contains { $0 != " " && $0 != "-" }
        }
    }

    /// The end of a message about the error in an expression without quotes that YAML has cut; nil if it has not.
    public func cutHint(_ message: String, of value: Value) -> String? {
        switch document?.sign(after: value.node) {
        case "#":
            "; YAML takes the # after it for the beginning of a comment: an expression with \" #\" in it stands in quotes"
        case "," where message.hasSuffix("not the end") || message.hasSuffix("no closing quote"):
            "; YAML takes the , after it for the end of the text: in braces, an expression with : , [ ] { or } in it stands "
                + "in quotes"
        default: nil
        }
    }

    /// The end of a message about a list or a mapping instead of an expression; empty if it has no brackets.
    func bracketHint(_ value: Value) -> String {
        switch document?.scalar(at: value.node) {
        case "[", "{": ": an expression that begins with [ or { stands in quotes"
        default: ""
        }
    }
}

extension YAMLReader.Value {
    /// The document's own tag, such as `!data.late`, which is an expression that begins with `!`; or `!` alone. Nil if
    /// there is none.
    public var ownTag: String? { node.tag.hasPrefix("!") ? node.tag : nil }
}
