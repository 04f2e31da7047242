internal import Events
internal import CEL
internal import CELJSON

/// A record in a line of JSON: `{"key", "value", "headers", "timestamp", "topic", "partition", "offset"}` with at least
/// `value` and nothing else, or only the value.
///
/// A `key` that is not a text becomes the text of its JSON. `value` is JSON, null for a tombstone. `headers` is an
/// object of texts, `timestamp` in milliseconds since 1970.
public struct SampleRecord: Sendable {
    /// The reason why a line is not a record, in words.
    public struct Defect: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Nil if there is none.
    public private(set) var key: [UInt8]?
    /// Nil for a tombstone.
    public private(set) var value: [UInt8]?
    public private(set) var headers: [(name: [UInt8], value: [UInt8]?)] = []
    /// Nil if the line has none.
    public private(set) var timestamp: Int64?
    public private(set) var topic: String?
    public private(set) var partition: Int32?
    public private(set) var offset: Int64?

    private static let names = ["key", "value", "headers", "timestamp", "topic", "partition", "offset"]

    public init(line: UnsafeRawBufferPointer) throws(Defect) {
        guard let json = JSONReader.value(of: line) else {
            throw Defect(description: "the line is not JSON, or has a key twice")
        }
        guard case .map(let map) = json, let members = Self.members(of: map) else {
            value = Array(line)
            return
        }
        for (name, member) in members { try read(name, member) }
    }

    /// Nil if the line is only a value.
    private static func members(of map: ValueMap) -> [(name: String, value: Value)]? {
        var members: [(name: String, value: Value)] = []
        for entry in map.entries {
            guard case .string(let key) = entry.key else { return nil }
            let name = String(decoding: key.bytes, as: UTF8.self)
            guard names.contains(name) else { return nil }
            members.append((name, entry.value))
        }
        return members.contains { $0.name == "value" } ? members : nil
    }

    private mutating func read(_ name: String, _ member: Value) throws(Defect) {
        switch (name, member) {
        case ("value", .null), ("key", .null): break
        case ("value", _): value = try Self.json(member)
        case ("key", .string(let text)): key = Array(text.bytes)
        case ("key", _): key = try Self.json(member)
        case ("topic", .string(let text)) where text.bytes.allSatisfy(Self.isOfTopicName):
            topic = String(decoding: text.bytes, as: UTF8.self)
        case ("timestamp", .int(let number)): timestamp = number
        case ("offset", .int(let number)): offset = number
        case ("partition", .int(let number)) where Int32(exactly: number) != nil: partition = Int32(number)
        case ("headers", .map(let map)):
            for entry in map.entries {
                guard case .string(let name) = entry.key else { continue }
                switch entry.value {
                case .string(let text): headers.append((Array(name.bytes), Array(text.bytes)))
                case .null: headers.append((Array(name.bytes), nil))
                default: throw Defect(description: "a header is a text or null")
                }
            }
        default:
            throw Defect(
                description:
                    "\"\(name)\" of a record: headers is an object of texts, topic a topic's name, timestamp (milliseconds), "
                    + "partition and offset are whole numbers")
        }
    }

    /// Kafka's names of topics: ASCII letters, digits, `.`, `_` and `-`.
    private static func isOfTopicName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }

    private static func json(_ value: Value) throws(Defect) -> [UInt8] {
        var writer = ByteWriter()
        do throws(ValueJSON.Defect) {
            try ValueJSON.write(value, into: &writer)
        } catch {
            throw Defect(description: error.message)
        }
        return Array(writer.bytes)
    }
}

extension CheckedMapper {
    /// The result of a sample. The arguments and `partition` 0 replace what the line lacks.
    public func map(_ sample: SampleRecord, topic: String, offset: Int64, timestamp: Int64, latest: Int64) -> Outcome {
        for header in sample.headers {
            header.name.withUnsafeBytes { name in
                guard let value = header.value else { return addHeader(name, nil) }
                value.withUnsafeBytes { addHeader(name, $0) }
            }
        }
        let name = Array((sample.topic ?? topic).utf8)
        return name.withUnsafeBytes { name in
            (sample.key ?? []).withUnsafeBytes { key in
                (sample.value ?? []).withUnsafeBytes { value in
                    let record = SourceRecord(
                        key: sample.key == nil ? nil : key, value: sample.value == nil ? nil : value,
                        timestamp: sample.timestamp ?? timestamp, topic: name, partition: sample.partition ?? 0,
                        offset: sample.offset ?? offset)
                    return map(record, latest: latest)
                }
            }
        }
    }
}

extension CheckedMapper {
    /// A line of JSON, without its end: `{"line", "outcome": "event", "event"}`, `{"line", "outcome": "none"}` or
    /// `{"line", "outcome": "refused", "reason", "message"}`.
    public func line(_ outcome: Outcome, number: Int) -> String {
        var writer = JSONWriter()
        writer.open()
        writer.member("line", number)
        if let (code, message) = outcome.refusal {
            writer.member("outcome", "refused")
            writer.member("reason", code)
            writer.member("message", message)
        } else if outcome == .event {
            writer.member("outcome", "event")
            writer.key("event")
            writer.value { $0.append(bytes) }
        } else {
            writer.member("outcome", "none")
        }
        writer.close()
        return writer.text
    }
}
