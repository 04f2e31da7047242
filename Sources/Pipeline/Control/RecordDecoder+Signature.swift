internal import Events
internal import Kafka
internal import Ledger

extension RecordDecoder {
    /// The defect of a control event that no key of `controlKeys` has signed, or none that may; nil for every other event, and
    /// where nobody is asked for a signature. `record` is the one that `event` was decoded from.
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
    /// Who did it.
    var actor: String?
    /// Who approved it.
    var approver: String?
    /// Why.
    var reason: String?
    /// The name of the key that signed it.
    var key: String?
    var signature: String?

    /// `record` is a valid event. `decoder` is not the one whose memory the event borrows.
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
