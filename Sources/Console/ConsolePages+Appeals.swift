internal import Access
internal import Events

extension ConsolePages {
    public func appeals(_ view: AppealsView, for visit: Visit) -> String {
        let canDecide = visit.may(.decideAppeal)
        let open: [Fields] = view.open.map { appeal in
            let seconds = Self.seconds(from: view.time, to: appeal.decideBy)
            let level: Level = seconds < 2 * 86_400 ? .bad : seconds < 7 * 86_400 ? .notice : .good
            let share = Self.passed(from: appeal.filed, to: appeal.decideBy, now: view.time)
            return .of([
                "sanction": Self.shortened(appeal.sanction, to: 80), "subject": visit.fields(appeal.subject),
                "level": level.rawValue, "left": seconds > 0 ? "\(Self.duration(seconds)) left" : "time is up",
                "runs": Plot.bar(share, level == .bad ? "loss" : "wait"),
                "statement": Self.shortened(appeal.statement, to: 400), "filed": Self.fields(appeal.filed),
                "decideBy": Self.fields(appeal.decideBy),
                "path": canDecide && !appeal.subject.isMasked
                    ? ConsolePath.appeal(appeal.subject.text, appeal.sanction) : nil,
            ])
        }
        let decided: [Fields] = view.decided.map { decision in
            .of([
                "state": Self.badge(
                    decision.isUpheld ? "upheld" : "rejected", Self.level(decision.isUpheld ? .upheld : .rejected)),
                "sanction": Self.shortened(decision.sanction, to: 80), "subject": visit.fields(decision.subject),
                "time": Self.fields(decision.time), "actor": decision.actor, "reason": decision.reason,
            ])
        }
        return html(
            Page(
                template: "appeals", title: "Appeals", tab: .appeals, json: "/appeals", stream: ConsolePath.changes,
                fields: .of([
                    "lead": view.open.isEmpty
                        ? "Whoever is sanctioned can ask for a second look."
                        : "\(Self.number(view.open.count, "appeal")) to decide, the least time left first. "
                            + "A sanction is lifted if nobody decides in time.",
                    "hasOpen": !open.isEmpty, "open": open, "hasDecided": !decided.isEmpty,
                    "decided": decided,
                ])), for: visit)
    }

    public func appeal(_ view: AppealView, purpose: String? = nil, for visit: Visit) -> String {
        let appeal = view.appeal
        let difference = view.scoreWithout - view.score
        let left = Self.seconds(from: view.time, to: appeal.decideBy)
        return html(
            Page(
                template: "appeal", title: "Appeal against \(Self.shortened(appeal.sanction, to: 40))", tab: .appeals,
                json: ConsolePath.with(ConsolePath.json(subject: appeal.subject.text), [("purpose", purpose)]),
                fields: .of([
                    "name": Self.shortened(appeal.sanction, to: 80), "subject": visit.fields(appeal.subject),
                    "lead": left > 0
                        ? "filed \(Self.day(appeal.filed)), \(Self.duration(left)) left to decide."
                        : "filed \(Self.day(appeal.filed)); the time to decide is up.",
                    "statement": appeal.statement, "score": Self.count(view.score), "band": view.band,
                    "scoreWithout": Self.count(view.scoreWithout), "bandWithout": view.bandWithout,
                    "difference": Self.signed(difference), "sign": Self.sign(difference), "condition": view.condition,
                    "conditionWithout": view.conditionWithout,
                    "state": Self.badge(view.sanction.state.rawValue, Self.level(view.sanction.state)),
                    "blocks": Self.blocks(view.sanction),
                    "ends": Self.fields(view.sanction.ends, now: view.time),
                    "levelWithout": view.holdsWithout ? Level.notice.rawValue : Level.good.rawValue,
                    "verdict": view.holdsWithout ? "would stand" : "would fall",
                    "verdictSentence": view.holdsWithout
                        ? "Other evidence alone would impose the sanction too."
                        : "Without the disputed evidence the sanction would not have been imposed.",
                    "dimension": view.sanction.dimension, "hasEvents": !view.evidence.isEmpty,
                    "events": Self.fields(view.evidence, subject: appeal.subject, canVoid: false),
                    "canDecide": appeal.state == .open && visit.may(.decideAppeal),
                    "action": ConsolePath.act(.decideAppeal),
                    "hidden": [Self.hidden("subject", appeal.subject.text), Self.hidden("sanction", appeal.sanction)],
                ])), for: visit)
    }
}
