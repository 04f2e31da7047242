internal import Access
internal import Events

extension ConsolePages {
    /// The form that asks for the purpose of reading another subject's file.
    public func purpose(of id: String, sanction: String? = nil, for visit: Visit) -> String {
        html(
            Page(
                template: "purpose", title: "Why do you look?", tab: sanction == nil ? .subjects : .appeals,
                fields: .of([
                    "id": Self.shortened(id, to: 80), "encoded": ConsolePath.encoded(id),
                    "sanction": sanction.map { ConsolePath.encoded($0) },
                    "action": sanction == nil ? ConsolePath.subject : ConsolePath.appeal,
                    "back": sanction == nil ? ConsolePath.subjects : ConsolePath.appeals,
                ])), for: visit)
    }

    /// The page of one subject. A person who reads the own page is addressed in the second person.
    public func subject(_ view: SubjectView, purpose: String? = nil, for visit: Visit) -> String {
        let isOwn = visit.caller?.subject == Array(view.id.text.utf8)
        let readsFile = visit.may(.readFile, to: view.id)
        let steps = view.steps.suffix(Self.maximumSteps)
        let older = view.olderSteps + view.steps.count - steps.count
        let rows = Self.steps(view.steps, from: view.steps.count - steps.count)
        let events = Self.fields(view.events, subject: view.id, canVoid: visit.may(.void))
        var fields = Self.standing(view)
        let more: Fields = .of([
            "isOwn": isOwn, "kicker": isOwn ? "Hello" : view.kind,
            "ownTitle":
                "Your score is \(Self.count(view.score)) of \(Self.count(view.minimum)) to \(Self.count(view.maximum))",
            "shown": Self.shortened(view.id.text, to: 80),
            "whole": view.id.text.count > 80 ? Self.shortened(view.id.text, to: 5000) : nil,
            "lead": lead(view, isOwn: isOwn), "change": view.change,
            "sanctions": view.sanctions.map { sanction($0, of: view, for: visit) },
            "hasSanctions": !view.sanctions.isEmpty, "plot": Plot.steps(view), "hasSteps": !steps.isEmpty,
            "steps": Array(rows.prefix(Self.shownSteps)), "hasMoreSteps": rows.count > Self.shownSteps,
            "moreSteps": Array(rows.dropFirst(Self.shownSteps)),
            "moreStepsWords": Self.number(max(0, rows.count - Self.shownSteps), "earlier step"),
            "older": older > 0 ? "\(Self.number(older, "older step")) in the JSON." : nil, "way": view.wayBack,
            "hasWay": !view.wayBack.isEmpty,
            "noWay": isOwn ? "Nothing holds your score down now." : "Nothing holds the score down now.",
            "dimensions": dimensions(view), "hasPerks": !view.perks.isEmpty,
            "perks": view.perks.map { perk in
                Fields.of([
                    "name": perk.name,
                    "state": Self.badge(perk.isHeld ? "granted" : "not yet", perk.isHeld ? .good : nil),
                    "sentence": perk.sentence, "ends": perk.ends.map { Self.fields($0, now: view.clock) },
                ])
            },
            "showsLooks": view.looks != nil, "hasLooks": view.looks?.isEmpty == false,
            "looks": looks(view.looks ?? [], visit.caller?.name),
            "hasAppeals": !view.appeals.isEmpty,
            "appeals": view.appeals.map { appeal in
                Fields.of([
                    "state": Self.badge(appeal.state.rawValue, Self.level(appeal.state)), "sanction": appeal.sanction,
                    "filed": Self.fields(appeal.filed), "statement": appeal.statement, "decision": appeal.decision,
                ])
            },
            "showsEvents": readsFile, "hasEvents": !view.events.isEmpty,
            "events": Array(events.prefix(Self.shownEvents)), "hasMoreEvents": events.count > Self.shownEvents,
            "moreEvents": Fields.of(["events": Array(events.dropFirst(Self.shownEvents))]),
            "moreEventsWords": Self.number(max(0, events.count - Self.shownEvents), "earlier event"),
            "hasActs": !acts(view, for: visit).isEmpty, "acts": acts(view, for: visit),
        ])
        fields.merge(more) { _, new in new }
        let json = readsFile ? ConsolePath.json(subject: view.id.text) : ConsolePath.jsonStanding(of: view.id.text)
        return html(
            Page(
                template: "subject-page", title: isOwn ? "My standing" : Self.shortened(view.id.text, to: 40),
                tab: isOwn ? .mine : .subjects, json: ConsolePath.with(json, [("purpose", isOwn ? nil : purpose)]),
                stream: ConsolePath.jsonStanding(of: view.id.text) + "/changes", fields: fields), for: visit)
    }

    private static let maximumSteps = 100
    /// The numbers of rows that are shown. Further ones are folded.
    private static let (shownSteps, shownEvents) = (12, 25)

