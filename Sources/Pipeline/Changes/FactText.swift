public import Events

/// The parts of a fact's JSON in the format of `FactEncoder`, found without decoding it.
public struct FactText: Sendable {
    /// A score and its band.
    public struct Level: Sendable, Equatable {
        public let score: Int64
        public let band: String
    }

    private let json: ArraySlice<UInt8>
    /// Of the subject's JSON string.
    private let subject: Range<Int>
    /// Between the braces of the cause.
    private let cause: Range<Int>
    /// Of the JSON string with the type of the event that caused it; nil if a timer caused it.
    private let causeType: Range<Int>?
    private let timeText: Range<Int>
    private let typeText: Range<Int>
    private let ruleText: Range<Int>?
    private let itemText: Range<Int>?
    private let liftText: Range<Int>?

    /// The fact's type, such as `standing.score.changed`.
    public var type: String { text(typeText) }
    /// The subject's id, or its mask.
    public var subjectText: String { text(subject) }
    /// RFC 3339.
    public var time: String { text(timeText) }
    public let before: Level?
    public let after: Level?
    /// The rule with the most points among the reasons; nil if there is none.
    public var rule: String? { ruleText.map(text) }
    public let points: Int64?
    /// The sanction's or the perk's id; nil for a score.
    public var item: String? { itemText.map(text) }
    /// Why a sanction was lifted.
    public var reason: String? { liftText.map(text) }

    /// Nil for anything that neither `FactEncoder` nor `writeMasked` writes.
    public init?(_ json: ArraySlice<UInt8>) {
        var scanner = Scanner(json)
        guard scanner.skip("{\"specversion\":\"1.0\",\"id\":"), scanner.string() != nil, scanner.skip(",\"source\":"),
            scanner.string() != nil, scanner.skip(",\"type\":"), let type = scanner.string(),
            scanner.skip(",\"subject\":"), let subject = scanner.string(), scanner.skip(",\"time\":"),
            let time = scanner.string(), scanner.skip(",\"sequence\":"),
            scanner.string() != nil || scanner.number() != nil,
            scanner.skip(",\"data\":{\"policy\":{\"id\":"), scanner.string() != nil, scanner.skip(",\"version\":"),
            scanner.number() != nil, scanner.skip("},\"cause\":{")
        else { return nil }
        let cause = scanner.position
        var causeType: Range<Int>?
        if scanner.skip("\"source\":") {
            guard scanner.string() != nil, scanner.skip(",\"id\":"), scanner.string() != nil,
                scanner.skip(",\"type\":"),
                let type = scanner.string()
            else { return nil }
            causeType = type
        } else if scanner.skip("\"type\":") {
            // As `writeMasked` writes it.
            guard let type = scanner.string() else { return nil }
            causeType = type
        } else {
            guard scanner.skip("\"timer\":"), scanner.string() != nil else { return nil }
        }
        self.cause = cause..<scanner.position
        guard scanner.skip("},\"reasons\":[") else { return nil }
        var first: (rule: Range<Int>, points: Int64)?
        while !scanner.skip("]") {
            _ = scanner.skip(",")
            guard scanner.skip("{\"rule\":"), let rule = scanner.string(), scanner.skip(",\"dimension\":"),
                scanner.string() != nil, scanner.skip(",\"points\":"), let points = scanner.number(), scanner.skip("}")
            else { return nil }
            first = first ?? (rule, points)
        }
        guard scanner.skip(",\"before\":"), let before = scanner.level(), scanner.skip(",\"after\":"),
            let after = scanner.level()
        else { return nil }
        var (item, lift): (Range<Int>?, Range<Int>?) = (nil, nil)
        if scanner.skip(",\"perk\":") {
            guard let perk = scanner.string() else { return nil }
            item = perk
        } else if scanner.skip(",\"sanction\":") {
            guard let sanction = scanner.string() else { return nil }
            item = sanction
            lift = scanner.lift()
        }
        (self.json, self.subject, self.causeType, timeText, typeText) = (json, subject, causeType, time, type)
        (ruleText, points, itemText, liftText) = (first?.rule, first?.points, item, lift)
        (self.before, self.after) = (before.value, after.value)
    }

    /// Writes the fact with another text for the subject. Of its cause only the type is written, because an event's id
    /// and source may name the subject.
    public func writeMasked(_ mask: String, to writer: inout ByteWriter) {
        append(json.startIndex..<subject.lowerBound, to: &writer)
        writer.append(jsonString: mask)
        append(subject.upperBound..<cause.lowerBound, to: &writer)
        if let causeType {
            writer.append("\"type\":")
            append(causeType, to: &writer)
        } else {
            append(cause, to: &writer)
        }
        append(cause.upperBound..<json.endIndex, to: &writer)
    }

    private func append(_ range: Range<Int>, to writer: inout ByteWriter) {
        json[range].withUnsafeBytes { writer.append($0) }
    }

    private func text(_ range: Range<Int>) -> String { Self.text(json[range]) }

    /// The decoded value of a JSON string.
    fileprivate static func text(_ json: ArraySlice<UInt8>) -> String {
        let inner = json.dropFirst().dropLast()
        guard inner.contains(0x5C) else { return String(decoding: inner, as: UTF8.self) }
        let object = Array("{\"text\":".utf8) + json + Array("}".utf8)
        let decoder = EventDecoder()
        // The text is in the decoder's memory.
        return withExtendedLifetime(decoder) {
            object.withUnsafeBytes { object in
                decoder.string("text", of: object).map { String(decoding: $0, as: UTF8.self) } ?? ""
            }
        }
    }
}

/// Reads JSON without spaces whose members are in a known order.
private struct Scanner {
    private let json: ArraySlice<UInt8>
    private(set) var position: Int

    init(_ json: ArraySlice<UInt8>) { (self.json, position) = (json, json.startIndex) }

    mutating func skip(_ text: StaticString) -> Bool {
        let isThere = text.withUTF8Buffer { json[position...].starts(with: $0) }
        if isThere { position += text.utf8CodeUnitCount }
        return isThere
    }

    /// Includes the quotes.
    mutating func string() -> Range<Int>? {
        let start = position
        var next = position
        guard next < json.endIndex, json[next] == 0x22 else { return nil }
        next += 1
        while next < json.endIndex, json[next] != 0x22 { next += json[next] == 0x5C ? 2 : 1 }
        guard next < json.endIndex else { return nil }
        position = next + 1
        return start..<position
    }

    mutating func number() -> Int64? {
        var next = position
        if next < json.endIndex, json[next] == 0x2D { next += 1 }
        while next < json.endIndex, (0x30...0x39).contains(json[next]) { next += 1 }
        guard let number = Int64(String(decoding: json[position..<next], as: UTF8.self)) else { return nil }
        position = next
        return number
    }

    /// A level or null; nil if there is something else.
    mutating func level() -> (value: FactText.Level?, Void)? {
        if skip("null") { return (nil, ()) }
        guard skip("{\"score\":"), let score = number(), skip(",\"band\":"), let band = string(), skip("}") else {
            return nil
        }
        return (FactText.Level(score: score, band: FactText.text(json[band])), ())
    }

    /// The string after the last `"reason":` of a sanction; nil if there is none.
    mutating func lift() -> Range<Int>? {
        while position < json.endIndex {
            if skip(",\"reason\":") { return string() }
            if json[position] == 0x22 {
                guard string() != nil else { return nil }
            } else {
                position += 1
            }
        }
        return nil
    }
}
