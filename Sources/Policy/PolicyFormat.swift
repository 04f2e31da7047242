/// Formats a policy's text: a fixed order of its parts, and quotes where YAML needs them. Comments move with the part
/// below them.
///
/// It works on lines. It does not change lines that it does not recognise.
public struct PolicyFormat {
    /// The formatted text.
    private let text: String

    /// Returns the formatted text. Throws `YAMLMistakes` if the text is not YAML even with quotes added. The values of
    /// a document never change.
    public static func formatted(_ text: String, file: String) throws -> String {
        if text.unicodeScalars.first == "\u{FEFF}" {
            return "\u{FEFF}" + (try formatted(String(text.unicodeScalars.dropFirst()), file: file))
        }
        let result = PolicyFormat(text).text
        let before = YAMLReader(text)
        let isGood = before.root != nil && before.mistakes.isEmpty
        if isGood, result.utf8.elementsEqual(text.utf8) { return text }
        let after = YAMLReader(result)
        guard let formatted = after.root, after.mistakes.isEmpty, hasSameCharacters(text, result) else {
            // If the document is good, the formatter has a defect, and the document is returned unchanged.
            guard isGood else { throw YAMLMistakes(file: file, mistakes: before.mistakes) }
            return text
        }
        if isGood, let original = before.root, !original.meansTheSame(as: formatted) { return text }
        return result
    }

    /// Whether both have the same characters, however often, apart from white space and single quotes. Comments have no
    /// meaning, and a document that is not YAML has none either, so only this protects them.
    private static func hasSameCharacters(_ a: String, _ b: String) -> Bool {
        func counts(_ text: String) -> [Int] {
            var counts = [Int](repeating: 0, count: 256)
            for byte in text.utf8 { counts[Int(byte)] += 1 }
            for byte in " \t\r\n'".utf8 { counts[Int(byte)] = 0 }
            return counts
        }
        return counts(a) == counts(b)
    }

    private static let sections = [
        "policy", "version", "early", "score", "kinds", "constants", "attributes", "dimensions", "measures", "rules",
        "bands", "perks", "sanctions", "appeals", "harm-budget",
    ]

    /// The keys of a section's items, in their order.
    private static let items: [String: [String]] = [
        "measures": [
            "id", "dimension", "kinds", "event", "when", "count", "sum", "min", "max", "latest", "streak", "within",
            "adverse",
        ],
        "rules": [
            "id", "dimension", "kinds", "event", "when", "points", "per", "within", "cap", "lasts", "fades",
        ],
        "bands": ["name", "from"],
        "perks": ["id", "when", "grace"],
        "sanctions": ["id", "dimension", "measures", "when", "notice", "lasts"],
    ]
    /// The keys of a sanction that an event imposes or lifts.
    private static let sanctionByEvent = [
        "id", "dimension", "event", "when", "lifted-by", "measures", "notice", "lasts",
    ]

    private static let expressions: Set<String> = ["when", "points", "sum", "min", "max", "latest"]

