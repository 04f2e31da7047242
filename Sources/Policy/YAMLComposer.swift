internal import CYaml

/// Composes a document's value from libyaml's events. It owns libyaml's parser, and the bytes that the parser reads.
struct YAMLComposer: ~Copyable {
    /// The limit of a document's texts, lists and mappings.
    static let maximumValues = 200_000
    /// The limit of nested lists and mappings.
    static let maximumDepth = 100
    private static let tooDeep = "there are more than \(maximumDepth) lists and mappings in each other"

    private let document: YAMLText
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    /// The event that was read last.
    private var event = yaml_event_t()
    private var anchors: Set<String> = []
    private var values = 0
    /// Mistakes after which the document still has a value.
    private(set) var mistakes: [YAMLMistake] = []

    init(_ document: YAMLText) {
        self.document = document
        let text = document.readable.utf8
        bytes = .allocate(capacity: text.count)
        _ = bytes.initialize(from: text)
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        var event = event
        yaml_event_delete(&event)
        yaml_parser_delete(parser)
        parser.deallocate()
        bytes.deallocate()
    }

    /// The value of the only document; nil if there is none. Throws an error that leaves the document without a value.
    mutating func root() throws(YAMLMistake) -> YAMLNode? {
        // The begin of the stream, and that of the document.
        try read()
        try read()
        guard event.type != YAML_STREAM_END_EVENT else { return nil }
        try read()
        let root = try node(depth: 0)
        // The end of the document.
        try read()
        try read()
        guard event.type == YAML_STREAM_END_EVENT else { throw mistake("but found another document") }
        return root
    }

    // MARK: Events

    private mutating func read() throws(YAMLMistake) {
        yaml_event_delete(&event)
        guard yaml_parser_parse(parser, &event) == 1 else { throw parserMistake() }
    }

    private var line: Int { event.start_mark.line + 1 }
    private var column: Int { event.start_mark.column + 1 }

    /// A mistake at the event.
    private func mistake(_ message: String) -> YAMLMistake {
        YAMLMistake(line: line, column: column, message: message)
    }

    private func parserMistake() -> YAMLMistake {
        guard let problem = parser.pointee.problem.map({ String(cString: $0) }) else {
            return YAMLMistake(line: 1, column: 1, message: "there is not enough memory to read the document")
        }
        if parser.pointee.error == YAML_READER_ERROR {
            let (line, column) = YAMLReader.location(of: parser.pointee.problem_offset, in: Array(bytes))
            return YAMLMistake(line: line, column: column, message: problem)
        }
        // libyaml's own limit is greater, but it scans ahead.
        if problem.hasPrefix("Maximum nesting level") {
            let mark = parser.pointee.mark
            return YAMLMistake(line: mark.line + 1, column: mark.column + 1, message: Self.tooDeep)
        }
        var mark = parser.pointee.problem_mark
        if document.isAdjoiningHash(line: mark.line + 1, column: mark.column + 1) {
            return YAMLMistake(
                line: mark.line + 1, column: mark.column + 1, message: YAMLText.adjoiningHashMessage)
        }
        let isTab = document.scalar(line: mark.line + 1, column: mark.column + 1) == "\t"
        var message = problem
        switch parser.pointee.context.map({ String(cString: $0) }) {
        case "while scanning a quoted scalar" where problem == "found unexpected end of stream":
            mark = parser.pointee.context_mark
            message = "this quoted text has no closing quote"
        case "while scanning a simple key" where problem == "could not find expected ':'":
            mark = parser.pointee.context_mark
            switch document.scalar(line: mark.line + 1, column: mark.column + 1) {
            case "\"", "'":
                message =
                    "this line is neither a key, with a colon and a space after it, nor a list's item, with - and a space "
                    + "before it"
            default: message = "this line is no key: a key is followed by a colon and a space"
            }
        case "while scanning for the next token" where isTab, "while scanning a plain scalar" where isTab:
            message += ": indent with spaces, not tabs"
        default:
            message += YAMLReader.quotingHint(
                problem, line: mark.line + 1, column: mark.column + 1, in: document.readable)
        }
        return YAMLMistake(line: mark.line + 1, column: mark.column + 1, message: message)
    }

    // MARK: Values