    private func lead(_ view: SubjectView, isOwn: Bool) -> String {
        let enrolled = Self.day(view.enrolled)
        let base = "Everybody begins with \(Self.count(view.base)) points."
        guard isOwn else {
            return
                "Enrolled on \(enrolled), scored by policy \(view.policy), in ledger partition \(view.partition). \(base)"
        }
        let sanctions = view.sanctions.filter { $0.state == .inForce }
        let blocks = Set(sanctions.flatMap(\.measures)).sorted()
        let blocked =
            blocks.isEmpty
            ? "Nothing is denied to you."
            : "Denied to you now: \(Self.list(blocks.map { $0.replacing("-", with: " ") }))."
        return "That is band \(view.band). \(blocked) You joined on \(enrolled). \(base) "
            + "Below is what changed your score, and what raises it."
    }

    /// The newest first.
    private static func steps(_ steps: [SubjectView.Step], from first: Int) -> [Fields] {
        (first..<steps.count).reversed().map { index in
            let step = steps[index]
            let change = index == 0 ? 0 : step.score - steps[index - 1].score
            return .of([
                "time": fields(step.time), "change": index == 0 ? "start" : signed(change), "sign": sign(change),
                "score": count(step.score), "band": step.band, "reasons": fields(step.reasons),
                "cause": shortened(step.cause, to: 80), "event": step.event.map { shortened($0.id, to: 40) },
            ])
        }
    }

    /// The newest first. Equal looks in a row are one row.
    private func looks(_ looks: [SubjectView.Look], _ own: String?) -> [Fields] {
        var rows: [(look: SubjectView.Look, count: Int)] = []
        for look in looks {
            if let last = rows.last?.look, last.actor == look.actor, last.action == look.action,
                last.outcome == look.outcome, last.purpose == look.purpose
            {
                rows[rows.count - 1].count += 1
            } else {
                rows.append((look, 1))
            }
        }
        return rows.map { look, count in
            let outcome = Self.words(ofOutcome: look.outcome).map { " (\($0))" } ?? ""
            return .of([
                "actor": look.actor == own ? "you" : look.actor, "time": Self.fields(look.time),
                "what": Self.words(ofAction: look.action) + outcome, "purpose": look.purpose,
                "times": count > 1 ? "and \(Self.number(count - 1, "time")) before" : nil,
            ])
        }
    }

    private func dimensions(_ view: SubjectView) -> [Fields] {
        let range = view.dimensions.map { max(abs($0.points), abs($0.minimum ?? 0), abs($0.maximum ?? 0)) }.max() ?? 0
        return view.dimensions.map { dimension in
            let bounds =
                switch (dimension.minimum, dimension.maximum) {
                case (let low?, let high?): "\(Self.signed(low)) to \(Self.signed(high))"
                case (let low?, nil): "from \(Self.signed(low))"
                case (nil, let high?): "up to \(Self.signed(high))"
                case (nil, nil): "unbounded"
                }
            return .of([
                "name": dimension.name, "hasReasons": !dimension.reasons.isEmpty,
                "reasons": Self.fields(dimension.reasons), "points": Self.signed(dimension.points), "range": bounds,
                "bar": Plot.balance(dimension.points, range: max(1, range)),
            ])
        }
    }

    private func sanction(_ sanction: Sanction, of view: SubjectView, for visit: Visit) -> Fields {
        var clocks: [Fields] = []
        if sanction.state == .noticed { clocks.append(Self.clock("Takes effect", sanction.inForce, now: view.clock)) }
        if let decideBy = sanction.decideBy {
            clocks.append(Self.clock("Appeal decided by", decideBy, now: view.clock))
        }
        clocks.append(Self.clock("Ends", sanction.ends, now: view.clock))
        let isInForce = sanction.state == .inForce
        let share = Self.passed(from: sanction.imposed, to: sanction.ends, now: view.clock)
        let canAppeal = sanction.canAppeal && visit.may(.fileAppeal, to: view.id)
        let isOwn = visit.caller?.subject == Array(view.id.text.utf8)
        return .of([
            "name": sanction.name, "state": Self.badge(sanction.state.rawValue, Self.level(sanction.state)),
            "level": Self.level(sanction.state).rawValue, "sentence": sanction.sentence,
            "blocks": Self.blocks(sanction),
            "clocks": clocks, "runs": Plot.bar(share, isInForce ? "loss" : "wait"),
            "appeal": canAppeal
                ? ConsolePath.act(.fileAppeal, [("subject", view.id.text), ("sanction", sanction.name)]) : nil,
            "appealWord": isOwn ? "Appeal" : "File an appeal for this person",
            "review": sanction.decideBy != nil && visit.may(.decideAppeal)
                ? ConsolePath.appeal(view.id.text, sanction.name) : nil,
        ])
    }

    /// The measures of a sanction in its state.
    static func blocks(_ sanction: Sanction) -> String {
        let blocks = list(sanction.measures.map { $0.replacing("-", with: " ") })
        guard !blocks.isEmpty else { return "nothing" }
        return switch sanction.state {
        case .inForce: blocks
        case .noticed: "nothing now; \(blocks) from then on"
        case .stayed: "nothing now; \(blocks) after the appeal, if it is rejected"
        }
    }

    private func acts(_ view: SubjectView, for visit: Visit) -> [Fields] {
        guard visit.may(.enrol) else { return [] }
        return [
            .of([
                "path": ConsolePath.act(.withdraw, [("subject", view.id.text)]), "text": "Withdraw from the programme",
            ])
        ]
    }
}