    private init(_ source: String) {
        var lines = source.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            Self.trimmed(Substring($0))
        }
        // The blank lines at the end belong to no section.
        while lines.last?.isEmpty == true { lines.removeLast() }
        var (header, blocks) = Self.blocks(of: lines, at: 0) { Self.key(of: $0) }
        // Unknown sections are at the end, in their original order.
        blocks = Self.sorted(blocks, by: Self.sections)
        var result = header
        for block in blocks {
            if let keys = Self.items[block.key] {
                result += Self.items(of: block, keys)
            } else {
                result += block.lines
            }
        }
        text = Self.joined(result)
    }

    // MARK: Lines

    /// A key with its value, and the comments above it.
    private struct Block {
        let key: String
        var lines: [String]
        /// The index of the key's line.
        let keyLine: Int
    }

    /// Without white space at its end.
    private static func trimmed(_ line: Substring) -> String {
        var bytes = line.utf8
        while let last = bytes.last,
            last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") || last == UInt8(ascii: "\r")
        {
            bytes.removeLast()
        }
        return String(Substring(bytes))
    }

    /// Without blank lines at the start and the end, and without two in succession.
    private static func joined(_ lines: [String]) -> String {
        var result: [String] = []
        for line in lines where !line.isEmpty || result.last.map({ !$0.isEmpty }) ?? false { result.append(line) }
        while result.last?.isEmpty == true { result.removeLast() }
        return result.joined(separator: "\n") + "\n"
    }

    private static func isComment(_ line: String) -> Bool {
        line.utf8.first { $0 != UInt8(ascii: " ") } == UInt8(ascii: "#")
    }

    private static func indent(of line: String) -> Int { line.utf8.prefix { $0 == UInt8(ascii: " ") }.count }

    /// `key:` at the start of a text, and its value.
    private static func key(of text: some StringProtocol) -> String? {
        let key = text.prefix { $0.isASCII && ($0.isLetter || $0 == "-" || $0 == "_") }
        guard !key.isEmpty, key != "---", text.dropFirst(key.count).first == ":" else { return nil }
        let rest = text.dropFirst(key.count + 1)
        return rest.isEmpty || rest.first == " " ? String(key) : nil
    }

    /// Splits lines at those that have a key at an indentation. The header is everything before the first key, except
    /// the comments directly above that key.
    private static func blocks(
        of lines: [String], at indentation: Int, _ key: (Substring) -> String?
    ) -> (header: [String], blocks: [Block]) {
        var header: [String] = []
        var blocks: [Block] = []
        /// Comments and blank lines before a line that is not read yet.
        var pending: [String] = []
        for line in lines {
            let isKey = indent(of: line) == indentation && !isComment(line)
            if isKey, let key = key(line.dropFirst(indentation)) {
                if blocks.isEmpty {
                    // A blank line separates comments on the whole from those on the key.
                    let lastBlank = pending.lastIndex(where: \.isEmpty)
                    let end = lastBlank.map { $0 + 1 } ?? (indentation == 0 ? pending.count : 0)
                    header += pending[..<end]
                    pending.removeFirst(end)
                }
                blocks.append(Block(key: key, lines: pending + [line], keyLine: pending.count))
                pending = []
            } else if line.isEmpty || isComment(line) && indent(of: line) <= indentation {
                pending.append(line)
            } else if blocks.isEmpty {
                header += pending + [line]
                pending = []
            } else {
                blocks[blocks.count - 1].lines += pending + [line]
                pending = []
            }
        }
        if blocks.isEmpty { header += pending } else { blocks[blocks.count - 1].lines += pending }
        return (header, blocks)
    }

    /// Unknown keys come last, in their original order.
    private static func sorted(_ blocks: [Block], by keys: [String]) -> [Block] {
        order(of: blocks.map(\.key), by: keys).map { blocks[$0] }
    }

    private static func order(of names: [String], by keys: [String]) -> [Int] {
        let isByEvent = keys == items["sanctions"] && (names.contains("event") || names.contains("lifted-by"))
        let keys = isByEvent ? sanctionByEvent : keys
        return names.indices.sorted { a, b in
            (keys.firstIndex(of: names[a]) ?? keys.count, a) < (keys.firstIndex(of: names[b]) ?? keys.count, b)
        }
    }

    // MARK: Items

    /// The lines of a section whose value is a list of mappings.
    private static func items(of section: Block, _ keys: [String]) -> [String] {
        let head = Array(section.lines[...section.keyLine])
        let body = Array(section.lines[(section.keyLine + 1)...])
        guard let first = body.first(where: { !$0.isEmpty && !isComment($0) }),
            first.drop(while: { $0 == " " }).first == "-"
        else { return section.lines }
        let indentation = indent(of: first)
        var result: [String] = []
        var item: [String] = []
        /// Comments and blank lines above the next item.
        var pending: [String] = []
        for line in body {
            if indent(of: line) == indentation, line.dropFirst(indentation).hasPrefix("- ") {
                result += Self.item(item, indentation, keys) + pending
                (item, pending) = ([line], [])
            } else if line.isEmpty || isComment(line) && indent(of: line) <= indentation {
                pending.append(line)
            } else {
                item += pending + [line]
                pending = []
            }
        }
        return head + result + Self.item(item, indentation, keys) + pending
    }

    private static func item(_ lines: [String], _ indentation: Int, _ keys: [String]) -> [String] {
        guard let first = lines.first else { return [] }
        let content = first.dropFirst(indentation + 1)
        let inner = indentation + 1 + content.prefix { $0 == " " }.count
        let text = first.dropFirst(inner)
        if text.first == "{" {
            guard lines.count == 1, let flow = flow(text, keys) else { return lines }
            return [String(first.prefix(inner)) + flow]
        }
        var opened = lines
        opened[0] = String(repeating: " ", count: inner) + text
        let (header, blocks) = blocks(of: opened, at: inner) { key(of: $0) }
        guard header.isEmpty, !blocks.isEmpty else { return lines }
        var result = sorted(blocks, by: keys).flatMap { block in
            var lines = block.lines
            lines[block.keyLine] = quoted(
                lines[block.keyLine], inner, block.key, isAlone: lines.count == block.keyLine + 1)
            return lines
        }
        // The item's `-` is on the line of its first key, or of a comment above it.
        guard let mark = result.firstIndex(where: { !$0.isEmpty && !isComment($0) }) else { return lines }
        let comments = result[..<mark].map { String(repeating: " ", count: indentation) + $0.drop { $0 == " " } }
        result[mark] = String(first.prefix(inner) + result[mark].dropFirst(inner))
        return comments + result[mark...]
    }

    // MARK: Quotes

    /// Quotes a key's value, if it is an expression that YAML would read as something else.
    private static func quoted(_ line: String, _ inner: Int, _ key: String, isAlone: Bool) -> String {
        guard isAlone, expressions.contains(key) else { return line }
        let start = line.dropFirst(inner + key.count + 1)
        let value = start.drop { $0 == " " }
        guard !value.isEmpty, let quoted = quoted(value, isFlow: false) else { return line }
        return String(line.prefix(inner + key.count + 1)) + " " + quoted
    }

    /// Nil if the value needs no change.
    private static func quoted(_ value: Substring, isFlow: Bool) -> String? {
        guard let first = value.first, let last = value.last, !value.contains(" #") else { return nil }
        let isQuoted = (first == "'" || first == "\"") && last == first && value.count > 1 && isOneText(value, first)
        guard !isQuoted, first != "|", first != ">" else { return nil }
        let isBeforeSpace = value.dropFirst().first == " "
        // A `!` before a space is a tag that is ignored: quotes would make it part of the expression.
        let isWrong =
            first == "!" && !isBeforeSpace || "&*%@`'\"[{".contains(first) || "?-".contains(first) && isBeforeSpace
            || value.contains(": ") || last == ":"
            || isFlow && value.contains { ",[]{}".contains($0) }
        guard isWrong else { return nil }
        return "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    /// Whether the text's first quote is closed by its last one, with no other between them.
    private static func isOneText(_ value: Substring, _ quote: Character) -> Bool {
        var inside = value.dropFirst().dropLast()
        while let character = inside.first {
            inside = inside.dropFirst()
            if quote == "\"", character == "\\" {
                inside = inside.dropFirst()
            } else if character == quote {
                // In single quotes two of them are an escaped one.
                guard quote == "'", inside.first == "'" else { return false }
                inside = inside.dropFirst()
            }
        }
        return true
    }

    // MARK: Braces

    /// Formats `{id: x, …}` in one line. Nil if the text is something else.
    private static func flow(_ text: Substring, _ keys: [String]) -> String? {
        guard let end = closing(text) else { return nil }
        let comment = text[end...].dropFirst()
        guard comment.isEmpty || comment.first == " " && comment.drop(while: { $0 == " " }).first == "#" else {
            return nil
        }
        var members: [(key: String, text: String)] = []
        for part in split(text[..<end].dropFirst()) {
            let part = trimmed(part.drop { $0 == " " })
            guard let key = key(of: part) else { return nil }
            let value = part.dropFirst(key.count + 1).drop { $0 == " " }
            let quoted = expressions.contains(key) ? quoted(value, isFlow: true) : nil
            members.append((key, "\(key): \(quoted ?? String(value))"))
        }
        let order = order(of: members.map(\.key), by: keys)
        return "{" + order.map { members[$0].text }.joined(separator: ", ") + "}" + comment
    }

    /// The position of the brace that closes the first one.
    private static func closing(_ text: Substring) -> Substring.Index? {
        var depth = 0
        var end: Substring.Index?
        scan(text) { index, character in
            if "{[(".contains(character) { depth += 1 }
            if "}])".contains(character) {
                depth -= 1
                if depth == 0, end == nil { end = index }
            }
        }
        return end
    }

    /// The parts between commas outside brackets and quotes.
    private static func split(_ text: Substring) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var depth = 0
        scan(text) { index, character in
            if "{[(".contains(character) { depth += 1 }
            if "}])".contains(character) { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append(text[start..<index])
                start = text.index(after: index)
            }
        }
        return parts + [text[start...]]
    }

    /// Calls the body with every character outside quotes.
    private static func scan(_ text: Substring, _ body: (Substring.Index, Character) -> Void) {
        var quote: Character?
        var isEscaped = false
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if isEscaped {
                    isEscaped = false
                } else if character == "\\", open == "\"" {
                    isEscaped = true
                } else if character == open {
                    quote = nil
                }
            } else if character == "'" || character == "\"" {
                quote = character
            } else {
                body(index, character)
            }
        }
    }
}

