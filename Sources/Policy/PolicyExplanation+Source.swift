internal import CEL

// The source text of an expression, parsed as far as sentences need it.
extension PolicyExplanation.Words {
    // MARK: Constants

    /// Replaces the names of constants by their values. A constant that cannot be written in a line remains a name.
    func withConstants(_ source: String) -> String {
        guard !policy.constants.isEmpty, source.contains(Self.constantPrefix) else { return source }
        var result = ""
        var rest = source[...]
        var quote: Character?
        while let character = rest.first {
            if quote == nil, rest.hasPrefix(Self.constantPrefix), Self.endsName(result) {
                let name = rest.dropFirst(Self.constantPrefix.count).prefix { Self.isNameCharacter($0) }
                if let constant = policy.constants.first(where: { $0.name == name }),
                    let text = Self.literal(constant.value)
                {
                    result += text
                    rest = rest[name.endIndex...]
                    continue
                }
            }
            if let open = quote {
                if character == open, result.last != "\\" { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            }
            result.append(character)
            rest = rest.dropFirst()
        }
        return result
    }

    private static let constantPrefix = "constant."
    /// The limit of items in a list. Longer lists remain names.
    private static let longestList = 12

    /// Whether a name may begin after the text.
    private static func endsName(_ text: String) -> Bool {
        text.last.map { !isNameCharacter($0) && $0 != "." } ?? true
    }

    private static func literal(_ value: Value) -> String? {
        switch value {
        case .int(let number): return "\(number)"
        case .double(let number): return "\(number)"
        case .bool(let flag): return "\(flag)"
        case .string(let text):
            let text = String(decoding: text.bytes, as: UTF8.self)
            return text.contains { "\"\\\n\r`".contains($0) } ? nil : "\"\(text)\""
        case .list(let list):
            guard list.items.count <= longestList else { return nil }
            let items = list.items.compactMap { literal($0) }
            return items.count == list.items.count ? "[\(items.joined(separator: ", "))]" : nil
        default: return nil
        }
    }

    // MARK: Splitting

    /// The operands of `&&`, or of `||`, at the top level. The whole text if its grouping is not certain.
    static func operands(_ source: String) -> (parts: [String], isAny: Bool) {
        var parts: [String] = [""]
        var quote: Character?
        var previous: Character?
        var sign: Character?
        for character in source {
            if let open = quote {
                if character == open, previous != "\\" { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if "?(".contains(character), !(character == "(" && parts[parts.count - 1].hasSuffix("has")) {
                return ([source], false)
            } else if character == "&" || character == "|", previous == character {
                guard sign == nil || sign == character else { return ([source], false) }
                sign = character
                parts[parts.count - 1].removeLast()
                parts.append("")
                previous = nil
                continue
            }
            parts[parts.count - 1].append(character)
            previous = character
        }
        return (parts, sign == "|")
    }

    /// Parses `CONDITION ? INT : INT`, with a further choice instead of the last number. Returns the conditions in
    /// their order.
    static func choice(_ source: String) -> (cases: [(condition: String, points: Int64)], otherwise: Int64)? {
        guard source.utf8.count <= longestSource else { return nil }
        var cases: [(condition: String, points: Int64)] = []
        var parts = [""]
        var signs: [Character] = []
        var quote: Character?
        var previous: Character?
        var depth = 0
        for character in source {
            if let open = quote {
                if character == open, previous != "\\" { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if "([{".contains(character) {
                depth += 1
            } else if ")]}".contains(character) {
                depth -= 1
            } else if depth == 0, character == "?" || character == ":" {
                signs.append(character)
                parts.append("")
                previous = nil
                continue
            }
            parts[parts.count - 1].append(character)
            previous = character
        }
        guard !signs.isEmpty, signs.count.isMultiple(of: 2),
            signs.enumerated().allSatisfy({ ($0 % 2 == 0) == ($1 == "?") }),
            let otherwise = Int64(trimmed(parts[parts.count - 1]))
        else { return nil }
        for index in stride(from: 0, to: signs.count, by: 2) {
            guard let points = Int64(trimmed(parts[index + 1])) else { return nil }
            cases.append((parts[index], points))
        }
        return (cases, otherwise)
    }

    /// `NAME * INT` or `INT * NAME`
    static func product(_ source: String) -> (factor: Int64, name: String)? {
        let factors = source.split(separator: "*").map { trimmed(String($0)) }
        guard factors.count == 2 else { return nil }
        if let factor = Int64(factors[1]) { return (factor, factors[0]) }
        return Int64(factors[0]).map { ($0, factors[1]) }
    }

    // MARK: Tokens

    static func trimmed(_ text: String) -> String {
        var part = text[...]
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return String(part)
    }

    /// The name of an event's field, or of a subject's value, in words.
    static func named(_ name: String) -> String? {
        if let field = field(name) { return "its `\(field)`" }
        return member(of: "attribute.", name).map { "the member's `\($0)`" }
    }

    static func field(_ name: String) -> String? { member(of: "data.", name) }

    func measure(_ name: String) -> ScoringPolicy.Measure? {
        Self.member(of: "measure.", name).flatMap { id in policy.measures.first { $0.id == id } }
    }

    private static func member(of prefix: String, _ name: String) -> String? {
        guard name.hasPrefix(prefix), isName(name.dropFirst(prefix.count)) else { return nil }
        return String(name.dropFirst(prefix.count))
    }

    static func isName(_ text: Substring) -> Bool { !text.isEmpty && text.allSatisfy(isNameCharacter) }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "_")
    }

    static func isNumber(_ text: String) -> Bool {
        Int64(text) != nil || Double(text) != nil && !text.contains("n")
    }

    /// The text between quotes; nil if it has special characters.
    static func string(_ text: String) -> String? {
        guard text.count >= 2, let quote = text.first, quote == "\"" || quote == "'", text.last == quote else {
            return nil
        }
        let inside = text.dropFirst().dropLast()
        return inside.contains { $0 == quote || $0 == "\\" || $0 == "\n" } ? nil : String(inside)
    }
}
