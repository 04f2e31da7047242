internal import Yams

/// One mistake in a YAML file, with its place. Lines and columns count from 1.
public struct YAMLMistake: Error, Hashable, Sendable {
    public var line: Int
    public var column: Int
    public var message: String
}

/// All mistakes of one file, printed one a line as `FILE:LINE:COLUMN: error: message`.
public struct YAMLMistakes: Error, Sendable, CustomStringConvertible {
    public let file: String
    public let mistakes: [YAMLMistake]

    public init(file: String, mistakes: [YAMLMistake]) {
        self.file = file
        self.mistakes = mistakes.sorted { ($0.line, $0.column, $0.message) < ($1.line, $1.column, $1.message) }
    }

    public var description: String {
        mistakes.map { "\(file):\($0.line):\($0.column): error: \($0.message)" }.joined(separator: "\n")
    }
}

/// A YAML document read with its places: every read either answers or notes a mistake, so that all come out at once.
public final class YAMLReader {
    /// A document may have this many bytes.
    public static let maximumBytes = 1024 * 1024
    /// Beyond this many mistakes the rest is only counted.
    public static let maximumMistakes = 1000

    private var noted: [YAMLMistake] = []
    private var untold = 0

    /// In the order in which they were found; the last says how many are not told.
    public var mistakes: [YAMLMistake] {
        guard untold > 0, let last = noted.last else { return noted }
        return noted + [YAMLMistake(line: last.line, column: last.column, message: "\(untold) more mistakes")]
    }

    /// A value and where it stands.
    public struct Value {
        let node: Node
        public let line: Int
        public let column: Int

        init(_ node: Node) {
            self.node = node
            line = node.mark?.line ?? 1
            column = node.mark?.column ?? 1
        }
    }

    /// A mapping whose keys are all known.
    public struct Mapping {
        public let place: Value
        let entries: [(key: Value, name: String, value: Value)]

        public subscript(_ key: String) -> Value? { entries.first { $0.name == key }?.value }
        public func place(of key: String) -> Value? { entries.first { $0.name == key }?.key }
        /// Names in the document's order, for mappings with free keys.
        public var names: [(name: String, key: Value, value: Value)] { entries.map { ($0.name, $0.key, $0.value) } }
    }

    public let root: Value?

    public init(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes else {
            root = nil
            noted = [YAMLMistake(line: 1, column: 1, message: "the document is larger than \(Self.maximumBytes) bytes")]
            return
        }
        // A byte order mark is no part of the document.
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        if let alias = Self.alias(in: text) {
            root = nil
            noted = [alias]
            return
        }
        do {
            guard let node = try compose(yaml: text) else {
                root = nil
                noted = [YAMLMistake(line: 1, column: 1, message: "the document is empty")]
                return
            }
            root = Value(node)
        } catch {
            root = nil
            noted = [Self.mistake(error, in: text)]
        }
    }

    private static func mistake(_ error: any Error, in text: String) -> YAMLMistake {
        switch error {
        case YamlError.reader(let problem, let offset, let value, _):
            let bytes = Array(text.utf8)
            let (line, column) = place(of: min(max(offset ?? 0, 0), bytes.count), in: bytes)
            return YAMLMistake(
                line: line, column: column, message: "\(problem) (U+\(String(value, radix: 16, uppercase: true)))")
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            return YAMLMistake(line: mark.line, column: mark.column, message: problem)
        case YamlError.duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.joined(separator: ", ")
            let mark = (line: context.mark.line, column: context.mark.column)
            let (line, column) = second(duplicates.first ?? "", after: mark.line, mark.column, in: text) ?? mark
            return YAMLMistake(line: line, column: column, message: "the key \(names) stands here for a second time")
        default:
            let reason = "\(error)".split(separator: "\n").first ?? ""
            return YAMLMistake(line: 1, column: 1, message: "not YAML: \(reason)")
        }
    }

    public func note(_ message: String, at value: Value) {
        guard noted.count < Self.maximumMistakes else {
            untold += 1
            return
        }
        noted.append(YAMLMistake(line: value.line, column: value.column, message: message))
    }

