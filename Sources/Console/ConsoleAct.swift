public import Access

/// The kinds of acts, by their names in paths.
public enum ActKind: String, CaseIterable, Sendable {
    case enrol
    case withdraw
    case void
    case fileAppeal = "file-appeal"
    case decideAppeal = "decide-appeal"
    case shadow
    case endShadow = "end-shadow"
    case activate
    case rollBack = "roll-back"
    case approve
    case decline
    case acknowledgeSource = "acknowledge-source"
    case withdrawSource = "withdraw-source"
    case restoreSource = "restore-source"
    case redrive
    case redriveReason = "redrive-reason"
    case repair

    public var permission: Permission {
        switch self {
        case .enrol, .withdraw: .enrol
        case .void: .void
        case .fileAppeal: .fileAppeal
        case .decideAppeal: .decideAppeal
        case .shadow, .endShadow: .shadowPolicy
        case .activate, .rollBack, .approve, .decline, .withdrawSource, .restoreSource: .activatePolicy
        case .acknowledgeSource: .manageSources
        case .redrive, .redriveReason, .repair: .redriveDeadLetters
        }
    }

    /// Whether the act can be sent again with its key without a further effect. A dead letter that is sent twice can be
    /// two events, because a map without an `id` names an event after its record. The end of a shadow could be the end
    /// of another one, begun meanwhile.
    var isDoneOnce: Bool {
        switch self {
        case .redrive, .redriveReason, .repair, .endShadow: false
        default: true
        }
    }
}

/// An act of a person in the console.
public enum ConsoleAct: Sendable {
    case enrol(subject: String, kind: String, terms: String)
    case withdraw(subject: String)
    case void(subject: String, event: EventName)
    case fileAppeal(subject: String, sanction: String, statement: String)
    case decideAppeal(subject: String, sanction: String, isUpheld: Bool)
    /// A candidate's text.
    case shadow(policy: String)
    case endShadow
    /// The name and version of the policy in the shadow, as the person saw them.
    case activate(shadow: String)
    /// A version's key.
    case rollBack(version: String)
    /// A proposal's key.
    case approve(proposal: String)
    case decline(proposal: String)
    case acknowledgeSource(topic: String)
    case withdrawSource(topic: String)
    case restoreSource(topic: String)
    /// Letters' keys.
    case redrive([String])
    /// All letters with this reason.
    case redriveReason(String)
    case repair(letter: String, text: String)

    /// The subject of the act; nil if it has none.
    public var subject: String? {
        switch self {
        case .enrol(let subject, _, _), .withdraw(let subject), .void(let subject, _),
            .fileAppeal(let subject, _, _), .decideAppeal(let subject, _, _):
            subject
        default: nil
        }
    }

    /// Throws the first mistake of the form, as a sentence for the person.
    init(_ kind: ActKind, _ form: FormFields) throws(FormMistake) {
        func need(_ field: String, _ sentence: String) throws(FormMistake) -> String {
            guard let value = form[field] else { throw FormMistake(field: field, sentence: sentence) }
            return value
        }
        let anId = "Enter the subject's id."
        switch kind {
        case .enrol:
            self = .enrol(
                subject: try need("subject", anId), kind: try need("kind", "Choose what the subject is."),
                terms: try need("terms", "Enter the terms that were accepted."))
        case .withdraw: self = .withdraw(subject: try need("subject", anId))
        case .void:
            self = .void(
                subject: try need("subject", anId),
                event: EventName(
                    source: try need("source", "Enter the event's source."), id: try need("id", "Enter the event's id.")
                ))
        case .fileAppeal:
            self = .fileAppeal(
                subject: try need("subject", anId), sanction: try need("sanction", "Choose the sanction."),
                statement: try need("reason", "Write why the sanction is wrong."))
        case .decideAppeal:
            let outcome = try need("outcome", "Choose whether the appeal is upheld or rejected.")
            guard outcome == "upheld" || outcome == "rejected" else {
                throw FormMistake(field: "outcome", sentence: "Choose whether the appeal is upheld or rejected.")
            }
            self = .decideAppeal(
                subject: try need("subject", anId), sanction: try need("sanction", "Choose the sanction."),
                isUpheld: outcome == "upheld")
        case .shadow: self = .shadow(policy: try need("policy", "Paste the policy's text."))
        case .endShadow: self = .endShadow
        case .activate: self = .activate(shadow: try need("shadow", "No policy is in the shadow."))
        case .rollBack: self = .rollBack(version: try need("version", "Choose a version."))
        case .approve: self = .approve(proposal: try need("proposal", "Choose a proposal."))
        case .decline: self = .decline(proposal: try need("proposal", "Choose a proposal."))
        case .acknowledgeSource: self = .acknowledgeSource(topic: try need("topic", "Choose a topic."))
        case .withdrawSource: self = .withdrawSource(topic: try need("topic", "Choose a topic."))
        case .restoreSource: self = .restoreSource(topic: try need("topic", "Choose a topic."))
        case .redrive:
            let letters = form.all("letter")
            guard !letters.isEmpty else { throw FormMistake(field: "letter", sentence: "Choose at least one letter.") }
            self = .redrive(letters)
        case .redriveReason: self = .redriveReason(try need("why", "Choose which letters."))
        case .repair:
            self = .repair(
                letter: try need("letter", "Choose a letter."), text: try need("text", "Write the repaired event."))
        }
    }
}

/// A missing or invalid field of a form.
struct FormMistake: Error {
    let field: String
    let sentence: String
}
