internal import Events
internal import CEL
internal import CELJSON
public import Policy

/// How a record of a plain JSON topic or a row of a table becomes an event: one CEL expression for each of its parts.
///
///     map:
///       when: value.op == "c"                        # other records are no events; default true
///       id: string(value.number)                     # default: TOPIC/PARTITION/OFFSET
///       source: /towns/lyon                          # a text, or CEL
///       type: bill.paid                              # a text, or CEL
///       subject: value.customer
///       time: timestamp(value.paid_at)               # a timestamp, or a text of RFC 3339
///       data: {amount: value.amount}                 # CEL for each member, or CEL for the whole; default none
///
/// The variables are `key`, `value`, `headers`, `timestamp`, `topic`, `partition` and `offset`. A member of `data` whose value
/// is null is left out.
public struct RecordMap: Sendable {
    /// The limit of members of `data`.
    public static let maximumMembers = 256

    enum Term: Sendable {
        /// A JSON string, with its quotes.
        case text([UInt8])
        case expression(Expression)
    }

    enum Payload: Sendable {
        case none
        /// The record's value as it is.
        case value
        case expression(Expression)
        case members([Member])
    }

    /// A class, so that a pass over the members counts one reference for each.
    final class Member: Sendable {
        let name: String
        /// The name as a JSON string, and the colon.
        let key: [UInt8]
        let expression: Expression

        init(name: String, key: [UInt8], expression: Expression) {
            self.name = name
            self.key = key
            self.expression = expression
        }
    }

    /// The slots of the variables beside `value`.
    struct Slots: Sendable {
        let key: Int
        let headers: Int
        let timestamp: Int
        let topic: Int
        let partition: Int
        let offset: Int

        static let names = ["key", "value", "headers", "timestamp", "topic", "partition", "offset"]

        init(_ declarations: inout Declarations) {
            key = declarations.declare("key", as: .dynamic)
            headers = declarations.declare("headers", as: .map)
            timestamp = declarations.declare("timestamp", as: .timestamp)
            topic = declarations.declare("topic", as: .string)
            partition = declarations.declare("partition", as: .int)
            offset = declarations.declare("offset", as: .int)
            declarations.declareObject("value")
        }
    }

    let when: Expression?
    let id: Term?
    let source: Term
    let type: Term
    let subject: Term
    let time: Expression
    let data: Payload
    let declarations: Declarations
    let slots: Slots
    /// Every part with its text, in the order of the document.
    public let parts: [(name: String, text: String)]

    /// Whether the map has an expression for the id.
    public var givesID: Bool { id != nil }

    /// The source of every event; nil if an expression gives it.
    public var fixedSource: String? { Self.fixed(source) }

    /// The type of every event; nil if an expression gives it.
    public var fixedType: String? { Self.fixed(type) }

    private static func fixed(_ term: Term) -> String? {
        guard case .text(let json) = term else { return nil }
        return json.withUnsafeBytes { json in
            guard case .string(let text)? = JSONReader.value(of: json) else { return nil }
            return String(decoding: text.bytes, as: UTF8.self)
        }
    }

    /// The members of `value` that the map names, in the order in which they are first named.
    public var fieldNames: [String] { declarations.objectFields.map(\.name) }

    var expressions: [Expression] {
        var all = [time] + (when.map { [$0] } ?? [])
        for case .expression(let expression)? in [id, source, type, subject] { all.append(expression) }
        switch data {
        case .expression(let expression): all.append(expression)
        case .members(let members): all += members.map(\.expression)
        case .none, .value: break
        }
        return all
    }

    /// Reads a document whose member `map` is a map. Its other members are ignored. Throws all errors at once.
    public init(yaml text: String, file: String) throws(YAMLMistakes) {
        let reader = YAMLReader(text)
        if let root = reader.root,
            let document = reader.mapping(root, what: "the document", known: nil, required: ["map"]),
            let value = document["map"], let map = RecordMap(value, by: reader), reader.mistakes.isEmpty
        {
            self = map
            return
        }
        throw YAMLMistakes(file: file, mistakes: reader.mistakes)
    }

    /// A map that is a part of a larger document. Nil if it has an error; the reader has noted every one.
    public init?(_ value: YAMLReader.Value, by reader: YAMLReader) {
        var parser = RecordMapParser(reader)
        guard let map = parser.map(value) else { return nil }
        self = map
    }

    init(
        when: Expression?, id: Term?, source: Term, type: Term, subject: Term, time: Expression, data: Payload,
        declarations: Declarations, slots: Slots, parts: [(name: String, text: String)]
    ) {
        self.when = when
        self.id = id
        self.source = source
        self.type = type
        self.subject = subject
        self.time = time
        self.data = data
        self.declarations = declarations
        self.slots = slots
        self.parts = parts
    }
}

extension RecordMap: Equatable {
    /// Two maps are equal if their parts have the same texts.
    public static func == (a: Self, b: Self) -> Bool {
        a.parts.count == b.parts.count
            && zip(a.parts, b.parts).allSatisfy {
                $0.name.utf8.elementsEqual($1.name.utf8) && $0.text.utf8.elementsEqual($1.text.utf8)
            }
    }
}