    /// The value that begins with the event.
    private mutating func node(depth: Int) throws(YAMLMistake) -> YAMLNode {
        values += 1
        guard values <= Self.maximumValues else {
            throw mistake("the document has more than \(Self.maximumValues) values")
        }
        guard depth <= Self.maximumDepth else {
            throw mistake(Self.tooDeep)
        }
        switch event.type {
        case YAML_SCALAR_EVENT:
            define(event.data.scalar.anchor)
            return scalar()
        case YAML_SEQUENCE_START_EVENT:
            define(event.data.sequence_start.anchor)
            return try sequence(depth: depth)
        case YAML_MAPPING_START_EVENT:
            define(event.data.mapping_start.anchor)
            return try mapping(depth: depth)
        default: throw alias()
        }
    }

    private mutating func scalar() -> YAMLNode {
        let scalar = event.data.scalar
        let (line, column) = (line, column)
        let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
        var text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
        // Ledgers have policies whose texts were read without a byte order mark at their begin.
        if text.unicodeScalars.first == "\u{FEFF}" { text = String(text.unicodeScalars.dropFirst()) }
        if scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE {
            text = document.restored(doubleQuoted: text, line: line, column: column) { line, column in
                mistakes.append(
                    YAMLMistake(
                        line: line, column: column,
                        message: "half of a surrogate pair: such a character takes two escapes, as in \\ud83d\\ude00"))
            }
        } else {
            text = document.restored(text)
        }
        if isPlain, document.isAdjoiningHash(line: line, column: column) {
            mistakes.append(mistake(YAMLText.adjoiningHashMessage))
        }
        let tag =
            if document.hasNonSpecificTag(line: line, column: column) {
                YAMLNode.nonSpecificTag
            } else if scalar.quoted_implicit != 0 {
                YAMLScalar.Tag.text.rawValue
            } else {
                Self.text(scalar.tag) ?? ""
            }
        return YAMLNode(content: .scalar(text: text, isPlain: isPlain), tag: tag, line: line, column: column)
    }

    private mutating func sequence(depth: Int) throws(YAMLMistake) -> YAMLNode {
        let (line, column) = (line, column)
        let start = event.data.sequence_start
        let tag = start.implicit == 0 ? Self.text(start.tag) ?? "" : ""
        var items: [YAMLNode] = []
        try read()
        while event.type != YAML_SEQUENCE_END_EVENT {
            items.append(try node(depth: depth + 1))
            try read()
        }
        return YAMLNode(content: .sequence(items), tag: tag, line: line, column: column)
    }

    /// Two equal keys are an error.
    private mutating func mapping(depth: Int) throws(YAMLMistake) -> YAMLNode {
        let (line, column) = (line, column)
        let start = event.data.mapping_start
        let tag = start.implicit == 0 ? Self.text(start.tag) ?? "" : ""
        var members: [YAMLNode.Member] = []
        /// Empty while there are few keys.
        var names: Set<String> = []
        try read()
        while event.type != YAML_MAPPING_END_EVENT {
            let key = try node(depth: depth + 1)
            if case .scalar(let name, _) = key.content {
                let isSecond: Bool
                if members.count < Self.fewKeys {
                    isSecond = members.contains { $0.key.text == name }
                } else {
                    if names.isEmpty { names = Set(members.compactMap { $0.key.text }) }
                    isSecond = !names.insert(name).inserted
                }
                if isSecond {
                    throw YAMLMistake(
                        line: key.line, column: key.column, message: "the key \(name) stands here for a second time")
                }
            }
            try read()
            members.append(YAMLNode.Member(key: key, value: try node(depth: depth + 1)))
            try read()
        }
        return YAMLNode(content: .mapping(members), tag: tag, line: line, column: column)
    }

    /// Fewer keys are compared with each other faster than they are hashed.
    private static let fewKeys = 16

    // MARK: Aliases

    private mutating func define(_ anchor: UnsafeMutablePointer<UInt8>?) {
        if let name = Self.text(anchor) { anchors.insert(name) }
    }

    /// An alias is an error. A few levels of them expand to more values than fit any memory.
    private func alias() -> YAMLMistake {
        let name = Self.text(event.data.alias.anchor) ?? ""
        guard !anchors.contains(name) else { return mistake("\"*\(name)\": aliases are not supported here") }
        let problem = "found undefined alias"
        let hint = YAMLReader.quotingHint(problem, line: line, column: column, in: document.readable)
        return mistake(problem + (hint.isEmpty ? ": aliases are not supported here" : hint))
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}
