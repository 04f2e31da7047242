/// The form of an act: its description, the fields that the person fills in, and the page that follows it.
struct ActForm {
    struct Input {
        var name: String
        var label: String
        var value: String?
        var isLong = false
        var options: [String] = []
    }

    var title: String
    var sentence: String
    var button: String
    /// Whether a subject loses something by the act.
    var isGrave = false
    /// Whether the act is known to be refused, so that the form has no button.
    var isRefused = false
    /// Facts about the object of the act, which the form shows.
    var facts: [(name: String, value: String)] = []
    /// A sentence about them, and a link to more of them; nil if there is none.
    var note: String?
    var more: (text: String, path: String)?
    var hidden: [(name: String, value: String)] = []
    var inputs: [Input] = []
    var reason: String?
    var reasonLabel = "Reason"
    var reasonHint = "It is recorded with your name, and those whom it concerns can read it."
    var tab: Tab?
    var back: String
}

extension ActKind {
    /// `form`: the fields that a link or an earlier attempt has filled in.
    func form(_ form: FormFields) -> ActForm {
        var made = bare(form)
        made.reason = form["reason"]
        return made
    }

    private func bare(_ form: FormFields) -> ActForm {
        let subject = form["subject"]
        let about: [(name: String, value: String)] = subject.map { [("Subject", $0)] } ?? []
        let hidden: [(name: String, value: String)] = subject.map { [("subject", $0)] } ?? []
        let page = subject.map { ConsolePath.subject($0) } ?? ConsolePath.subjects
        let anId = subject == nil ? [ActForm.Input(name: "subject", label: "Subject's id")] : []
        switch self {
        case .enrol:
            return ActForm(
                title: "Enrol a subject",
                sentence: "From here on the subject is scored. It has to have agreed to the terms.",
                button: "Enrol",
                inputs: [
                    ActForm.Input(name: "subject", label: "Subject's id", value: subject),
                    ActForm.Input(
                        name: "kind", label: "What it is", value: form["kind"],
                        options: ["individual", "business", "official"]),
                    ActForm.Input(name: "terms", label: "Terms that it accepted", value: form["terms"]),
                ], tab: .subjects, back: ConsolePath.subjects)
        case .withdraw:
            return ActForm(
                title: "Withdraw a subject",
                sentence:
                    "Its sanctions are lifted, its perks revoked and its state removed. To be scored again it has to enrol anew.",
                button: "Withdraw", isGrave: true, facts: about, hidden: hidden, inputs: anId, tab: .subjects,
                back: page)
        case .void:
            var made = ActForm(
                title: "Void an event",
                sentence:
                    "Everything that the event gave is taken back exactly, and a sanction that it imposed is lifted.",
                button: "Void", isGrave: true, facts: about, hidden: hidden, inputs: anId, tab: .subjects, back: page)
            for (name, label) in [("source", "Source"), ("id", "Id")] {
                if let value = form[name] {
                    made.facts.append((label, value))
                    made.hidden.append((name, value))
                } else {
                    made.inputs.append(ActForm.Input(name: name, label: "Event's \(name)"))
                }
            }
            return made
        case .fileAppeal:
            return appeal(form, about, hidden, anId)
        case .decideAppeal:
            return ActForm(
                title: "Decide an appeal", sentence: "Upheld lifts the sanction at once. Rejected lets it go on.",
                button: "Decide", facts: about + (form["sanction"].map { [("Sanction", $0)] } ?? []),
                hidden: hidden + (form["sanction"].map { [("sanction", $0)] } ?? []),
                inputs: [ActForm.Input(name: "outcome", label: "Outcome", options: ["upheld", "rejected"])],
                tab: .appeals, back: ConsolePath.appeals)
        case .shadow, .endShadow, .activate, .rollBack, .approve, .decline: return policy(form)
        case .acknowledgeSource, .withdrawSource, .restoreSource: return source(form["topic"])
        case .redrive, .redriveReason, .repair: return flow(form)
        }
    }

    private func source(_ topic: String?) -> ActForm {
        func made(_ title: String, _ sentence: String, _ button: String, isGrave: Bool) -> ActForm {
            ActForm(
                title: title, sentence: sentence, button: button, isGrave: isGrave,
                facts: topic.map { [("Topic", $0)] } ?? [], hidden: topic.map { [("topic", $0)] } ?? [],
                inputs: topic == nil ? [ActForm.Input(name: "topic", label: "Topic")] : [], tab: .sources,
                back: ConsolePath.sources)
        }
        switch self {
        case .withdrawSource:
            var withdrawal = made(
                "Withdraw a source",
                "From here on everybody has the score of a history in which the source had never had an event. A sanction that "
                    + "only its events justify is lifted, and none is imposed. What it writes later counts for nothing.",
                "Withdraw it", isGrave: true)
            withdrawal.more = topic.map { ("Count who would gain and who would lose", ActForm.counting($0)) }
            return withdrawal
        case .restoreSource:
            return made(
                "Count a source again",
                "From here on scores follow from all that the source ever wrote, also while it was withdrawn. Sanctions that "
                    + "were lifted stay lifted, and none is imposed.",
                "Count it again", isGrave: true)
        default:
            return made(
                "Acknowledge a source",
                "The topic was made anew or has lost records. It is read on once somebody has looked at it.",
                "Acknowledge", isGrave: false)
        }
    }