extension YAMLReader.Value {
    /// The text of a scalar; empty for a list or a mapping.
    private var keyText: String {
        if case .scalar(let text, _) = node.content { text } else { "" }
    }

    /// Whether both have the same values, regardless of the order of a mapping's members.
    fileprivate func meansTheSame(as other: Self) -> Bool {
        switch (node.content, other.node.content) {
        case (.scalar(let text, _), .scalar(let quoted, _)):
            // YAML reads an expression that begins with ! as a tag, until it has quotes.
            if let ownTag, ownTag != YAMLNode.nonSpecificTag, other.ownTag == nil {
                return quoted == [ownTag, text].filter { !$0.isEmpty }.joined(separator: " ")
            }
            return scalar == other.scalar && ownTag == other.ownTag
        case (.sequence(let a), .sequence(let b)):
            return a.count == b.count && zip(a, b).allSatisfy { Self($0).meansTheSame(as: Self($1)) }
        case (.mapping(let a), .mapping(let b)):
            guard a.count == b.count else { return false }
            // Only a key with a tag of its own may have another text.
            let byKey = Dictionary(grouping: b.indices) { Self(b[$0].key).keyText }
            return a.allSatisfy { member in
                let found = Self(member.key).ownTag == nil ? byKey[Self(member.key).keyText] ?? [] : Array(b.indices)
                return found.contains {
                    Self(member.key).meansTheSame(as: Self(b[$0].key))
                        && Self(member.value).meansTheSame(as: Self(b[$0].value))
                }
            }
        default: return false
        }
    }
}
