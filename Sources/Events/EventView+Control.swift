extension EventView {
    /// The defect of the event as a control event; nil for a valid one and for every behaviour event.
    ///
    /// A reserved type is accepted only from the control topic, only if this version has it, and only with the data
    /// that `topics/schemas/control.json` requires. `decoder` must not be the one whose memory this event borrows.
    public func controlDefect(_ decoder: EventDecoder, fromControlTopic: Bool) -> EventDefect? {
        guard type.starts(with: ControlType.prefix) else { return nil }
        guard fromControlTopic else { return EventDefect(.type, .reservedType) }
        guard let control = ControlType(type), !control.isOfLedger else {
            return EventDefect(.type, .unknownControlType)
        }
        return ControlData(data: data, decoder: decoder).defect(of: control)
    }

    /// The policy text of a `standing.policy.activated`; nil if there is none.
    public func policyText(_ decoder: EventDecoder) -> String? {
        data.isEmpty ? nil : decoder.string("policy", of: data).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The hash of the policy against which a `standing.policy.activated` was approved (`PolicyHash`); nil if the
    /// data has no such member. A member that is not a string gives an empty text, which is no policy's hash.
    public func replacedPolicy(_ decoder: EventDecoder) -> String? {
        guard !data.isEmpty, decoder.hasMember(Self.replacesMember, of: data) else { return nil }
        return decoder.string(Self.replacesMember, of: data).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// The member of an activation's data with the hash of the policy against which it was approved.
    public static let replacesMember: StaticString = "replaces"
}

/// Checks a control event's data against `topics/schemas/control.json`.
private struct ControlData {
    let data: UnsafeRawBufferPointer
    let decoder: EventDecoder

    /// One line per type, in the schema's order. Members that the schema does not name are allowed.
    func defect(of control: ControlType) -> EventDefect? {
        if control == .withdrawn { return nil }
        guard !data.isEmpty else { return EventDefect(.data, .missing) }
        return switch control {
        case .enrolled: kind() ?? text("terms") ?? attributes()
        case .eventVoided: text("source") ?? text("id") ?? string("reason")
        case .appealFiled: text("sanction") ?? string("statement")
        case .appealDecided: text("sanction") ?? outcome() ?? string("reason")
        case .policyActivated: text("policy") ?? optionalHash(EventView.replacesMember)
        case .sourceReset: text("topic")
        case .sourceAcknowledged: text("topic") ?? optional("reason", .string)
        case .sourceWithdrawn, .sourceRestored: text("topic") ?? text("reason") ?? optional("by", .string)
        case .withdrawn, .sourceGap, .ledgerUpgraded, .ledgerSkipped: nil
        }
    }

    private func string(_ name: StaticString) -> EventDefect? {
        decoder.string(name, of: data) == nil ? EventDefect(.data, .missingMember) : nil
    }

    /// Requires a string that is not empty.
    private func text(_ name: StaticString) -> EventDefect? {
        decoder.string(name, of: data)?.isEmpty == false ? nil : EventDefect(.data, .missingMember)
    }

    private func optional(_ name: StaticString, _ type: EventDecoder.MemberType) -> EventDefect? {
        let found = decoder.memberType(name, of: data)
        return found == .missing || found == type ? nil : EventDefect(.data, .wrongMember)
    }

    /// Requires an object or null, if the member is there. Null means no attributes.
    private func attributes() -> EventDefect? {
        decoder.memberType("attributes", of: data) == .null ? nil : optional("attributes", .object)
    }

    private func optionalHash(_ name: StaticString) -> EventDefect? {
        guard decoder.hasMember(name, of: data) else { return nil }
        return decoder.string(name, of: data).map(PolicyHash.isHash) == true ? nil : EventDefect(.data, .wrongMember)
    }

    private func kind() -> EventDefect? {
        decoder.string("kind", of: data).flatMap { SubjectKind($0) } == nil ? EventDefect(.data, .unknownKind) : nil
    }

    private func outcome() -> EventDefect? {
        guard let outcome = decoder.string("outcome", of: data),
            outcome.equals("upheld") || outcome.equals("rejected")
        else { return EventDefect(.data, .unknownOutcome) }
        return nil
    }
}
