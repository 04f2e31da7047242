internal import CEL

/// An error in a YAML file, with its position. Lines and columns count from 1.
public struct YAMLMistake: Error, Hashable, Sendable {
    public var line: Int
    public var column: Int
    public var message: String
}

/// All errors of one file, printed as one line per error: `FILE:LINE:COLUMN: error: message`.
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

/// A parsed YAML document with positions. Every read returns a value or notes an error, so that all errors are reported
/// at once.
public final class YAMLReader {
    /// The limit of a document's bytes.
    public static let maximumBytes = 1024 * 1024
    /// The limit of errors that are stored. Further ones are only counted.
    public static let maximumMistakes = 1000

    private var noted: [YAMLMistake] = []
    private var unlisted = 0

    /// In the order in which they were found. The last one gives the number of those that are not stored.
    public var mistakes: [YAMLMistake] {
        guard unlisted > 0, let last = noted.last else { return noted }
        return noted + [YAMLMistake(line: last.line, column: last.column, message: "\(unlisted) more mistakes")]
    }

    /// A value and its position.
    public struct Value {
        let node: YAMLNode

        public var line: Int { node.line }
        public var column: Int { node.column }

        init(_ node: YAMLNode) { self.node = node }
    }

    /// A mapping with known keys.
    public struct Mapping {
        public let location: Value
        let entries: [(key: Value, name: String, value: Value)]

        public subscript(_ key: String) -> Value? { entries.first { $0.name == key }?.value }
        public func location(of key: String) -> Value? { entries.first { $0.name == key }?.key }
        /// Names in the document's order, for mappings with free keys.
        public var names: [(name: String, key: Value, value: Value)] { entries.map { ($0.name, $0.key, $0.value) } }
    }

    public let root: Value?
    /// The characters of a document that has a value.
    let document: YAMLText?

    public init(_ text: String) {
        do throws(YAMLMistake) {
            var mistakes: [YAMLMistake] = []
            let (node, document) = try Self.read(text, &mistakes)
            (root, self.document) = (Value(node), document)
            for mistake in mistakes { note(mistake) }
        } catch {
            (root, document) = (nil, nil)
            note(error)
        }
    }

    /// The document and its value. Throws an error that leaves the document without a value.
    private static func read(
        _ text: String, _ mistakes: inout [YAMLMistake]
    ) throws(YAMLMistake) -> (YAMLNode, YAMLText) {
        guard text.utf8.count <= maximumBytes else {
            throw YAMLMistake(line: 1, column: 1, message: "the document is larger than \(maximumBytes) bytes")
        }
        // A byte order mark is not part of the document.
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        let document = try YAMLText(text)
        var composer = YAMLComposer(document)
        guard let root = try composer.root() else {
            throw YAMLMistake(line: 1, column: 1, message: "the document is empty")
        }
        mistakes = composer.mistakes
        return (root, document)
    }

    public func note(_ message: String, at value: Value) {
        note(YAMLMistake(line: value.line, column: value.column, message: message))
    }

    private func note(_ mistake: YAMLMistake) {
        guard !isFull else {
            unlisted += 1
            return
        }
        noted.append(mistake)
    }

    /// Whether a further mistake is only counted, so that it needs no hint.
    private var isFull: Bool { noted.count >= Self.maximumMistakes }

    /// A mapping. Keys outside `known` are errors, unless it is nil; `required` keys must be present.
    public func mapping(
        _ value: Value, what: String, known: [String]?, required: [String] = []
    ) -> Mapping? {
        guard case .mapping(let mapping) = value.node.content else {
            note("\(what) must be a mapping", at: value)
            return nil
        }
        var entries: [(key: Value, name: String, value: Value)] = []
        for member in mapping {
            let key = Value(member.key)
            guard case .scalar(let name, _) = member.key.content else {
                note("a key of \(what) must be a word", at: key)
                continue
            }
            if let known, !known.contains(name) {
                note("unknown key \"\(name)\" in \(what)\(hint(name, known))", at: key)
                continue
            }
            entries.append((key, name, Value(member.value)))
        }
        let result = Mapping(location: value, entries: entries)
        for key in required where result[key] == nil { note("\(what) lacks \"\(key)\"", at: value) }
        return result
    }

    public func sequence(_ value: Value, what: String) -> [Value]? {
        if let items = value.items { return items }
        note("\(what) must be a list", at: value)
        return nil
    }

    public func isEmptySequence(_ value: Value) -> Bool {
        value.items?.isEmpty ?? false
    }

    /// The text of a scalar of any type.
    public func string(_ value: Value, what: String) -> String? {
        guard case .scalar(let text, _) = value.node.content else {
            note("\(what) must be a word or text", at: value)
            return nil
        }
        if isNull(value) {
            note(
                text.isEmpty
                    ? "\(what) is empty" : "\(what) is empty: \(text) is YAML's null, unless it stands in quotes",
                at: value)
            return nil
        }
        return text
    }

    /// One string, or a list of at most `limit` strings.
    public func strings(_ value: Value, what: String, limit: Int) -> [(text: String, location: Value)]? {
        if let items = value.items {
            guard items.count <= limit else {
                note("\(what) has more than \(limit) items", at: value)
                return nil
            }
            return items.compactMap { item in
                string(item, what: "an item of \(what)").map { ($0, item) }
            }
        }
        return string(value, what: what).map { [($0, value)] }
    }

    /// A whole number of YAML's core schema, unquoted. With `anyStyle` quoted digits are a number too.
    public func integer(
        _ value: Value, what: String, in range: ClosedRange<Int64>, anyStyle: Bool = false
    ) -> Int64? {
        let number: Int64? =
            if case .number(let digits)? = plain(value) {
                Int64(digits)
            } else if anyStyle,
                case .scalar(let text, isPlain: false) = value.node.content
            { Int64(text) } else { nil }
        guard let number else {
            note("\(what) must be a whole number\(quotes(value, "0123456789-"))", at: value)
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
        if case .bool(let flag)? = plain(value) { return flag }
        note("\(what) must be true or false\(quotes(value, "truefals"))", at: value)
        return nil
    }

    /// The advice if only the quotes are wrong. Empty if the text has other characters than these.
    private func quotes(_ value: Value, _ characters: String) -> String {
        guard case .scalar(let text, isPlain: false) = value.node.content, !text.isEmpty,
            text.allSatisfy(characters.contains)
        else { return "" }
        return ", without quotes"
    }

    /// No value, or an unquoted null of YAML's core schema.
    public func isNull(_ value: Value) -> Bool { plain(value) == .null }

    /// The value of an unquoted scalar. Tags are ignored, because the policy's key decides the type: `version: !!str 5`
    /// is 5.
    private func plain(_ value: Value) -> YAMLScalar? {
        guard case .scalar(let text, isPlain: true) = value.node.content else { return nil }
        return YAMLScalar(plain: text)
    }

    /// Notes an unknown word, with the nearest of the known ones.
    public func noteUnknown(_ what: String, _ word: String, known: [String], at value: Value, listing: Bool = false) {
        let list = listing && !isFull ? ": \(known.joined(separator: ", "))" : ""
        note("unknown \(what) \"\(word.prefix(80))\"\(list)\(hint(word, known))", at: value)
    }

    private func hint(_ word: String, _ known: [String]) -> String {
        guard !isFull else { return "" }
        return Self.nearest(to: word, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// The known word that is nearest to a misspelt one; nil if none is near.
    public static func nearest(to word: String, in known: [String]) -> String? {
        Suggestion.nearest(to: word, among: known)
    }
}