    private func appeal(
        _ form: FormFields, _ about: [(name: String, value: String)], _ hidden: [(name: String, value: String)],
        _ anId: [ActForm.Input]
    ) -> ActForm {
        let sanction = form["sanction"]
        return ActForm(
            title: "Appeal against a sanction",
            sentence:
                "A person looks at it again. If nobody decides in time, the sanction is lifted. There is one appeal for each time that it is imposed.",
            button: "File the appeal", facts: about + (sanction.map { [("Sanction", $0)] } ?? []),
            hidden: hidden + (sanction.map { [("sanction", $0)] } ?? []),
            inputs: anId + (sanction == nil ? [ActForm.Input(name: "sanction", label: "Sanction")] : []),
            reasonLabel: "What is wrong about it",
            reasonHint: "Name the event that is wrong, and why. The reviewer reads your words as they are.",
            tab: .subjects, back: form["subject"].map { ConsolePath.subject($0) } ?? ConsolePath.mine)
    }

    private func policy(_ form: FormFields) -> ActForm {
        func made(
            _ title: String, _ sentence: String, _ button: String, isGrave: Bool = false, _ name: String? = nil,
            _ label: String = ""
        ) -> ActForm {
            var made = ActForm(
                title: title, sentence: sentence, button: button, isGrave: isGrave, tab: .policies,
                back: ConsolePath.policies)
            if let name, let value = form[name] {
                made.facts = [(label, value)]
                made.hidden = [(name, value)]
            } else if let name {
                made.inputs = [ActForm.Input(name: name, label: label)]
            }
            return made
        }
        switch self {
        case .shadow:
            var shadow = ActForm(
                title: "Put a policy into the shadow",
                sentence: "It is folded beside the active one and changes nobody's score. "
                    + "The page of the policies shows who would gain and who would lose.",
                button: "Put it into the shadow", tab: .policies, back: ConsolePath.policies)
            shadow.inputs = [
                ActForm.Input(name: "policy", label: "The policy's text", value: form["policy"], isLong: true)
            ]
            return shadow
        case .endShadow: return made("Take the policy out of the shadow", "Nobody's score changes.", "Take it out")
        case .activate:
            return made(
                "Activate the policy in the shadow",
                "Everybody is scored by it from its entry in the ledger on. It never imposes a sanction by itself.",
                "Activate", isGrave: true, "shadow", "Policy")
        case .rollBack:
            return made(
                "Go back to an earlier policy", "Everybody is scored by it again, from its entry in the ledger on.",
                "Go back", isGrave: true, "version", "Version")
        case .approve:
            return made(
                "Agree to a proposal", "It takes effect with your name beside that of whoever proposed it.", "Agree",
                isGrave: true, "proposal", "Proposal")
        default: return made("Decline a proposal", "Nothing changes.", "Decline", "proposal", "Proposal")
        }
    }

    private func flow(_ form: FormFields) -> ActForm {
        switch self {
        case .redriveReason:
            let why = form["why"]
            return ActForm(
                title: "Send letters again",
                sentence:
                    "Every letter with this reason goes through intake once more, each once. What is still no event stays here.",
                button: "Send them again", facts: why.map { [("Reason", $0)] } ?? [],
                hidden: why.map { [("why", $0)] } ?? [],
                inputs: why == nil ? [ActForm.Input(name: "why", label: "Which letters, by their reason")] : [],
                tab: .deadLetters, back: ConsolePath.deadLetters)
        case .repair:
            let letter = form["letter"]
            return ActForm(
                title: "Repair a dead letter", sentence: "The event below is sent instead of the letter.",
                button: "Send it", facts: letter.map { [("Letter", $0)] } ?? [],
                hidden: letter.map { [("letter", $0)] } ?? [],
                inputs: [ActForm.Input(name: "text", label: "The event", value: form["text"], isLong: true)],
                tab: .deadLetters, back: ConsolePath.deadLetters)
        default:
            let letters = form.all("letter")
            return ActForm(
                title: "Send letters again",
                sentence: "Each goes through intake once more. What is still no event stays here.",
                button: "Send again", facts: letters.map { ("Letter", $0) }, hidden: letters.map { ("letter", $0) },
                tab: .deadLetters, back: ConsolePath.deadLetters)
        }
    }
}
