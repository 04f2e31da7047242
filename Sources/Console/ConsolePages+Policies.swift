internal import Access
internal import Events

extension ConsolePages {
    public func policies(_ view: PolicyView, for visit: Visit) -> String {
        let canActivate = visit.may(.activatePolicy)
        let active = view.versions.first { $0.isActive }
        let proposals: [Fields] = view.proposals.map { proposal in
            .of([
                "act": proposal.act, "reason": proposal.reason, "actor": proposal.actor,
                "time": Self.fields(proposal.time), "expires": Self.fields(proposal.expires),
                "summary": proposal.summary,
                "difference": Self.lines(proposal.difference),
                "hasDifference": proposal.difference.contains { $0.kind != .same },
                "canApprove": canActivate && proposal.actor != visit.caller?.name,
                "isOwn": canActivate && proposal.actor == visit.caller?.name,
                "takeBack": ConsolePath.act(.decline, [("proposal", proposal.key)]), "id": proposal.key,
                "hidden": [Self.hidden("proposal", proposal.key)],
                "approve": ConsolePath.act(.approve), "decline": ConsolePath.act(.decline),
            ])
        }
        let versions: [Fields] = view.versions.map { version in
            let canGoBack = canActivate && !version.isActive
            return .of([
                "name": version.name, "version": Self.count(version.version), "actor": version.actor,
                "reason": version.reason, "since": version.since.map { Self.fields($0) },
                "path": ConsolePath.with(
                    ConsolePath.policies, [("version", version.isActive ? nil : version.key)]),
                "isShown": version.key == view.selected?.key,
                "state": Self.badge(version.isActive ? "active" : "earlier", version.isActive ? .good : nil),
                "rollBack": canGoBack ? ConsolePath.act(.rollBack, [("version", version.key)]) : nil,
            ])
        }
        return html(
            Page(
                template: "policies", title: "Policies", tab: .policies,
                json: view.selected.flatMap { selected in
                    selected.key == active?.key || selected.version < 1
                        ? nil : "/policies/\(ConsolePath.encoded(selected.name, dots: true))/\(selected.version)"
                } ?? "/policies",
                // The result appears on the page without a reload.
                stream: view.shadow == nil && visit.notice?.level != .notice ? nil : ConsolePath.changes,
                fields: .of([
                    "hasProposals": !proposals.isEmpty, "proposals": proposals,
                    "shadow": view.shadow.map { shadow($0, for: visit) },
                    "startShadow": visit.may(.shadowPolicy) ? ConsolePath.act(.shadow) : nil,
                    "failure": view.failure, "hasVersions": !versions.isEmpty, "versions": versions,
                    "selected": view.selected.map { selected($0) },
                ])), for: visit)
    }

    func backtest(_ view: BacktestView, for visit: Visit) -> String {
        var (report, done, failure): (String?, Double?, String?)
        switch view.state {
        case .reported(let text): report = text
        case .folding(let share): done = share
        case .unknown(let sentence): failure = sentence
        }
        return html(
            Page(
                template: "backtest", title: "Backtest of \(Self.shortened(view.policy, to: 40))", tab: .policies,
                json: "/shadow", stream: done == nil ? nil : ConsolePath.changes,
                fields: .of([
                    "policy": Self.shortened(view.policy, to: 80), "report": report, "failure": failure,
                    "progress": done.map { Fields.of(["share": Self.share($0), "bar": Plot.bar($0, "wait")]) },
                    "back": ConsolePath.policies, "again": ConsolePath.backtest,
                ])), for: visit)
    }

    private func shadow(_ shadow: PolicyView.Shadow, for visit: Visit) -> Fields {
        let total = shadow.gain + shadow.lose + shadow.same
        func movers(_ movers: [PolicyView.Mover]) -> [Fields] {
            movers.map { mover in
                .of([
                    "subject": visit.fields(mover.subject), "before": Self.count(mover.before),
                    "after": Self.count(mover.after), "change": Self.signed(mover.after - mover.before),
                    "sign": Self.sign(mover.after - mover.before), "rule": mover.rule,
                ])
            }
        }
        return .of([
            "name": shadow.name, "version": Self.count(shadow.version), "since": Self.fields(shadow.since),
            "progress": Self.rate(shadow.progress * 100) + " %",
            "tiles": [
                Self.tile("Gain", Self.count(shadow.gain), note: Self.percent(shadow.gain, of: total)),
                Self.tile("Lose", Self.count(shadow.lose), note: Self.percent(shadow.lose, of: total)),
                Self.tile("Stay the same", Self.count(shadow.same), note: Self.percent(shadow.same, of: total)),
                Self.tile(
                    "Sanctions", "+\(Self.count(shadow.newSanctions)) \u{2212}\(Self.count(shadow.liftedSanctions))",
                    note: "imposed and lifted, other than now"),
            ],
            "hasWinners": !shadow.winners.isEmpty, "winners": movers(shadow.winners),
            "hasLosers": !shadow.losers.isEmpty, "losers": movers(shadow.losers),
            "isActive": shadow.isActive,
            "backtest": visit.may(.shadowPolicy) && !shadow.isActive ? ConsolePath.backtest : nil,
            "activate": visit.may(.activatePolicy) && !shadow.isActive
                ? ConsolePath.act(.activate, [("shadow", "\(shadow.name) \(shadow.version)")]) : nil,
            "end": visit.may(.shadowPolicy) ? ConsolePath.act(.endShadow) : nil,
        ])
    }

    private static func lines(_ difference: [PolicyView.DiffLine]) -> [Fields] {
        difference.map { line in
            let mark =
                switch line.kind {
                case .same: ""
                case .added: "+"
                case .removed: "\u{2212}"
                }
            return .of(["kind": line.kind.rawValue, "mark": mark, "text": line.text])
        }
    }

    private func selected(_ selected: PolicyView.Selected) -> Fields {
        .of([
            "name": selected.name, "version": Self.count(selected.version), "text": selected.text,
            "sections": selected.sections.map { Fields.of(["title": $0.title, "sentences": $0.sentences]) },
            "comparedWith": selected.comparedWith, "hasDifference": selected.difference.contains { $0.kind != .same },
            "difference": Self.lines(selected.difference),
        ])
    }
}
