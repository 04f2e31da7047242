public import Events
internal import CEL
internal import CELJSON
internal import Glibc
internal import Policy

/// A record as input of a map. The bytes are the caller's.
public struct SourceRecord {
    /// Nil if the record has none.
    public var key: UnsafeRawBufferPointer?
    /// Nil for a tombstone.
    public var value: UnsafeRawBufferPointer?
    /// Milliseconds since 1970; negative if unknown.
    public var timestamp: Int64
    public var topic: UnsafeRawBufferPointer
    public var partition: Int32
    public var offset: Int64

    public init(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, timestamp: Int64, topic: UnsafeRawBufferPointer,
        partition: Int32, offset: Int64
    ) {
        self.key = key
        self.value = value
        self.timestamp = timestamp
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}

/// The result of a record.
public enum MapOutcome: Sendable, Equatable {
    case event
    /// `when` is false.
    case noEvent
    case defect(MapDefect)
}

/// Applies a map to records. It writes CloudEvents in JSON, structured mode. A decoder must check them, because a map
/// can give an empty subject or a text that is not a time.
///
/// Not thread-safe: each thread has a mapper of its own. A record of plain texts and small numbers allocates nothing.
public final class RecordMapper {
    /// The limit of an event's bytes in structured mode, and so of the texts of a map's parts together.
    static let maximumBytes = EventDecoder.maximumEventBytes

    private let map: RecordMap
    private let frame: EvaluationFrame
    private let fields: JSONFields
    private let decoder = EventDecoder()
    private let readsKey: Bool
    private let readsValue: Bool
    private let whole: Int?
    private var headers: [(key: Value, value: Value)] = []

    /// The positions of the last event's parts, after `.event`. Nil if only parsing its JSON shows whether it is an
    /// event.
    private var spans: EventSpans?

    /// Whether the map reads `headers`. If not, none need to be added.
    public let readsHeaders: Bool

    public init(_ map: RecordMap) {
        self.map = map
        frame = EvaluationFrame(map.declarations)
        whole = map.declarations.wholeObjectSlot
        fields = JSONFields(
            fields: map.declarations.objectFields, whole: whole, isExcluded: Self.isProtected)
        let slots = Set(map.expressions.flatMap(\.slots))
        readsKey = slots.contains(map.slots.key)
        readsHeaders = slots.contains(map.slots.headers)
        var readsRecord = whole != nil || !map.declarations.objectFields.isEmpty
        if case .value = map.data { readsRecord = true }
        readsValue = readsRecord
    }

    /// Members of records and of their keys, and headers, that no expression sees. `data: value` copies a record as it
    /// is: the data of CloudEvents have such members too, and no policy sees them there.
    static let isProtected: @Sendable (UnsafeRawBufferPointer) -> Bool = { ProtectedAttribute.contains($0) }

    /// Adds a header of the next record for `map`. Of two with one name the last counts. One that has the name of a
    /// protected attribute is omitted.
    public func addHeader(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) {
        guard !Self.isProtected(name) else { return }
        let key = Self.text(name, copies: true)
        headers.removeAll { $0.key.isText(name) }
        headers.append((key, value.map { Self.text($0, copies: true) } ?? .null))
    }

    /// Replaces the content of `event` with the result, which is an event only after `.event`. `id` is the id of a
    /// record if the map has no `id`; nil stands for `TOPIC/PARTITION/OFFSET`.
    public func map(
        _ record: SourceRecord, id: UnsafeRawBufferPointer? = nil, into event: inout ByteWriter
    ) -> MapOutcome {
        event.removeAll()
        spans = nil
        defer { if readsHeaders { headers.removeAll(keepingCapacity: true) } }
        do throws(MapDefect) {
            try read(record)
            frame.allow(Limit.stepCost)
            if let when = map.when {
                switch when.truth(frame) {
                case .yes: break
                case .no: return .noEvent
                case .error: throw defect(.when, when, when.failure(frame, wanted: .bool), record)
                }
            }
            try write(record, id, &event)
            return .event
        } catch {
            event.removeAll()
            return .defect(error)
        }
    }

    /// Reads the event that was written into `json` for the last record.
    public func decode(
        _ json: UnsafeRawBufferPointer, with decoder: EventDecoder, into event: inout EventView
    ) -> EventDefect? {
        guard let spans else { return decoder.decode(structured: json, into: &event) }
        return decoder.decode(json, at: spans, into: &event)
    }

    // MARK: Reading

