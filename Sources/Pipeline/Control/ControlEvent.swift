internal import Events
internal import Kafka
internal import Ledger
internal import Policy

/// The control event of an act.
struct ControlEvent {
    /// SHA-256 of the event's request. The same id with another digest is a mistake of the caller.
    static let digestAttribute: StaticString = "requestdigest"
    static let headers = HeaderSet([
        (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
    ])

    let type: ControlType
    let id: String
    let source: String
    let subject: String?
    let time: Timestamp
    let actor: String
    /// The second person; nil if there was none.
    let approver: String?
    let reason: String?
    let digest: String
    /// A JSON object.
    let data: [UInt8]?

    /// The structured CloudEvents JSON, with a signature if there is a signer.
    func encoded(signedBy signer: ControlSigner?) -> [UInt8] {
        var writer = ByteWriter(capacity: 1024)
        func add(_ name: StaticString, _ text: String?) {
            guard let text else { return }
            writer.append(",\"")
            writer.append(name)
            writer.append("\":")
            writer.append(jsonString: text)
        }
        writer.append("{\"specversion\":\"1.0\"")
        add("id", id)
        add("source", source)
        add("type", type.name.description)
        add("time", time.description)
        add("subject", subject)
        add(ControlStatement.actorAttribute, actor)
        add(ControlStatement.approverAttribute, approver)
        add(ControlStatement.reasonAttribute, reason)
        add(Self.digestAttribute, digest)
        if let signer, let signature = signer.sign(statement) {
            add(ControlStatement.keyAttribute, signer.name)
            add(ControlStatement.signatureAttribute, signature)
        }
        if let data {
            writer.append(",\"datacontenttype\":\"application/json\",\"data\":")
            writer.append(data)
        }
        writer.append("}")
        return Array(writer.bytes)
    }

    private var statement: ControlStatement {
        (data ?? []).withUnsafeBytes { data in
            ControlStatement(
                type: type.name.description, source: source, id: id, subject: type.concernsEveryone ? nil : subject,
                time: time, actor: actor, approver: approver, reason: reason, data: data)
        }
    }

    /// Why intake would make a dead letter of it; nil if it would not.
    static func defect(of bytes: [UInt8]) -> EventDefect? {
        let (decoder, memberDecoder) = (EventDecoder(), EventDecoder())
        // The decoded event borrows the decoder's memory.
        return withExtendedLifetime(decoder) {
            bytes.withUnsafeBytes { bytes in
                var event = EventView.empty
                if let defect = decoder.decode(structured: bytes, into: &event) { return defect }
                return event.controlDefect(memberDecoder, fromControlTopic: true) ?? event.policyDefect(memberDecoder)
            }
        }
    }
}

/// Builds the text of a JSON object with string members.
struct ControlData: ~Copyable {
    private var writer = ByteWriter()

    var bytes: [UInt8] { writer.count == 0 ? Array("{}".utf8) : Array(writer.bytes) + [UInt8(ascii: "}")] }

    mutating func add(_ name: StaticString, _ value: String) {
        begin(name)
        writer.append(jsonString: value)
    }

    /// `json`: the text of a JSON value.
    mutating func add(_ name: StaticString, json: String) {
        begin(name)
        writer.append(json)
    }

    private mutating func begin(_ name: StaticString) {
        writer.append(writer.count == 0 ? "{\"" : ",\"")
        writer.append(name)
        writer.append("\":")
    }
}
