internal import Access
internal import Events

extension ConsolePages {
    public func problem(_ view: ProblemView, for visit: Visit) -> String {
        html(
            Page(
                template: "problem", title: view.title, tab: nil,
                fields: .of([
                    "status": "\(view.status)", "title": view.title, "detail": view.detail,
                    "steps": view.next.map { Fields.of(["text": $0.text, "path": $0.path]) },
                ])), for: visit)
    }

    public func signIn(_ view: SignInView, for visit: Visit) -> String {
        html(
            Page(
                template: "signIn", title: "Sign in", tab: nil,
                fields: .of([
                    "mistake": view.mistake, "name": view.name, "target": view.target, "action": ConsolePath.signIn,
                ])), for: visit)
    }

    /// The form of an act, with the fields that `form` already has.
    func act(_ kind: ActKind, _ form: FormFields, mistake: FormMistake? = nil, for visit: Visit) -> String {
        act(kind, kind.form(form), mistake: mistake, for: visit)
    }

    /// The form of the withdrawal of a source, with what it would change.
    func withdrawal(of topic: String, _ view: WithdrawalView, _ fields: FormFields, for visit: Visit) -> String {
        var form = ActKind.withdrawSource.form(fields)
        form.add(view, of: topic)
        // The count appears in the form without a reload, which would lose what the person has written.
        let stream: String? = if case .counting = view { ConsolePath.changes } else { nil }
        return act(.withdrawSource, form, mistake: nil, stream: stream, for: visit)
    }

    private func act(
        _ kind: ActKind, _ form: ActForm, mistake: FormMistake?, stream: String? = nil, for visit: Visit
    ) -> String {
        let inputs: [Fields] = form.inputs.map { input in
            .of([
                "name": input.name, "label": input.label, "value": input.value, "isLong": input.isLong,
                "hasOptions": !input.options.isEmpty, "options": input.options,
                "isInvalid": mistake?.field == input.name,
            ])
        }
        return html(
            Page(
                template: "act", title: form.title, tab: form.tab, stream: stream,
                fields: .of([
                    "title": form.title, "sentence": form.sentence, "mistake": mistake?.sentence,
                    "action": ConsolePath.act(kind), "hasFacts": !form.facts.isEmpty,
                    "facts": form.facts.map {
                        Fields.of(["name": $0.name, "value": Self.shortened($0.value, to: 200)])
                    },
                    "note": form.note, "more": form.more.map { Fields.of(["text": $0.text, "path": $0.path]) },
                    "hidden": form.hidden.map { Self.hidden($0.name, $0.value) }, "inputs": inputs,
                    "reason": form.reason, "reasonLabel": form.reasonLabel, "reasonHint": form.reasonHint,
                    "isReasonMissing": mistake?.field == "reason", "button": form.button, "isGrave": form.isGrave,
                    "isRefused": form.isRefused,
                    "back": form.back,
                ])), for: visit)
    }

    /// The page of an act that cannot be done yet, with everything that was sent. `visit`: has the key of the attempt.
    func waiting(_ kind: ActKind, _ fields: FormFields, for problem: ProblemView, _ visit: Visit) -> String {
        let form = kind.form(fields)
        let entered = form.inputs.compactMap { input in
            fields[input.name].map { (name: input.name, label: input.label, value: $0) }
        }
        let reason = form.reason ?? ""
        let facts = form.facts + entered.map { ($0.label, $0.value) } + [(form.reasonLabel, reason)]
        let hidden = form.hidden + entered.map { ($0.name, $0.value) } + [("reason", reason)]
        return html(
            Page(
                template: "waiting", title: problem.title, tab: form.tab,
                fields: .of([
                    "act": form.title, "title": problem.title, "detail": problem.detail,
                    "progress": problem.progress.map { done in
                        Fields.of(["share": Self.share(done), "bar": Plot.bar(done, "wait")])
                    },
                    "action": ConsolePath.act(kind), "seconds": problem.retryAfter.map { "\($0)" },
                    "facts": facts.map { Fields.of(["name": $0.name, "value": Self.shortened($0.value, to: 200)]) },
                    "hidden": hidden.map { Self.hidden($0.name, $0.value) }, "isGrave": form.isGrave,
                    "back": form.back, "longest": "\(Script.longestPauseOfAct)",
                ])), for: visit)
    }

    /// The list of words, and the keys of the script.
    func words(for visit: Visit) -> String {
        func rows(_ pairs: KeyValuePairs<String, String>) -> [Fields] {
            pairs.map { Fields.of(["word": $0.key, "meaning": $0.value]) }
        }
        return html(
            Page(
                template: "words", title: "What the words mean", tab: nil,
                fields: .of(["words": rows(Self.vocabulary), "keys": rows(Self.keys)])), for: visit)
    }

    private static let vocabulary: KeyValuePairs = [
        "Subject": "Who is scored: a person, a business or an official who has enrolled.",
        "Event": "Something that a subject did or that happened to it, reported by a source.",
        "Source": "A topic that events are read from.",
        "Ledger": "Every event in the order in which it counted, for good. Entries are only added.",
        "Partition": "A part of the ledger. All events of one subject are in the same one.",
        "Clock": "A partition's time: the greatest time of an event so far. Terms run by it.",
        "Policy": "The rules by which points are given, and what follows from them.",
        "Score": "A number: the base plus the points of all dimensions, within the policy's limits.",
        "Band": "A range of scores with a name.",
        "Dimension": "A context, such as payment or driving. Points in one never count in another.",
        "Perk": "What a good standing gives. It ends after a time of grace if its condition is no longer true.",
        "Sanction":
            "What is denied after adverse events in one dimension. It has a notice, an end, an appeal and a way back.",
        "Noticed": "A sanction is announced. It blocks nothing before its notice ends.",
        "In force": "A sanction blocks what it names.",
        "Stayed": "A sanction blocks nothing while an appeal against it is open.",
        "Appeal": "A request to look at a sanction again. If nobody decides in time, the sanction is lifted.",
        "Void": "An event is taken out as if it had never happened.",
        "Shadow": "A candidate policy is folded beside the active one, to see what it would change.",
        "Fold": "To go through the ledger and compute the standings.",
        "Lag": "How far a reader is from the end of what it reads.",
        "Dead letter": "A record that was no event. It can be mended and sent again.",
        "Not enrolled": "An event about somebody who has not joined. It counts for nobody.",
        "Checkpoint": "A signed hash of the ledger up to an offset, which proves that nothing before it changed.",
        "Member": "A process that folds a part of the ledger.",
    ]

    private static let keys: KeyValuePairs = [
        "?": "This page", "/": "To the first field of a search", "g then o": "Overview", "g then s": "Subjects",
        "g then a": "Appeals", "g then p": "Policies", "g then l": "Lag", "g then d": "Dead letters",
    ]
}
