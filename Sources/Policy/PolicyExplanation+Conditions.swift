internal import CEL

extension Expression {
    var isAlwaysTrue: Bool { if case .bool(true)? = constant { true } else { false } }

    /// Nil for a condition that is always true, which needs no words.
    var unlessAlwaysTrue: Expression? { isAlwaysTrue ? nil : self }
}

extension PolicyExplanation {
    /// Expressions in words. Comparisons of one name with one constant, and several of them joined by `&&` or by `||`,
    /// are put into words. Everything else is quoted, with the values of the policy's constants.
    struct Words {
        let policy: ScoringPolicy
        /// The dimension of `points`.
        var dimension: Int?

        /// A condition as a clause that begins with "when" or "if".
        func condition(_ source: String) -> String {
            let source = withConstants(source)
            return clauses(source).map { "when " + $0 } ?? "if `\(Self.oneLine(source))` is true"
        }

        /// The limit of the bytes of an expression that is put into words. A longer one is quoted.
        static let longestSource = 2048

        /// The condition without its "when"; nil if there are no words for it.
        func clauses(_ source: String) -> String? {
            guard source.utf8.count <= Self.longestSource else { return nil }
            let (parts, isAny) = Self.operands(source)
            let words = parts.compactMap { clause($0) }
            return words.count == parts.count ? PolicyExplanation.list(words, isAny ? "or" : "and") : nil
        }

        /// The points of an event, as a verb and its object. A field, a multiple of one, and a choice between numbers
        /// are put into words.
        func points(_ source: String) -> String {
            let text = withConstants(source)
            let quoted = "counts as many points as `\(Self.oneLine(text))` says"
            guard text.utf8.count <= Self.longestSource else { return quoted }
            if let field = Self.field(Self.trimmed(text)) { return "counts its `\(field)` as points" }
            if let (factor, name) = Self.product(text), let field = Self.field(name) {
                return "counts \(factor) times its `\(field)` as points"
            }
            if let choice = Self.choice(text), let conditions = conditions(of: choice.cases) {
                var isTaken = choice.cases[0].points < 0
                func phrase(_ points: Int64) -> String {
                    defer { isTaken = points < 0 }
                    return (points < 0) == isTaken ? "\(points.magnitude)" : PolicyExplanation.gives(points)
                }
                let cases = zip(choice.cases, conditions).enumerated().map { number, item in
                    let points = item.0.points
                    return "\(number == 0 ? PolicyExplanation.gives(points) : phrase(points)) when \(item.1)"
                }
                return cases.joined(separator: ", ") + ", otherwise \(phrase(choice.otherwise))"
            }
            return quoted
        }

        /// The conditions in words; nil if there are none for one of them.
        func conditions(of cases: [(condition: String, points: Int64)]) -> [String]? {
            let words = cases.compactMap { clauses($0.condition) }
            return words.count == cases.count ? words : nil
        }

        func worth(_ points: ScoringPolicy.Points) -> String {
            switch points {
            case .constant(let points): PolicyExplanation.gives(points)
            case .expression(let expression): self.points(expression.source)
            }
        }

        /// Joins the lines of a text, so that it can be quoted in a sentence.
        static func oneLine(_ source: String) -> String {
            source.split(whereSeparator: \.isNewline).map { trimmed(String($0)) }.joined(separator: " ")
        }

        // MARK: One comparison

        private func clause(_ text: String) -> String? {
            let text = Self.trimmed(text)
            switch text {
            case "true": return "it happens"
            case "sanctioned": return "a sanction is in force"
            case "!sanctioned": return "no sanction is in force"
            default: break
            }
            if let name = Self.named(text) { return "\(name) is true" }
            if text.hasPrefix("!"), !text.hasPrefix("!has("), let name = Self.named(String(text.dropFirst())) {
                return "\(name) is false"
            }
            for (sign, isThere) in [("has(", true), ("!has(", false)] where text.hasPrefix(sign) && text.hasSuffix(")")
            {
                return presence(of: Self.trimmed(String(text.dropFirst(sign.count).dropLast())), isThere)
            }
            for (sign, comparison) in Self.comparisons {
                guard let range = Self.range(of: sign, in: text) else { continue }
                let name = Self.trimmed(String(text[..<range.lowerBound]))
                let value = Self.trimmed(String(text[range.upperBound...]))
                if sign == "in" { return oneOf(name, value) }
                return number(name, value, sign, comparison) ?? word(name, value, sign)
            }
            return nil
        }

