internal import Events
internal import Kafka
internal import Ledger
internal import Policy

/// Turns source records into events: CloudEvents over Kafka in structured and binary mode, as defined by the Kafka
/// binding.
///
/// Every record is either an event or has a defect. The content type decides the mode. The names of headers are exact:
/// `CE_ID` is no attribute. A record that has a content type or an attribute twice has a defect in either mode, because
/// its readers would not agree which one counts.
///
/// The result of `decode` is valid until the next call, and as long as the record. Not thread-safe. In steady state it
/// does not allocate.
final class RecordDecoder {
    private let decoder = EventDecoder()
    /// Reads members of the text that `decoder` has returned.
    let memberDecoder = EventDecoder()
    /// The keys of control events; nil if signatures are not required.
    let controlKeys: ControlKeys?
    /// Fingerprints of the names of a record's further `ce_` headers. Only repeats matter, and there may be many.
    private var furtherNames: [UInt64] = []

    init(controlKeys: ControlKeys? = nil) { self.controlKeys = controlKeys }

    /// - Parameter latest: the greatest time that an event may have, in microseconds since 1970.
    func decode(
        _ record: Record, fromControlTopic: Bool, latest: Int64, into event: inout EventView
    ) -> EventDefect? {
        let headers = read(record)
        if let repeated = headers.repeated { return EventDefect(repeated, .duplicateKey) }
        let defect: EventDefect?
        switch ContentMode(contentType: headers.contentType.value) {
        case .structured:
            guard let value = record.value else { return EventDefect(.event, .nullValue) }
            defect = decoder.decode(structured: value, into: &event)
        case .unsupported: return EventDefect(.contentType, .unsupported)
        case .binary:
            guard headers.hasAttributes else {
                return EventDefect(.event, record.value == nil ? .nullValue : .notCloudEvents)
            }
            defect = decoder.decode(
                binary: record.value, specversion: headers.specversion.value, id: headers.id.value,
                source: headers.source.value, type: headers.type.value, subject: headers.subject.value,
                time: headers.time.value, contentType: headers.contentType.value, into: &event)
        }
        return defect ?? self.defect(of: event, fromControlTopic: fromControlTopic, latest: latest)
            ?? signatureDefect(of: event, record)
    }

    /// The event that a map has made of a record of a source topic, valid as long as that of the mapper.
    func decode(mapped mapper: SourceMapper, latest: Int64, into event: inout EventView) -> EventDefect? {
        mapper.decode(with: decoder, into: &event)
            ?? defect(of: event, fromControlTopic: false, latest: latest)
    }

    private func defect(of event: EventView, fromControlTopic: Bool, latest: Int64) -> EventDefect? {
        if event.time.microseconds > latest { return EventDefect(.time, .inTheFuture) }
        return event.controlDefect(memberDecoder, fromControlTopic: fromControlTopic)
            ?? event.policyDefect(memberDecoder)
    }

    // MARK: Headers

    private struct Header {
        private var isThere = false
        /// Nil if the record does not have it, or if it is null.
        private(set) var value: UnsafeRawBufferPointer?

        /// Returns false if the record has it twice.
        mutating func take(_ value: UnsafeRawBufferPointer?) -> Bool {
            guard !isThere else { return false }
            isThere = true
            self.value = value
            return true
        }
    }

    /// The attributes of an event in its record's headers.
    private struct Headers {
        var contentType = Header()
        var specversion = Header()
        var id = Header()
        var source = Header()
        var type = Header()
        var subject = Header()
        var time = Header()
        var dataContentType = Header()
        /// Whether there is a `ce_` header.
        var hasAttributes = false
        /// An attribute that the record has twice; nil if there is none.
        var repeated: EventDefect.Attribute?

        /// Returns false if the header is an attribute that is not read here.
        mutating func take(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> Bool {
            if name.equals("content-type") {
                if !contentType.take(value) { repeated = .contentType }
                return true
            }
            guard name.starts(with: "ce_") else { return true }
            hasAttributes = true
            if name.equals("ce_id") {
                if !id.take(value) { repeated = .id }
            } else if name.equals("ce_source") {
                if !source.take(value) { repeated = .source }
            } else if name.equals("ce_type") {
                if !type.take(value) { repeated = .type }
            } else if name.equals("ce_subject") {
                if !subject.take(value) { repeated = .subject }
            } else if name.equals("ce_time") {
                if !time.take(value) { repeated = .time }
            } else if name.equals("ce_specversion") {
                if !specversion.take(value) { repeated = .specversion }
            } else if name.equals("ce_datacontenttype") {
                if !dataContentType.take(value) { repeated = .datacontenttype }
            } else {
                return false
            }
            return true
        }
    }

    private func read(_ record: Record) -> Headers {
        var headers = Headers()
        furtherNames.removeAll(keepingCapacity: true)
        record.forEachHeader { name, value in
            if !headers.take(name, value) { furtherNames.append(name.fingerprint(seed: 0)) }
        }
        if furtherNames.count > 1, headers.repeated == nil {
            furtherNames.sort()
            if zip(furtherNames, furtherNames.dropFirst()).contains(where: { $0 == $1 }) { headers.repeated = .event }
        }
        return headers
    }
}
