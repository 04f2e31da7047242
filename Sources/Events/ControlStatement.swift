internal import Crypto

/// What a signature of a control event vouches for, and the bytes that are signed.
///
/// The bytes are these lines, joined with a line feed (U+000A) and without one at the end:
///
/// 1. `standing control event 1`
/// 2. the name of the key (`signedby`)
/// 3. the event's `type`, 4. its `source`, 5. its `id`
/// 6. its `subject`; an empty line for a type that concerns everyone
/// 7. its `time` in UTC, RFC 3339 with `Z`, at most six digits of a second and no zeros at their end
/// 8. the attribute `actor`, 9. the attribute `approvedby`, 10. the attribute `reason`; an empty line where the event has none
/// 11. the SHA-256 of `data` as it stands in the record, 64 lower-case hexadecimal digits; of no bytes where there is none
///
/// No attribute has a control character, so no line can pass for two. The signature (Ed25519, RFC 8032) is the attribute
/// `signature`, 128 lower-case hexadecimal digits. All five are extension attributes of CloudEvents: members of the JSON object in
/// structured mode, headers `ce_NAME` in binary mode.
public struct ControlStatement: Hashable, Sendable {
    /// Names of the extension attributes.
    public static let actorAttribute: StaticString = "actor"
    public static let approverAttribute: StaticString = "approvedby"
    public static let reasonAttribute: StaticString = "reason"
    public static let keyAttribute: StaticString = "signedby"
    public static let signatureAttribute: StaticString = "signature"

    public var type: String
    public var source: String
    public var id: String
    /// Nil for a type that concerns everyone.
    public var subject: String?
    public var time: Timestamp
    /// Who did it; nil if the event does not say.
    public var actor: String?
    /// The second person, of what needs two; nil if the event does not say.
    public var approver: String?
    /// Why; nil if the event does not say.
    public var reason: String?
    /// SHA-256, 64 hexadecimal digits.
    public var dataHash: String

    /// `data`: the text of the event's JSON object; empty if there is none.
    public init(
        type: String, source: String, id: String, subject: String?, time: Timestamp, actor: String?,
        approver: String? = nil, reason: String?, data: UnsafeRawBufferPointer
    ) {
        (self.type, self.source, self.id, self.subject, self.time) = (type, source, id, subject, time)
        (self.actor, self.approver, self.reason) = (actor, approver, reason)
        var hash = SHA256()
        hash.update(bufferPointer: data)
        dataHash = Hex.text(hash.finalize())
    }

    public init(_ event: EventView, actor: String?, approver: String?, reason: String?) {
        func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
        self.init(
            type: text(event.type), source: text(event.source), id: text(event.id),
            subject: event.subject.isEmpty ? nil : text(event.subject), time: event.time, actor: actor,
            approver: approver, reason: reason, data: event.data)
    }

    /// The bytes that the key of this name signs; nil if an attribute has a control character, so that lines would not be
    /// apart.
    public func canonical(key: String) -> [UInt8]? {
        let lines = [
            "standing control event 1", key, type, source, id, subject ?? "", time.description, actor ?? "",
            approver ?? "", reason ?? "", dataHash,
        ]
        guard lines.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) else { return nil }
        return Array(lines.joined(separator: "\n").utf8)
    }
}

extension ControlType {
    /// What somebody does who sends such an event; nil for what only Standing writes. Control keys are allowed acts by
    /// these names.
    public var act: String? {
        switch self {
        case .enrolled: "enrol"
        case .withdrawn: "withdraw"
        case .eventVoided: "void"
        case .appealFiled: "file-appeal"
        case .appealDecided: "decide-appeal"
        case .policyActivated: "activate"
        case .sourceReset: "reset-source"
        case .sourceAcknowledged: "acknowledge-source"
        case .sourceWithdrawn: "withdraw-source"
        case .sourceRestored: "restore-source"
        case .sourceGap, .ledgerUpgraded, .ledgerSkipped: nil
        }
    }

    /// The names of all acts.
    public static var acts: [String] { allCases.compactMap(\.act) }
}