        /// The first sign that stands between two spaces, with them.
        private static func range(of sign: String, in text: String) -> Range<String.Index>? {
            let bytes = text.utf8
            var rest = bytes[...]
            while let space = rest.firstIndex(of: UInt8(ascii: " ")) {
                rest = bytes[bytes.index(after: space)...]
                guard rest.starts(with: sign.utf8) else { continue }
                let end = rest.dropFirst(sign.utf8.count)
                if end.first == UInt8(ascii: " ") { return space..<bytes.index(after: end.startIndex) }
            }
            return nil
        }

        private func presence(of name: String, _ isThere: Bool) -> String? {
            if let measure = measure(name) { return "there was \(isThere ? "at least one" : "no") \(events(measure))" }
            return Self.named(name).map { "\($0) is \(isThere ? "" : "not ")given" }
        }

        /// An operator, and its words for a number.
        private static let comparisons: [(String, @Sendable (String) -> String)] = [
            ("<=", { "\($0) or less" }), (">=", { "\($0) or more" }), ("<", { "less than \($0)" }),
            (">", { "more than \($0)" }), ("==", { "exactly \($0)" }), ("!=", { "anything but \($0)" }),
            ("in", { $0 }),
        ]

        private func number(
            _ name: String, _ value: String, _ sign: String, _ comparison: (String) -> String
        ) -> String? {
            guard Self.isNumber(value) else { return nil }
            let phrase = comparison(value)
            if name == "score" { return "the score is \(phrase)" }
            if name == "points", let dimension {
                return "the points of \(policy.dimensions[dimension].name) are \(phrase)"
            }
            if name.hasPrefix("dimension."), Self.isName(name.dropFirst(10)) {
                return "the points of \(name.dropFirst(10)) are \(phrase)"
            }
            if let measure = measure(name) {
                return thereWere(measure, value, sign) ?? "\(noun(measure)) is \(phrase)"
            }
            return Self.named(name).map { "\($0) is \(phrase)" }
        }

        private func word(_ name: String, _ value: String, _ sign: String) -> String? {
            guard sign == "==" || sign == "!=" else { return nil }
            if value == "true" || value == "false" {
                return Self.named(name).map { "\($0) is \((value == "true") == (sign == "==") ? "true" : "false")" }
            }
            guard let value = Self.string(value) else { return nil }
            let not = sign == "==" ? "" : "not "
            switch name {
            case "band": return "the band is \(not)\(value)"
            case "kind": return "the member is \(not)\(Self.article(value))"
            case "type": return "it is \(not)`\(value)`"
            default: return Self.named(name).map { "\($0) is \(not)\(value)" }
            }
        }

        private func oneOf(_ name: String, _ value: String) -> String? {
            guard value.hasPrefix("["), value.hasSuffix("]") else { return nil }
            let items = value.dropFirst().dropLast().split(separator: ",").map { Self.trimmed(String($0)) }
            let words = items.compactMap { Self.string($0) ?? (Self.isNumber($0) ? $0 : nil) }
            guard !words.isEmpty, words.count == items.count else { return nil }
            switch name {
            case "band": return "the band is \(PolicyExplanation.list(words, "or"))"
            case "kind": return "the member is \(PolicyExplanation.list(words.map(Self.article), "or"))"
            case "type": return "it is \(PolicyExplanation.list(PolicyExplanation.code(words), "or"))"
            default: return Self.named(name).map { "\($0) is \(PolicyExplanation.list(words, "or"))" }
            }
        }

        private static func article(_ kind: String) -> String {
            ("aeiou".contains(kind.first ?? "b") ? "an " : "a ") + kind
        }
    }
}
