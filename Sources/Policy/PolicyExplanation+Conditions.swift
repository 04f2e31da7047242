extension PolicyExplanation {
    /// A condition's source text as a clause that begins with "when" or "if". Comparisons of one name with one
    /// constant, and several of them joined by `&&`, are put into words; everything else is quoted as it is.
    struct Condition {
        let words: String

        /// `dimension`: the one that `points` belongs to.
        init(_ source: String, dimension: String?) {
            let parts = Self.conjuncts(source).map { Self.clause($0, dimension: dimension) }
            if !parts.isEmpty, parts.allSatisfy({ $0 != nil }) {
                words = "when " + PolicyExplanation.list(parts.compactMap(\.self))
            } else {
                words = "if `\(Self.oneLine(source))` is true"
            }
        }

        /// What an event is worth, as a verb and its object. A field, a multiple of one, and a choice between two
        /// numbers are put into words.
        static func points(_ source: String) -> String {
            let text = trimmed(source)
            if let field = field(text) { return "counts its `\(field)` as points" }
            let factors = text.split(separator: "*").map { trimmed(String($0)) }
            if factors.count == 2 {
                for (name, number) in [(factors[0], factors[1]), (factors[1], factors[0])] {
                    guard let field = field(name), let number = Int64(number) else { continue }
                    return "counts \(number) times its `\(field)` as points"
                }
            }
            let choice = text.split(separator: "?")
            if choice.count == 2, let condition = clause(String(choice[0]), dimension: nil) {
                let values = choice[1].split(separator: ":").compactMap { Int64(trimmed(String($0))) }
                if values.count == 2 {
                    let other =
                        (values[0] < 0) == (values[1] < 0)
                        ? "\(values[1].magnitude)" : PolicyExplanation.gives(values[1])
                    return "\(PolicyExplanation.gives(values[0])) when \(condition), otherwise \(other)"
                }
            }
            return "counts as many points as `\(oneLine(source))` says"
        }

        /// A text of several lines as one, so that it can be quoted in a sentence.
        static func oneLine(_ source: String) -> String {
            source.split(whereSeparator: \.isNewline).map { trimmed(String($0)) }.joined(separator: " ")
        }

        // MARK: Splitting

        /// The operands of `&&` at the top; the whole text if there is anything that could group otherwise.
        private static func conjuncts(_ source: String) -> [String] {
            var parts: [String] = [""]
            var quote: Character?
            var previous: Character?
            for character in source {
                if let open = quote {
                    if character == open, previous != "\\" { quote = nil }
                } else if character == "\"" || character == "'" {
                    quote = character
                } else if "|?(".contains(character), !(character == "(" && parts[parts.count - 1].hasSuffix("has")) {
                    return [source]
                } else if character == "&", previous == "&" {
                    parts[parts.count - 1].removeLast()
                    parts.append("")
                    previous = nil
                    continue
                }
                parts[parts.count - 1].append(character)
                previous = character
            }
            return parts
        }

        // MARK: One comparison

        private static func clause(_ text: String, dimension: String?) -> String? {
            let text = trimmed(text)
            switch text {
            case "true": return "it happens"
            case "sanctioned": return "a sanction is in force"
            case "!sanctioned": return "no sanction is in force"
            default: break
            }
            if let field = field(text) { return "its `\(field)` is true" }
            if text.hasPrefix("!"), let field = field(String(text.dropFirst())) { return "its `\(field)` is false" }
            if text.hasPrefix("has("), text.hasSuffix(")"),
                let field = field(trimmed(String(text.dropFirst(4).dropLast())))
            {
                return "its `\(field)` is given"
            }
            for (sign, comparison) in comparisons {
                guard let range = text.firstRange(of: " \(sign) ") else { continue }
                let name = trimmed(String(text[..<range.lowerBound]))
                let value = trimmed(String(text[range.upperBound...]))
                if sign == "in" { return choice(name, value) }
                return number(name, value, comparison, dimension: dimension) ?? word(name, value, sign)
            }
            return nil
        }

        /// The sign, and what it says of a number.
        private static let comparisons: [(String, @Sendable (String) -> String)] = [
            ("<=", { "\($0) or less" }), (">=", { "\($0) or more" }), ("<", { "less than \($0)" }),
            (">", { "more than \($0)" }), ("==", { "exactly \($0)" }), ("!=", { "anything but \($0)" }),
            ("in", { $0 }),
        ]

        private static func number(
            _ name: String, _ value: String, _ comparison: (String) -> String, dimension: String?
        ) -> String? {
            guard isNumber(value) else { return nil }
            let said = comparison(value)
            if name == "score" { return "the score is \(said)" }
            if name == "points", let dimension { return "the points of \(dimension) are \(said)" }
            if name.hasPrefix("dimension."), isName(name.dropFirst(10)) {
                return "the points of \(name.dropFirst(10)) are \(said)"
            }
            return field(name).map { "its `\($0)` is \(said)" }
        }

        private static func word(_ name: String, _ value: String, _ sign: String) -> String? {
            guard sign == "==" || sign == "!=" else { return nil }
            if value == "true" || value == "false" {
                return field(name).map { "its `\($0)` is \((value == "true") == (sign == "==") ? "true" : "false")" }
            }
            guard let value = string(value) else { return nil }
            let not = sign == "==" ? "" : "not "
            switch name {
            case "band": return "the band is \(not)\(value)"
            case "kind": return "the member is \(not)\(article(value))"
            default: return field(name).map { "its `\($0)` is \(not)\(value)" }
            }
        }

        private static func choice(_ name: String, _ value: String) -> String? {
            guard value.hasPrefix("["), value.hasSuffix("]") else { return nil }
            let items = value.dropFirst().dropLast().split(separator: ",").map { trimmed(String($0)) }
            let words = items.compactMap { string($0) ?? (isNumber($0) ? $0 : nil) }
            guard !words.isEmpty, words.count == items.count else { return nil }
            switch name {
            case "band": return "the band is \(PolicyExplanation.list(words, "or"))"
            case "kind": return "the member is \(PolicyExplanation.list(words.map(article), "or"))"
            default: return field(name).map { "its `\($0)` is \(PolicyExplanation.list(words, "or"))" }
            }
        }

        private static func article(_ kind: String) -> String {
            ("aeiou".contains(kind.first ?? "b") ? "an " : "a ") + kind
        }

        // MARK: Tokens

        private static func trimmed(_ text: String) -> String {
            let start = text.drop { $0.isWhitespace }
            return String(start.reversed().drop { $0.isWhitespace }.reversed())
        }

        private static func field(_ name: String) -> String? {
            guard name.hasPrefix("data."), isName(name.dropFirst(5)) else { return nil }
            return String(name.dropFirst(5))
        }

        private static func isName(_ text: Substring) -> Bool {
            !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        }

        private static func isNumber(_ text: String) -> Bool {
            Int64(text) != nil || Double(text) != nil && !text.contains("n")
        }

        /// The text between quotes, if it has nothing special in it.
        private static func string(_ text: String) -> String? {
            guard text.count >= 2, let quote = text.first, quote == "\"" || quote == "'", text.last == quote else {
                return nil
            }
            let inside = text.dropFirst().dropLast()
            return inside.contains { $0 == quote || $0 == "\\" || $0 == "\n" } ? nil : String(inside)
        }
    }
}
