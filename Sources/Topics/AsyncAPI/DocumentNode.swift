internal import Events
internal import Policy

/// A value of a JSON document. The members of an object retain their order.
enum DocumentNode: Equatable {
    case null
    case bool(Bool)
    /// The digits as they are written.
    case number(String)
    case text(String)
    case list([DocumentNode])
    case object(Members)

    struct Members: Equatable {
        private(set) var entries: [(name: String, value: DocumentNode)] = []

        subscript(_ name: String) -> DocumentNode? { entries.first { $0.name == name }?.value }
        var isEmpty: Bool { entries.isEmpty }

        mutating func add(_ name: String, _ value: DocumentNode?) {
            if let value { entries.append((name, value)) }
        }

        static func == (a: Self, b: Self) -> Bool {
            a.entries.count == b.entries.count
                && zip(a.entries, b.entries).allSatisfy { $0.name == $1.name && $0.value == $1.value }
        }
    }

    /// Reads a value of a JSON or YAML document; nil if JSON has no such value.
    init?(_ value: YAMLReader.Value, by reader: YAMLReader) {
        if let items = value.items {
            self = .list(items.compactMap { DocumentNode($0, by: reader) })
            return
        }
        guard let scalar = value.scalar else {
            guard let mapping = reader.mapping(value, what: "a value", known: nil) else { return nil }
            self = .object(mapping.names.map { ($0.name, DocumentNode($0.value, by: reader)) })
            return
        }
        switch scalar {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .number(let digits): self = .number(digits)
        case .text(let text): self = .text(text)
        case .unwritable: return nil
        }
    }

    /// An object without the members that are nil.
    static func object(_ entries: [(String, DocumentNode?)]) -> DocumentNode {
        var members = Members()
        for (name, value) in entries { members.add(name, value) }
        return .object(members)
    }

    static func number(_ value: some BinaryInteger) -> DocumentNode { .number(String(value)) }

    static func reference(_ target: String) -> DocumentNode { .object([("$ref", .text(target))]) }

    subscript(_ name: String) -> DocumentNode? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var items: [DocumentNode]? { if case .list(let items) = self { items } else { nil } }
    var members: Members? { if case .object(let members) = self { members } else { nil } }
}

// MARK: JSON

extension DocumentNode {
    /// JSON with line breaks and two spaces per level.
    var json: String { jsonLines.joined(separator: "\n") + "\n" }

    private var jsonLines: [String] {
        switch self {
        case .null: ["null"]
        case .bool(let flag): ["\(flag)"]
        case .number(let digits): [digits]
        case .text(let text): [Self.quoted(text, .json)]
        case .list(let items): Self.nested("[", items.map(\.jsonLines), "]")
        case .object(let members):
            Self.nested(
                "{",
                members.entries.map { entry in
                    var lines = entry.value.jsonLines
                    lines[0] = "\(Self.quoted(entry.name, .json)): \(lines[0])"
                    return lines
                }, "}")
        }
    }

    private static func nested(_ begin: String, _ parts: [[String]], _ end: String) -> [String] {
        guard !parts.isEmpty else { return [begin + end] }
        var lines = [begin]
        for (index, var part) in parts.enumerated() {
            if index < parts.count - 1 { part[part.count - 1] += "," }
            lines += part.map { "  " + $0 }
        }
        return lines + [end]
    }

    private enum Escapes { case json, yaml }

    /// Escapes control characters and noncharacters. JSON writes a character above 16 bits as two escapes, YAML as
    /// one.
    private static func quoted(_ text: String, _ escapes: Escapes) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || isNoncharacter(scalar):
                if scalar.value > 0xFFFF, escapes == .yaml {
                    result += "\\U" + Hex.text(scalar.value, digits: 8)
                } else {
                    for unit in String(scalar).utf16 { result += "\\u" + Hex.text(unit, digits: 4) }
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func isNoncharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(scalar.value)
    }
}

// MARK: YAML

extension DocumentNode {
    /// A longer text is folded over several lines.
    private static let yamlLineLength = 100

    /// YAML 1.2 in block style, which readers of YAML 1.1 read alike.
    var yaml: String { yamlLines.joined(separator: "\n") + "\n" }

    /// A scalar has one line, or is a folded text whose first line is `>-`.
    private var yamlLines: [String] {
        switch self {
        case .null: ["null"]
        case .bool(let flag): ["\(flag)"]
        case .number(let digits): [digits]
        case .text(let text): Self.isPlain(text) ? [text] : Self.folded(text) ?? [Self.quoted(text, .yaml)]
        case .list(let items):
            items.isEmpty
                ? ["[]"]
                : items.flatMap { item in
                    item.yamlLines.enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }
                }
        case .object(let members):
            members.isEmpty
                ? ["{}"]
                : members.entries.flatMap { entry in
                    let key = Self.isPlain(entry.name) ? entry.name : Self.quoted(entry.name, .yaml)
                    let lines = entry.value.yamlLines
                    guard entry.value.isNested else {
                        return ["\(key): \(lines[0])"] + lines.dropFirst()
                    }
                    return ["\(key):"] + lines.map { "  " + $0 }
                }
        }
    }

    /// Whether the value is written on the lines below its key.
    private var isNested: Bool {
        switch self {
        case .list(let items): !items.isEmpty
        case .object(let members): !members.isEmpty
        case .null, .bool, .number, .text: false
        }
    }

    /// Whether every reader reads the unquoted text as this text.
    private static func isPlain(_ text: String) -> Bool {
        let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        return text.utf8.count <= yamlLineLength && !words.contains(text.lowercased())
            && text.wholeMatch(of: /[A-Za-z$](?:[A-Za-z0-9$._\/()+;=,'-]| (?=[A-Za-z0-9(]))*/) != nil
    }

    /// The lines of a long text of words with one space between each two; nil for any other text.
    private static func folded(_ text: String) -> [String]? {
        guard text.utf8.count > yamlLineLength, !text.hasPrefix(" "), !text.hasSuffix(" "), !text.contains("  "),
            text.unicodeScalars.allSatisfy({
                $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && !isNoncharacter($0)
            })
        else { return nil }
        var lines = [">-"]
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.utf8.count + 1 + word.utf8.count > yamlLineLength {
                lines.append("  " + line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return lines + ["  " + line]
    }
}
