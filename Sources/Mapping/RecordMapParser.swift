internal import Events
internal import CEL
internal import Policy

/// Parses a map. Every part is read, even after errors in earlier parts.
struct RecordMapParser {
    typealias Value = YAMLReader.Value

    private let reader: YAMLReader
    private var declarations = Declarations()
    private let slots: RecordMap.Slots
    private var parts: [(name: String, text: String)] = []
    private var isGood = true

    init(_ reader: YAMLReader) {
        self.reader = reader
        slots = RecordMap.Slots(&declarations)
    }

    mutating func map(_ value: Value) -> RecordMap? {
        guard
            let mapping = reader.mapping(
                value, what: "the map", known: ["when", "id", "source", "type", "subject", "time", "data"],
                required: ["source", "type", "subject", "time"])
        else { return nil }
        /// Nil if the part is missing or has an error.
        func part<Part>(_ name: String, _ read: (Value) -> Part?) -> Part? {
            guard let value = mapping[name] else { return nil }
            let part = read(value)
            if part == nil { isGood = false }
            return part
        }
        let when = part("when") { expression($0, what: "when", gives: [.bool]) }
        let id = part("id") { identifier($0, what: "id") }
        let source = part("source") { textOrExpression($0, what: "source") }
        let type = part("type") { textOrExpression($0, what: "type") }
        let subject = part("subject") { identifier($0, what: "subject") }
        let time = part("time") { expression($0, what: "time", gives: [.timestamp, .string]) }
        let data = part("data") { payload($0) } ?? RecordMap.Payload.none
        guard isGood, let source, let type, let subject, let time else { return nil }
        return RecordMap(
            when: when, id: id, source: source, type: type, subject: subject, time: time, data: data,
            declarations: declarations, slots: slots, parts: parts)
    }

    private func note(_ message: String, at value: Value) { reader.note(message, at: value) }

    /// A part's text, which is added to the map's. Nil, with a note, if it is not a text.
    private mutating func source(of value: Value, what: String) -> String? {
        if let tag = value.ownTag {
            note(
                "YAML takes \"\(tag.prefix(80))\" for a tag: an expression that begins with ! stands in quotes",
                at: value)
            return nil
        }
        guard let source = reader.string(value, what: what) else { return nil }
        parts.append((what, source))
        return source
    }

    private mutating func expression(_ value: Value, what: String, gives types: [ValueType]) -> Expression? {
        source(of: value, what: what).flatMap { compile($0, at: value, what: what, gives: types) }
    }

    /// An expression that can give one of `types`; empty for any type.
    private mutating func compile(
        _ source: String, at value: Value, what: String, gives types: [ValueType]
    ) -> Expression? {
        let expression: Expression
        do {
            expression = try Expression(source, in: &declarations)
        } catch {
            note(error, of: source, at: value)
            return nil
        }
        for diagnostic in expression.diagnostics { note(diagnostic, of: source, at: value) }
        let protected = expression.objectFieldNames.map(\.name).filter { ProtectedAttribute.contains($0) }
        for name in protected { note(Self.isProtected(name), at: value) }
        guard expression.diagnostics.isEmpty, protected.isEmpty else { return nil }
        guard types.isEmpty || expression.type == .dynamic || types.contains(expression.type) else {
            let wanted = types.map(\.name).joined(separator: " or ")
            note("\(what) must give \(wanted), not \(expression.type.name)", at: value)
            return nil
        }
        return expression
    }

    private static func isProtected(_ name: String) -> String {
        "\"\(name)\" is a protected attribute: no map may look at it or pass it on"
    }

    private func note(_ error: ExpressionError, of source: String, at value: Value) {
        let isLong = source.contains("\n")
        let location = isLong ? "line \(error.line), character \(error.column)" : "character \(error.column)"
        var hint = ""
        if let cut = reader.cutHint(error.message, of: value) {
            hint = cut
        } else if error.message.hasPrefix("unknown name"), !error.message.contains("did you mean") {
            hint = ": a map sees \(RecordMap.Slots.names.joined(separator: ", "))"
        }
        note("\(error.message)\(hint) (\(location) of the expression)", at: value)
    }

    // MARK: Parts

    /// An expression that gives a text or a whole number.
    private mutating func identifier(_ value: Value, what: String) -> RecordMap.Term? {
        expression(value, what: what, gives: [.string, .int, .uint]).map(Self.term)
    }

    private static func term(_ expression: Expression) -> RecordMap.Term {
        guard case .string(let text)? = expression.constant else { return .expression(expression) }
        return .text(json(text.bytes))
    }

    private static func json(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(jsonString: text)
        return Array(writer.bytes)
    }

    private static func json(_ text: String) -> [UInt8] {
        var copy = text
        return copy.withUTF8 { json(UnsafeRawBufferPointer($0)) }
    }

    /// A path, a URI, or a dotted name that does not begin with a variable is a text. Anything else is an expression.
    private mutating func textOrExpression(_ value: Value, what: String) -> RecordMap.Term? {
        guard let source = source(of: value, what: what) else { return nil }
        if Self.isURI(source) { return .text(Self.json(source)) }
        guard let first = Self.firstOfDottedName(source), !RecordMap.Slots.names.contains(first) else {
            return compile(source, at: value, what: what, gives: [.string]).map(Self.term)
        }
        if source.contains("."), let near = YAMLReader.nearest(to: first, in: RecordMap.Slots.names) {
            note(
                "\"\(first)\" is no variable; did you mean \"\(near)\"? A text that looks like this stands in quotes "
                    + "twice: '\"\(source)\"'", at: value)
            return nil
        }
        return .text(Self.json(source))
    }

    private static func isURI(_ text: String) -> Bool {
        let isQuoted = text.contains("\"") || text.contains("'")
        return text.hasPrefix("/") || text.hasPrefix("urn:") || text.contains("://") && !isQuoted
    }

    /// The `card` of `card.bill-paid`; nil if the text is not a name or has an empty part.
    private static func firstOfDottedName(_ text: String) -> String? {
        let segments = text.split(separator: ".", omittingEmptySubsequences: false)
        let isName = segments.allSatisfy { segment in
            segment.utf8.first.map { $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") } ?? false
                && segment.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
        return isName ? segments.first.map(String.init) : nil
    }

    private mutating func payload(_ value: Value) -> RecordMap.Payload? {
        guard value.ownTag == nil, value.scalar == nil, value.items == nil else {
            guard let source = source(of: value, what: "data") else { return nil }
            if source.split(whereSeparator: \.isWhitespace) == ["value"] { return .value }
            return compile(source, at: value, what: "data", gives: [.map, .null]).map { .expression($0) }
        }
        guard let mapping = reader.mapping(value, what: "data", known: nil) else { return nil }
        guard mapping.names.count <= RecordMap.maximumMembers else {
            note("data has more than \(RecordMap.maximumMembers) members", at: value)
            return nil
        }
        var members: [RecordMap.Member] = []
        for (name, key, value) in mapping.names {
            if ProtectedAttribute.contains(name) { note(Self.isProtected(name), at: key) }
            guard let expression = expression(value, what: "data.\(name)", gives: []) else { continue }
            members.append(.init(name: name, key: Self.json(name) + [UInt8(ascii: ":")], expression: expression))
        }
        return members.count == mapping.names.count ? .members(members) : nil
    }
}
