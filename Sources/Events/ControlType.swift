/// The control events of this version: types under the reserved prefix, honoured only from the control topic.
public enum ControlType: UInt8, CaseIterable, Sendable {
    case enrolled, withdrawn, eventVoided, appealFiled, appealDecided, policyActivated, sourceReset, sourceGap
    case sourceAcknowledged
    /// The ledger moves to a newer fold version. Written by Standing itself, and only to the ledger.
    case ledgerUpgraded
    /// A record of the ledger is passed over as far as it cannot be read or folded. Written like the one above.
    case ledgerSkipped

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
        case .ledgerUpgraded: "standing.ledger.upgraded"
        case .ledgerSkipped: "standing.ledger.skipped"
        }
    }

    /// These have no subject and go to every ledger partition.
    public var concernsEveryone: Bool {
        switch self {
        case .policyActivated, .sourceReset, .sourceGap, .sourceAcknowledged, .ledgerUpgraded, .ledgerSkipped: true
        case .enrolled, .withdrawn, .eventVoided, .appealFiled, .appealDecided: false
        }
    }

    /// Written by Standing itself, and only to the ledger.
    public var isOfLedger: Bool { self == .sourceGap || self == .ledgerUpgraded || self == .ledgerSkipped }

    public init?(_ type: UnsafeRawBufferPointer) {
        guard type.starts(with: Self.prefix) else { return nil }
        for candidate in Self.allCases where type.equals(candidate.name) {
            self = candidate
            return
        }
        return nil
    }
}

/// Who is scored.
public enum SubjectKind: UInt8, CaseIterable, Sendable {
    case individual, business, official

    public var name: StaticString {
        switch self {
        case .individual: "individual"
        case .business: "business"
        case .official: "official"
        }
    }

    public init?(_ text: UnsafeRawBufferPointer) {
        for candidate in Self.allCases where text.equals(candidate.name) {
            self = candidate
            return
        }
        return nil
    }

    public var description: String { name.description }
}
