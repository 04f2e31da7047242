internal import Access
public import Events
internal import Foundation
internal import Ledger

/// A record of the audit topic.
public struct AuditEntry: Sendable, Equatable {
    public struct Detail: Sendable, Equatable, Codable {
        public let name: String
        public let value: String

        public init(name: String, value: String) { (self.name, self.value) = (name, value) }
    }

    /// The time of writing, by the member's clock.
    public let time: Timestamp
    /// The session of the writer: the member's name and 16 hexadecimal digits.
    public let writer: String
    /// Counts the session's records from 1.
    public let number: Int64
    /// The member that wrote it.
    public let member: String
    public let actor: String
    public let action: String
    public let subject: String?
    public let purpose: String?
    public let outcome: String
    public let details: [Detail]
    /// SHA-256 of the value of the session's record before it.
    public let previous: String
    /// The offset of a record before it in the partition; -1 if the writer knows none.
    public let after: Int64
    /// SHA-256 of the value of the record at `after`.
    public let seen: String
    /// The id of the key that signed the record; nil if it is not signed.
    public let key: String?
    /// Nil before it is signed.
    public let signature: String?

    /// The limit of a value's bytes. A longer one is not read.
    public static let maximumBytes = 900_000
    /// The action of a session's first record.
    public static let opening = "openAudit"

    private struct Form: Decodable {
        let time: String
        let writer: String
        let number: Int64
        let member: String
        let actor: String
        let action: String
        let subject: String?
        let purpose: String?
        let outcome: String
        let details: [Detail]?
        let previous: String
        let after: Int64
        let seen: String
        let key: String?
        let signature: String?
    }

    /// `key`: the id of the key that will sign it.
    init(
        _ record: AuditRecord, at time: Timestamp, writer: String, number: Int64, member: String, previous: String,
        after: Int64, seen: String, key: String? = nil
    ) {
        (self.time, self.writer, self.number, self.member) = (time, writer, number, member)
        (actor, action, outcome, purpose) = (record.actor, record.action, record.outcome, record.purpose)
        subject = record.subject.map { String(decoding: $0, as: UTF8.self) }
        details = record.details.map { Detail(name: $0.name, value: $0.value) }
        (self.previous, self.after, self.seen) = (previous, after, seen)
        (self.key, signature) = (key, nil)
    }

    /// Nil if the value is not a record of this form.
    public init?(json: UnsafeRawBufferPointer) {
        guard json.count <= Self.maximumBytes, let form = try? JSONDecoder().decode(Form.self, from: Data(json)),
            let time = Timestamp(form.time), form.number > 0
        else { return nil }
        (self.time, writer, number, member) = (time, form.writer, form.number, form.member)
        (actor, action, subject, purpose) = (form.actor, form.action, form.subject, form.purpose)
        (outcome, details) = (form.outcome, form.details ?? [])
        (previous, after, seen) = (form.previous, form.after, form.seen)
        (key, signature) = (form.key, form.signature)
    }

    /// The value of a detail; nil if there is none of this name.
    public func detail(_ name: String) -> String? { details.first { $0.name == name }?.value }

    /// The record's value: `{"time","writer","number","member","actor","action","subject"?,"purpose"?,"outcome",
    /// "details"?:[{"name","value"}],"previous","after","seen","key"?,"signature"?}`.
    public var json: [UInt8] {
        var writer = JSONWriter(capacity: 512)
        write(to: &writer, position: nil)
        return writer.take()
    }

    /// The same, with `"partition","offset"` before it if `position` is given, for people and programs.
    public func write(to writer: inout JSONWriter, position: (partition: Int32, offset: Int64)?) {
        func add(_ name: String, _ text: String?) {
            if let text { writer.member(name, text) }
        }
        writer.open()
        if let position {
            writer.member("partition", position.partition)
            writer.member("offset", position.offset)
        }
        writer.member("time", time)
        writer.member("writer", self.writer)
        writer.member("number", number)
        writer.member("member", member)
        writer.member("actor", actor)
        writer.member("action", action)
        add("subject", subject)
        add("purpose", purpose)
        writer.member("outcome", outcome)
        if !details.isEmpty {
            writer.list("details", details) { writer, detail in
                writer.open()
                writer.member("name", detail.name)
                writer.member("value", detail.value)
                writer.close()
            }
        }
        writer.member("previous", previous)
        writer.member("after", after)
        writer.member("seen", seen)
        add("key", key)
        add("signature", signature)
        writer.close()
    }
}

// MARK: The signature

extension AuditEntry {
    private static let signedLine = Array("standing audit record 1\n".utf8)
    private static let signatureDigits = 128
    private static let (signatureStart, signatureEnd) = (Array(",\"signature\":\"".utf8), Array("\"}".utf8))

    /// The record's value, signed if it has a key. `keyring`: its signing key is the record's.
    func value(signedWith keyring: Keyring?) -> [UInt8] {
        let value = json
        guard key != nil, let signature = keyring?.sign(Self.signedLine + value) else { return value }
        return value.dropLast() + Self.signatureStart + Array(signature.utf8) + Self.signatureEnd
    }

    /// Why the signature of a record is not valid; nil if a trusted key signed it. `value`: the record's own bytes.
    func objection(_ keyring: Keyring, _ value: UnsafeRawBufferPointer) -> String? {
        guard let key, let signature else { return "it is not signed" }
        let length = Self.signatureStart.count + Self.signatureDigits + Self.signatureEnd.count
        let start = value.count - length
        guard start > 0, value[start...].starts(with: Self.signatureStart),
            value[start...].dropFirst(Self.signatureStart.count).elementsEqual(
                Array(signature.utf8) + Self.signatureEnd)
        else { return "its signature is not its last member" }
        let text = Self.signedLine + Array(value[..<start]) + Array("}".utf8)
        return keyring.objection(to: signature, by: key, of: text)
    }
}
