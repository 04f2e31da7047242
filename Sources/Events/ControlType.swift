/// The control events of this version. Their types have the reserved prefix, and are accepted only from the control
/// topic.
public enum ControlType: UInt8, CaseIterable, Sendable {
    case enrolled, withdrawn, eventVoided, appealFiled, appealDecided, policyActivated, sourceReset, sourceGap
    case sourceAcknowledged
    /// Withdraws the events of a source topic in every ledger partition, and restores them.
    case sourceWithdrawn, sourceRestored
    /// Moves the ledger to a newer fold version. Standing writes it, and only to the ledger.
    case ledgerUpgraded
    /// Passes over a record of the ledger as far as it cannot be read or folded. Standing writes it, and only to the
    /// ledger.
    case ledgerSkipped

    /// The prefix of all control types, reserved for the control topic.
    public static let prefix: StaticString = "standing."

    public var name: StaticString {
        switch self {
        case .enrolled: "standing.subject.enrolled"
        case .withdrawn: "standing.subject.withdrawn"
        case .eventVoided: "standing.event.voided"
        case .appealFiled: "standing.appeal.filed"
        case .appealDecided: "standing.appeal.decided"
        case .policyActivated: "standing.policy.activated"
        case .sourceReset: "standing.source.reset"
        case .sourceGap: "standing.source.gap"
        case .sourceAcknowledged: "standing.source.acknowledged"
        case .sourceWithdrawn: "standing.source.withdrawn"
        case .sourceRestored: "standing.source.restored"
        case .ledgerUpgraded: "standing.ledger.upgraded"
        case .ledgerSkipped: "standing.ledger.skipped"
        }
    }

    /// True for events that have no subject and go to every ledger partition.
    public var concernsEveryone: Bool {
        switch self {
        case .policyActivated, .sourceReset, .sourceGap, .sourceAcknowledged, .sourceWithdrawn, .sourceRestored,
            .ledgerUpgraded, .ledgerSkipped:
            true
        case .enrolled, .withdrawn, .eventVoided, .appealFiled, .appealDecided: false
        }
    }

    /// True for events that Standing itself writes, and only to the ledger.
    public var isOfLedger: Bool { self == .sourceGap || self == .ledgerUpgraded || self == .ledgerSkipped }

    /// Nil for a text that is no control type.
    public init?(_ type: UnsafeRawBufferPointer) {
        guard type.starts(with: Self.prefix) else { return nil }
        for candidate in Self.allCases where type.equals(candidate.name) {
            self = candidate
            return
        }
        return nil
    }
}

/// What a subject is.
public enum SubjectKind: UInt8, CaseIterable, Sendable {
    case individual, business, official

    public var name: StaticString {
        switch self {
        case .individual: "individual"
        case .business: "business"
        case .official: "official"
        }
    }

    /// Nil for a text that is no kind.
    public init?(_ text: UnsafeRawBufferPointer) {
        for candidate in Self.allCases where text.equals(candidate.name) {
            self = candidate
            return
        }
        return nil
    }

    public var description: String { name.description }
}