    private func read(_ record: SourceRecord) throws(MapDefect) {
        let slots = map.slots
        if readsValue { try readValue(record.value) }
        if readsKey { frame.slots[slots.key] = try Self.key(record.key) }
        if readsHeaders { frame.slots[slots.headers] = .map(ValueMap(headers)) }
        frame.slots[slots.timestamp] =
            Moment(milliseconds: record.timestamp).map { .timestamp($0) } ?? .error(.noSuchField)
        frame.slots[slots.topic] = .string(Text(borrowing: record.topic))
        frame.slots[slots.partition] = .int(Int64(record.partition))
        frame.slots[slots.offset] = .int(record.offset)
    }

    private func readValue(_ value: UnsafeRawBufferPointer?) throws(MapDefect) {
        guard let value else { return readOther(.null) }
        if Self.firstByte(value) == UInt8(ascii: "{") {
            if let reason = decoder.defect(ofObject: value) { throw MapDefect(.value, Self.message(reason)) }
            fields.read(value, into: frame.slots)
            return
        }
        guard value.count <= Self.maximumBytes else { throw MapDefect(.value, Self.message(.tooLarge)) }
        guard let other = JSONReader.value(of: value, isExcluded: Self.isProtected) else {
            throw MapDefect(.value, Self.message(.notJSON))
        }
        readOther(other)
    }

    /// Reads a value without fields.
    private func readOther(_ value: Value) {
        for field in map.declarations.objectFields { frame.slots[field.slot] = .error(.noSuchField) }
        if let whole { frame.slots[whole] = value }
    }

    /// Bytes that are not UTF-8 remain bytes.
    static func text(_ bytes: UnsafeRawBufferPointer, copies: Bool) -> Value {
        let text = copies ? Text(copying: bytes) : Text(borrowing: bytes)
        let isText = bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
        return isText ? .string(text) : .bytes(text)
    }

    static func message(_ reason: EventDefect.Reason) -> String {
        switch reason {
        case .invalidUTF8: "the record is not valid UTF-8"
        case .duplicateKey: "a JSON object has the same key twice"
        case .tooDeep: "the JSON is nested deeper than \(EventDecoder.maximumDepth) levels"
        case .tooLarge: "it is larger than \(EventDecoder.maximumEventBytes) bytes"
        case .numberOutOfRange: "a number is beyond the range of a double"
        case .outOfMemory: "no memory to read it"
        default: "the record is not JSON"
        }
    }

    // MARK: Writing

    private func write(
        _ record: SourceRecord, _ id: UnsafeRawBufferPointer?, _ event: inout ByteWriter
    ) throws(MapDefect) {
        var spans = EventSpans()
        event.append("{\"specversion\":\"1.0\",\"id\":")
        var start = event.count
        if let term = map.id {
            try write(term, .id, record, &event)
        } else if let id {
            event.append(jsonString: id)
        } else {
            event.append(byte: UInt8(ascii: "\""))
            event.append(record.topic)
            event.append(byte: UInt8(ascii: "/"))
            event.append(decimal: Int64(record.partition))
            event.append(byte: UInt8(ascii: "/"))
            event.append(decimal: record.offset)
            event.append(byte: UInt8(ascii: "\""))
        }
        spans.id = event.text(from: start)
        event.append(",\"source\":")
        start = event.count
        try write(map.source, .source, record, &event)
        spans.source = event.text(from: start)
        event.append(",\"type\":")
        start = event.count
        try write(map.type, .type, record, &event)
        spans.type = event.text(from: start)
        event.append(",\"subject\":")
        start = event.count
        try write(map.subject, .subject, record, &event)
        spans.subject = event.text(from: start)
        event.append(",\"time\":")
        start = event.count
        try writeTime(record, &event)
        spans.time = event.text(from: start)
        let hasEscapes = memchr(event.bytes.baseAddress!, 0x5C, event.count) != nil
        if let data = try writeData(record, &event), !hasEscapes {
            spans.data = data
            self.spans = spans
        }
        event.append(byte: UInt8(ascii: "}"))
        guard event.count <= Self.maximumBytes else {
            throw MapDefect(.data, "the event is larger than \(Self.maximumBytes) bytes")
        }
    }

    private func write(
        _ term: RecordMap.Term, _ part: MapDefect.Part, _ record: SourceRecord, _ event: inout ByteWriter
    ) throws(MapDefect) {
        switch term {
        case .text(let json): event.append(json)
        case .expression(let expression):
            switch expression.evaluate(frame) {
            case .string(let text): event.append(jsonString: text.bytes)
            case .int(let number) where part == .id || part == .subject:
                event.append(byte: UInt8(ascii: "\""))
                event.append(decimal: number)
                event.append(byte: UInt8(ascii: "\""))
            case .uint(let number) where part == .id || part == .subject: event.append(jsonString: String(number))
            case let other: throw defect(part, expression, other, wanted: .string, record)
            }
        }
    }