    /// A mapping; keys outside `known` are mistakes (nil: all keys are free), `required` ones must be there.
    public func mapping(
        _ value: Value, what: String, known: [String]?, required: [String] = []
    ) -> Mapping? {
        guard case .mapping(let mapping) = value.node else {
            note("\(what) must be a mapping", at: value)
            return nil
        }
        var entries: [(key: Value, name: String, value: Value)] = []
        for (keyNode, valueNode) in mapping {
            let key = Value(keyNode)
            guard case .scalar(let scalar) = keyNode else {
                note("a key of \(what) must be a word", at: key)
                continue
            }
            let name = scalar.string
            if let known, !known.contains(name) {
                note("unknown key \"\(name)\" in \(what)\(Self.mend(name, known))", at: key)
                continue
            }
            entries.append((key, name, Value(valueNode)))
        }
        let result = Mapping(place: value, entries: entries)
        for key in required where result[key] == nil { note("\(what) lacks \"\(key)\"", at: value) }
        return result
    }

    public func sequence(_ value: Value, what: String) -> [Value]? {
        guard case .sequence(let sequence) = value.node else {
            note("\(what) must be a list", at: value)
            return nil
        }
        return sequence.map { Value($0) }
    }

    public func isEmptySequence(_ value: Value) -> Bool {
        if case .sequence(let sequence) = value.node { sequence.isEmpty } else { false }
    }

    /// The text of a scalar, whatever its type.
    public func string(_ value: Value, what: String) -> String? {
        guard case .scalar(let scalar) = value.node else {
            note("\(what) must be a word or text", at: value)
            return nil
        }
        if isNull(value) {
            note("\(what) is empty", at: value)
            return nil
        }
        return scalar.string
    }

    /// One string or a list of at most `limit`.
    public func strings(_ value: Value, what: String, limit: Int) -> [(text: String, place: Value)]? {
        if case .sequence(let sequence) = value.node {
            guard sequence.count <= limit else {
                note("\(what) has more than \(limit) items", at: value)
                return nil
            }
            return sequence.map { Value($0) }.compactMap { item in
                string(item, what: "an item of \(what)").map { ($0, item) }
            }
        }
        return string(value, what: what).map { [($0, value)] }
    }

    /// `anyStyle`: quoted digits are a number too.
    public func integer(
        _ value: Value, what: String, in range: ClosedRange<Int64>, anyStyle: Bool = false
    ) -> Int64? {
        guard case .scalar(let scalar) = value.node, anyStyle || scalar.style == .plain,
            let number = Int64(scalar.string)
        else {
            note("\(what) must be a whole number", at: value)
            return nil
        }
        guard range.contains(number) else {
            note("\(what) must be from \(range.lowerBound) to \(range.upperBound)", at: value)
            return nil
        }
        return number
    }

    /// `true` or `false` of YAML's core schema, unquoted.
    public func bool(_ value: Value, what: String) -> Bool? {
        if case .scalar(let scalar) = value.node, scalar.style == .plain {
            if ["true", "True", "TRUE"].contains(scalar.string) { return true }
            if ["false", "False", "FALSE"].contains(scalar.string) { return false }
        }
        note("\(what) must be true or false", at: value)
        return nil
    }

    /// Nothing, or null of YAML's core schema, unquoted.
    public func isNull(_ value: Value) -> Bool {
        guard case .scalar(let scalar) = value.node else { return false }
        return scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// Notes a word that is none of the known ones, with the one that may have been meant.
    public func noteUnknown(_ what: String, _ word: String, known: [String], at value: Value, listing: Bool = false) {
        let list = listing ? ": \(known.joined(separator: ", "))" : ""
        note("unknown \(what) \"\(word.prefix(80))\"\(list)\(Self.mend(word, known))", at: value)
    }

    private static func mend(_ word: String, _ known: [String]) -> String {
        nearest(to: word, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// The known word nearest to a misspelt one, at most two edits away (Levenshtein).
    public static func nearest(to word: String, in known: [String]) -> String? {
        known.map { ($0, distance(word, $0)) }.filter { $0.1 <= 2 && $0.1 < word.count }.min { $0.1 < $1.1 }?.0
    }

    private static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a.utf8.prefix(64))
        let b = Array(b.utf8.prefix(64))
        var row = Array(0...b.count)
        for i in 0..<a.count {
            var diagonal = row[0]
            row[0] = i + 1
            for j in 0..<b.count {
                let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
