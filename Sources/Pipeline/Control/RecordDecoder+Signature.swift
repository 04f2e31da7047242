internal import Events
internal import Kafka
internal import Ledger

extension RecordDecoder {
    /// The defect of a control event without a signature of a key in `controlKeys` that may sign it. Nil for every
    /// other event, and if signatures are not required. `record`: the one that `event` was decoded from.
    func signatureDefect(of event: EventView, _ record: Record) -> EventDefect? {
        guard let controlKeys, let type = ControlType(event.type) else { return nil }
        let attributes = ControlAttributes(record, memberDecoder)
        let statement = ControlStatement(
            event, actor: attributes.actor, approver: attributes.approver, reason: attributes.reason)
        switch controlKeys.objection(
            to: statement, of: type, key: attributes.key, signature: attributes.signature)
        {
        case .notSigned: return EventDefect(.control, .notSigned)
        case .badSignature: return EventDefect(.control, .badSignature)
        case .notAllowed: return EventDefect(.control, .notAllowed)
        case nil: return nil
        }
    }
}

/// The extension attributes of a control event.
struct ControlAttributes: Hashable {
    /// The person who did it.
    var actor: String?
    /// The person who approved it.
    var approver: String?
    /// The reason.
    var reason: String?
    /// The name of the key that signed it.
    var key: String?
    var signature: String?

    /// `record`: a valid event. `decoder`: not the one whose memory the event borrows.
    init(_ record: Record, _ decoder: EventDecoder) {
        let isStructured = ContentMode(contentType: record.header("content-type")) == .structured
        func text(_ name: StaticString, _ header: StaticString) -> String? {
            let bytes = isStructured ? record.value.flatMap { decoder.string(name, of: $0) } : record.header(header)
            return bytes.map { String(decoding: $0, as: UTF8.self) }
        }
        actor = text(ControlStatement.actorAttribute, "ce_actor")
        approver = text(ControlStatement.approverAttribute, "ce_approvedby")
        reason = text(ControlStatement.reasonAttribute, "ce_reason")
        key = text(ControlStatement.keyAttribute, "ce_signedby")
        signature = text(ControlStatement.signatureAttribute, "ce_signature")
    }
}
