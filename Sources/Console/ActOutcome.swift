/// What came of an act.
public enum ActOutcome: String, CaseIterable, Sendable {
    /// The entry is in the ledger, or the record in its topic.
    case done
    /// It is sent, and not yet in the ledger.
    case accepted
    /// Some letters were sent again, and others cannot be.
    case partly
    /// It waits for a second person.
    case waiting
}

/// The notice on the page after an act.
struct ActNotice: Equatable {
    let sentence: String
    let level: Level

    init(_ kind: ActKind, _ outcome: ActOutcome) {
        switch outcome {
        case .done: (sentence, level) = (kind.done, .good)
        case .accepted: (sentence, level) = (kind.accepted, .notice)
        case .partly:
            sentence =
                "Some letters are sent again. Send once more what is still here; what stays then came from the control topic, "
                + "from a topic that is no source now, or without its bytes."
            level = .notice
        case .waiting:
            sentence = "It waits for a second person, who has to agree. Policies lists it."
            level = .notice
        }
    }

    /// Nil if the text is not the outcome of an act. In a page's address it is the act's name, and the outcome after a
    /// dot unless it is `done`.
    init?(address text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let kind = parts.first.flatMap(ActKind.init), parts.count <= 2,
            let outcome = ActOutcome(rawValue: parts.count == 2 ? parts[1] : ActOutcome.done.rawValue)
        else { return nil }
        self.init(kind, outcome)
    }

    static func address(_ kind: ActKind, _ outcome: ActOutcome) -> String {
        outcome == .done ? kind.rawValue : "\(kind.rawValue).\(outcome.rawValue)"
    }
}

extension ActKind {
    fileprivate var done: String {
        switch self {
        case .enrol: "The subject is enrolled."
        case .withdraw: "The subject is withdrawn, and its state is removed."
        case .void: "The event is voided, as if it had never happened."
        case .fileAppeal: "The appeal is filed."
        case .decideAppeal: "The appeal is decided."
        case .shadow: "The policy is in the shadow already."
        case .endShadow: "No policy is in the shadow."
        case .activate: "The policy is active."
        case .rollBack: "The earlier policy is active again."
        case .approve: "You agreed, and it is done."
        case .decline: "The proposal is declined."
        case .acknowledgeSource: "The source is acknowledged, and is read on."
        case .withdrawSource:
            "The withdrawal is in the ledger. Each member folds its history without the source: load this page again to see it."
        case .restoreSource:
            "The source counts again from here on. Each member folds its history with it: load this page again to see it."
        case .redrive, .redriveReason:
            "The letters are sent again. What is an event now counts within seconds; what is still none comes back here."
        case .repair:
            "The repaired event is sent. It counts within seconds; if it is still no event, it comes back here."
        }
    }

    fileprivate var accepted: String {
        let rest =
            " is accepted, and not in the ledger yet. It takes effect as soon as the ledger has it, usually within seconds: "
            + "load this page again to see it."
        return switch self {
        case .enrol: "The enrolment" + rest
        case .withdraw: "The withdrawal" + rest
        case .void: "The void" + rest
        case .fileAppeal: "The appeal" + rest
        case .decideAppeal: "The decision" + rest
        case .activate: "The activation" + rest
        case .rollBack: "The way back to the earlier policy" + rest
        case .approve: "Your agreement" + rest
        case .decline: "Your refusal" + rest
        case .acknowledgeSource: "The acknowledgement" + rest
        case .withdrawSource: "The withdrawal of the source" + rest
        case .restoreSource: "The restoration of the source" + rest
        case .redrive, .redriveReason: "The order to send the letters again" + rest
        case .repair: "The repaired event" + rest
        case .shadow:
            "Accepted. The members take the policy into the shadow within seconds and fold the ledger from its beginning: "
                + "load this page again to see how far they are."
        case .endShadow:
            "Accepted. The members take the policy out of the shadow within seconds: load this page again."
        }
    }
}
