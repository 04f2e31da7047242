internal import CSimdJSON

/// Turns records into events (CloudEvents 1.0, JSON format, structured and binary mode of the Kafka binding).
///
/// Every input gives an event or a defect. A decoded event is valid until the next call. Not thread-safe: each thread
/// needs a decoder of its own. In steady state it does not allocate.
public final class EventDecoder {
    /// The maximum length of a record's value, in bytes.
    public static let maximumEventBytes = 1024 * 1024
    /// The maximum length of `id`, of `source`, of `type` and of `subject`, in bytes.
    public static let maximumAttributeBytes = 1024
    /// The maximum depth of nested JSON containers.
    public static let maximumDepth = 64

    private let decoder: OpaquePointer
    /// A pointer, so that passing it to C costs no exclusivity check.
    private let fields: UnsafeMutablePointer<standing_event>

    public init() {
        guard let decoder = standing_decoder_new() else { preconditionFailure("no memory for a decoder") }
        self.decoder = decoder
        fields = .allocate(capacity: 1)
        fields.initialize(to: standing_event())
    }

    deinit {
        standing_decoder_free(decoder)
        fields.deallocate()
    }

    /// Structured mode: the value is the whole event.
    public func decode(structured value: UnsafeRawBufferPointer, into event: inout EventView) -> EventDefect? {
        guard value.count <= Self.maximumEventBytes else { return EventDefect(.event, .tooLarge) }
        guard let base = value.baseAddress, value.count > 0 else { return EventDefect(.event, .notJSON) }
        let status = standing_decode_event(decoder, base, value.count, fields)
        guard status == STANDING_JSON_OK else { return EventDefect(status, at: fields.pointee.at) }
        let a = fields.pointee.attributes
        if a.9.bytes != nil { return EventDefect(.base64, .unsupported) }
        if let reason = a.8.view?.excludedCharacter { return EventDefect(.datacontenttype, reason) }
        event.data = a.7.buffer
        return finish(
            &event, specversion: a.1.view, id: a.2.view, source: a.3.view, type: a.4.view, subject: a.5.view,
            time: a.6.view)
    }

