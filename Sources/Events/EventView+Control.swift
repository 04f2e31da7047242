extension EventView {
    /// What is wrong with the event as a control event; nil for a good one and for every behaviour event.
    ///
    /// Reserved types are honoured only from the control topic, only those of this version, and only with the data
    /// that the fold needs. `decoder` must not be the one whose memory this event borrows.
    public func controlDefect(_ decoder: EventDecoder, fromControlTopic: Bool) -> EventDefect? {
        guard type.starts(with: ControlType.prefix) else { return nil }
        guard fromControlTopic else { return EventDefect(.type, .reservedType) }
        guard let control = ControlType(type) else { return EventDefect(.type, .unknownControlType) }
        switch control {
        case .enrolled:
            guard !data.isEmpty else { return EventDefect(.data, .missing) }
            return decoder.string("kind", of: data).flatMap { SubjectKind($0) } == nil
                ? EventDefect(.data, .unknownKind) : nil
        // Intake's own word, in the ledger alone.
        case .sourceGap, .ledgerUpgraded: return EventDefect(.type, .unknownControlType)
        case .sourceReset, .sourceAcknowledged:
            return data.isEmpty || decoder.string("topic", of: data) == nil ? EventDefect(.data, .missing) : nil
        case .policyActivated: return missing(["policy"], decoder)
        case .withdrawn: return nil
        case .eventVoided: return missing(["source", "id"], decoder)
        case .appealFiled: return missing(["sanction"], decoder)
        case .appealDecided:
            if let defect = missing(["sanction"], decoder) { return defect }
            guard let outcome = decoder.string("outcome", of: data),
                outcome.equals("upheld") || outcome.equals("rejected")
            else { return EventDefect(.data, .unknownOutcome) }
            return nil
        }
    }

    /// The text of the policy that a `standing.policy.activated` brings; nil if there is none.
    public func policyText(_ decoder: EventDecoder) -> String? {
        data.isEmpty ? nil : decoder.string("policy", of: data).map { String(decoding: $0, as: UTF8.self) }
    }

    private func missing(_ members: [StaticString], _ decoder: EventDecoder) -> EventDefect? {
        members.allSatisfy { decoder.string($0, of: data) != nil } ? nil : EventDefect(.data, .missingMember)
    }
}
