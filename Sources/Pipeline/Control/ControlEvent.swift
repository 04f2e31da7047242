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
        var writer = JSONWriter(capacity: 1024)
        writer.open()
        writer.member("specversion", "1.0")
        var attributes: [(name: StaticString, text: String?)] = [
            ("id", id), ("source", source), ("type", type.name.description), ("time", time.description),
            ("subject", subject), (ControlStatement.actorAttribute, actor),
            (ControlStatement.approverAttribute, approver), (ControlStatement.reasonAttribute, reason),
            (Self.digestAttribute, digest),
        ]
        if let signer, let signature = signer.sign(statement) {
            attributes.append((ControlStatement.keyAttribute, signer.name))
            attributes.append((ControlStatement.signatureAttribute, signature))
        }
        for case let (name, text?) in attributes { writer.member(name.description, text) }
        if let data {
            writer.member("datacontenttype", "application/json")
            writer.member("data", json: data)
        }
        writer.close()
        return writer.take()
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