    /// Structured mode, of which the writer knows the parts: checks the attributes alone.
    public func decode(
        _ value: UnsafeRawBufferPointer, at spans: EventSpans, into event: inout EventView
    ) -> EventDefect? {
        func part(_ span: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: value[span]) }
        event.data = part(spans.data)
        return finish(
            &event, specversion: Self.specversion, id: part(spans.id), source: part(spans.source),
            type: part(spans.type), subject: part(spans.subject), time: part(spans.time))
    }

    private static let version: StaticString = "1.0"
    private static var specversion: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: version.utf8Start, count: version.utf8CodeUnitCount)
    }

    /// Binary mode: the attributes come from `ce_` headers, and the value is `data`. An event without data has an
    /// empty value or none.
    public func decode(
        binary value: UnsafeRawBufferPointer?, specversion: UnsafeRawBufferPointer?, id: UnsafeRawBufferPointer?,
        source: UnsafeRawBufferPointer?, type: UnsafeRawBufferPointer?, subject: UnsafeRawBufferPointer?,
        time: UnsafeRawBufferPointer?, contentType: UnsafeRawBufferPointer?, into event: inout EventView
    ) -> EventDefect? {
        if let value {
            guard value.count <= Self.maximumEventBytes else { return EventDefect(.event, .tooLarge) }
            if let contentType, MediaType(contentType)?.isJSON != true {
                return EventDefect(.contentType, .unsupported)
            }
        }
        if !Self.isUTF8(id) { return EventDefect(.id, .invalidUTF8) }
        if !Self.isUTF8(source) { return EventDefect(.source, .invalidUTF8) }
        if !Self.isUTF8(type) { return EventDefect(.type, .invalidUTF8) }
        if !Self.isUTF8(subject) { return EventDefect(.subject, .invalidUTF8) }
        event.data = UnsafeRawBufferPointer(start: nil, count: 0)
        if let value, let base = value.baseAddress, value.count > 0 {
            var text = standing_text()
            let status = standing_check_object(decoder, base, value.count, &text)
            guard status == STANDING_JSON_OK else {
                let defect = EventDefect(status, at: STANDING_ATTRIBUTE_DATA)
                return EventDefect(.data, defect.reason)
            }
            event.data = text.buffer
        }
        return finish(
            &event, specversion: specversion, id: id, source: source, type: type, subject: subject, time: time)
    }

    /// The bytes' JSON object without white space around it, checked as an event's data is; or the defect.
    public func object(in bytes: UnsafeRawBufferPointer) -> Result<UnsafeRawBufferPointer, EventDefect> {
        guard bytes.count <= Self.maximumEventBytes else { return .failure(EventDefect(.data, .tooLarge)) }
        guard let base = bytes.baseAddress, bytes.count > 0 else { return .failure(EventDefect(.data, .notJSON)) }
        var text = standing_text()
        let status = standing_check_object(decoder, base, bytes.count, &text)
        guard status == STANDING_JSON_OK else {
            return .failure(EventDefect(.data, EventDefect(status, at: STANDING_ATTRIBUTE_DATA).reason))
        }
        return .success(text.buffer)
    }

    /// Why a text is no JSON object that an event's data may be; nil if it is one.
    public func defect(ofObject json: UnsafeRawBufferPointer) -> EventDefect.Reason? {
        guard json.count <= Self.maximumEventBytes else { return .tooLarge }
        guard let base = json.baseAddress, json.count > 0 else { return .notJSON }
        var text = standing_text()
        let status = standing_check_object(decoder, base, json.count, &text)
        return status == STANDING_JSON_OK ? nil : EventDefect(status, at: STANDING_ATTRIBUTE_DATA).reason
    }

    /// The string member `name` of a checked JSON object; nil if there is no such string.
    public func string(_ name: StaticString, of object: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let base = object.baseAddress, object.count > 0 else { return nil }
        var text = standing_text()
        let found = name.withUTF8Buffer { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                standing_string_member(decoder, base, object.count, $0.baseAddress, $0.count, &text)
            }
        }
        return found == 1 ? text.buffer : nil
    }

    /// The integer member `name` of a JSON object; nil if there is no such integer.
    public func integer(_ name: StaticString, of object: UnsafeRawBufferPointer) -> Int64? {
        guard let base = object.baseAddress, object.count > 0 else { return nil }
        var value: Int64 = 0
        let found = name.withUTF8Buffer { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                standing_integer_member(decoder, base, object.count, $0.baseAddress, $0.count, &value)
            }
        }
        return found == 1 ? value : nil
    }

    /// Whether a JSON object has a member `name` of any type.
    public func hasMember(_ name: StaticString, of object: UnsafeRawBufferPointer) -> Bool {
        memberType(name, of: object) != .missing
    }

    /// The type of the member `name` of a checked JSON object.
    func memberType(_ name: StaticString, of object: UnsafeRawBufferPointer) -> MemberType {
        guard let base = object.baseAddress, object.count > 0 else { return .missing }
        let head = name.withUTF8Buffer { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                standing_member_head(decoder, base, object.count, $0.baseAddress, $0.count)
            }
        }
        return switch head {
        case 0: .missing
        case 0x22: .string
        case 0x7B: .object
        case 0x6E: .null
        default: .other
        }
    }

    enum MemberType {
        case missing, null, string, object, other
    }

    private func finish(
        _ event: inout EventView, specversion: UnsafeRawBufferPointer?, id: UnsafeRawBufferPointer?,
        source: UnsafeRawBufferPointer?, type: UnsafeRawBufferPointer?, subject: UnsafeRawBufferPointer?,
        time: UnsafeRawBufferPointer?
    ) -> EventDefect? {
        guard let specversion else { return EventDefect(.specversion, .missing) }
        guard specversion.equals("1.0") else { return EventDefect(.specversion, .wrongVersion) }
        if let reason = Self.check(id) { return EventDefect(.id, reason) }
        if let reason = Self.check(source) { return EventDefect(.source, reason) }
        if let reason = Self.check(type) { return EventDefect(.type, reason) }
        event.id = id!
        event.source = source!
        event.type = type!
        if ControlType(event.type)?.concernsEveryone == true {
            // The subject is ignored: the event goes to every ledger partition.
            event.subject = UnsafeRawBufferPointer(start: nil, count: 0)
        } else {
            if let reason = Self.check(subject) { return EventDefect(.subject, reason) }
            event.subject = subject!
        }
        guard let time else { return EventDefect(.time, .missing) }
        guard let instant = Timestamp(rfc3339: time) else {
            return EventDefect(.time, time.isEmpty ? .empty : .notATime)
        }
        event.time = instant
        return nil
    }

    @inline(__always) private static func check(_ text: UnsafeRawBufferPointer?) -> EventDefect.Reason? {
        guard let text else { return .missing }
        if text.count == 0 { return .empty }
        if text.count > maximumAttributeBytes { return .tooLong }
        return text.excludedCharacter
    }

    private static func isUTF8(_ text: UnsafeRawBufferPointer?) -> Bool {
        guard let base = text?.baseAddress, let count = text?.count else { return true }
        return standing_valid_utf8(base, count) == 1
    }
}

extension UnsafeRawBufferPointer {
    /// Characters that CloudEvents' type String excludes: control characters (U+0000 to U+001F, U+007F to U+009F) and
    /// noncharacters. The text is valid UTF-8, so it has no surrogate.
    ///
    /// Reads eight bytes at a time (Mycroft's test for a zero byte). Only a text that is not ASCII is read by
    /// characters.
    fileprivate var excludedCharacter: EventDefect.Reason? {
        var index = 0
        var union: UInt64 = 0
        while index &+ 8 <= count {
            let word = loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let below = (word &- 0x2020_2020_2020_2020) & ~word
            let delete = word ^ 0x7F7F_7F7F_7F7F_7F7F
            if (below | ((delete &- 0x0101_0101_0101_0101) & ~delete)) & 0x8080_8080_8080_8080 != 0 {
                // The test can report a wrong byte next to a match, but it reports nothing if there is no match.
                return .controlCharacter
            }
            union |= word
            index &+= 8
        }
        while index < count {
            let byte = self[index]
            if byte < 0x20 || byte == 0x7F { return .controlCharacter }
            union |= UInt64(byte)
            index &+= 1
        }
        return union & 0x8080_8080_8080_8080 == 0 ? nil : excludedCharacterBeyondASCII
    }

    private var excludedCharacterBeyondASCII: EventDefect.Reason? {
        var index = 0
        while index < count {
            let lead = self[index]
            let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            guard index + length <= count else { return .invalidUTF8 }
            if length > 1 {
                var scalar = UInt32(lead) & (0x7F >> UInt32(length))
                for offset in 1..<length { scalar = scalar << 6 | UInt32(self[index + offset] & 0x3F) }
                if scalar < 0xA0 { return .controlCharacter }
                // The last two of each plane, and a block of 32.
                if scalar & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(scalar) { return .noncharacter }
            }
            index += length
        }
        return nil
    }
}

extension standing_text {
    fileprivate var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: length) }
    fileprivate var view: UnsafeRawBufferPointer? { bytes == nil ? nil : buffer }
}