    private func writeTime(_ record: SourceRecord, _ event: inout ByteWriter) throws(MapDefect) {
        switch map.time.evaluate(frame) {
        case .timestamp(let moment):
            event.append(byte: UInt8(ascii: "\""))
            event.append(moment.timestamp)
            event.append(byte: UInt8(ascii: "\""))
        case .string(let text): event.append(jsonString: text.bytes)
        case let other: throw defect(.time, map.time, other, wanted: .timestamp, record)
        }
    }

    /// Returns the position of the data. Nil if it is not certain that a decoder accepts them.
    private func writeData(_ record: SourceRecord, _ event: inout ByteWriter) throws(MapDefect) -> Range<Int>? {
        switch map.data {
        case .none: return 0..<0
        case .value:
            guard let value = record.value else { return 0..<0 }
            event.append(",\"data\":")
            event.append(value)
            return nil
        case .expression(let expression):
            let value = expression.evaluate(frame)
            switch value {
            case .null: return 0..<0
            case .map: break
            case let other: throw defect(.data, expression, other, wanted: .map, record)
            }
            event.append(",\"data\":")
            let start = event.count
            let isCertain = try write(value, &event) { MapDefect(.data, expression: expression.source, $0) }
            return isCertain ? start..<event.count : nil
        case .members(let members):
            event.append(",\"data\":{")
            let start = event.count - 1
            var (isFirst, isCertain) = (true, true)
            for member in members {
                let value = member.expression.evaluate(frame)
                switch value {
                case .null: continue
                case .error:
                    throw defect(.data, member: member.name, member.expression, value, wanted: .dynamic, record)
                default: break
                }
                if !isFirst { event.append(byte: UInt8(ascii: ",")) }
                isFirst = false
                event.append(member.key)
                let isPlain = try write(value, &event) {
                    MapDefect(.data, member: member.name, expression: member.expression.source, $0)
                }
                isCertain = isCertain && isPlain
            }
            event.append(byte: UInt8(ascii: "}"))
            return isCertain ? start..<event.count : nil
        }
    }

    /// The size is checked here too, so that many large values cost no more than one. Returns what `ValueJSON` does.
    private func write(
        _ value: Value, _ event: inout ByteWriter, _ defect: (String) -> MapDefect
    ) throws(MapDefect) -> Bool {
        let isCertain: Bool
        do throws(ValueJSON.Defect) {
            isCertain = try ValueJSON.write(value, into: &event)
        } catch {
            throw defect(error.message)
        }
        guard event.count <= Self.maximumBytes else {
            throw defect("the event is larger than \(Self.maximumBytes) bytes")
        }
        return isCertain
    }

    // MARK: Defects

    private func defect(
        _ part: MapDefect.Part, member: String = "", _ expression: Expression, _ value: Value, wanted: ValueType,
        _ record: SourceRecord
    ) -> MapDefect {
        let failure: EvaluationFailure =
            if case .error = value {
                expression.failure(frame, wanted: wanted)
            } else {
                .wrongType(value.valueType ?? .dynamic, wanted: wanted)
            }
        return defect(part, member: member, expression, failure, record)
    }

    private func defect(
        _ part: MapDefect.Part, member: String = "", _ expression: Expression, _ failure: EvaluationFailure,
        _ record: SourceRecord
    ) -> MapDefect {
        var message = failure.description
        if record.value == nil, failure == .error(.noSuchField) || failure == .error(.noSuchKey) {
            message += " (the record has no value: `when: value != null` passes over such records)"
        }
        return MapDefect(part, member: member, expression: expression.source, message)
    }
}

extension ByteWriter {
    /// The text within the quotes of a JSON string that begins at `start` and is the last that was written.
    fileprivate func text(from start: Int) -> Range<Int> { start + 1..<count - 1 }
}

extension Value {
    fileprivate func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .string(let text), .bytes(let text): text.bytes.elementsEqual(bytes)
        default: false
        }
    }
}

extension Moment {
    /// Nil before 1970, because Kafka writes a negative time for an unknown one, and after the year 9999.
    fileprivate init?(milliseconds: Int64) {
        guard milliseconds >= 0, Self.timestampSeconds.contains(milliseconds / 1000) else { return nil }
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        self.init(seconds: seconds, nanoseconds: Int32(rest) * 1_000_000)
    }

    /// Rounded down to the microsecond. Every moment of an expression is in a timestamp's range.
    fileprivate var timestamp: Timestamp {
        Timestamp(microseconds: seconds * Timestamp.microsecondsPerSecond + Int64(nanoseconds) / 1000)
    }
}
