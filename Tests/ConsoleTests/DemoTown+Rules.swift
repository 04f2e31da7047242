import Access
import Console
import Events

extension DemoTown {

    func policies(version: String?, for caller: Caller) async throws(ProblemView) -> PolicyView {
        try check()
        if isEmpty { return PolicyView(versions: [], selected: nil, shadow: nil, proposals: []) }
        let text = """
            policy: card
            version: 3
            score: {base: 600, min: 350, max: 950}
            rules:
              - id: paid-in-full
                event: bill.paid-in-full
                points: 10
                per: month
                cap: 20
            """
        func mover(_ name: String, _ before: Int, _ after: Int, _ rule: String) -> PolicyView.Mover {
            PolicyView.Mover(subject: id(name), before: before, after: after, rule: t(rule))
        }
        func version(_ number: Int, _ days: Double, _ actor: String, _ reason: String) -> PolicyView.Version {
            PolicyView.Version(
                key: "9f3c0\(number)", name: t("card"), version: number, since: Self.ago(days: days),
                isActive: number == 3,
                actor: t(actor), reason: t(reason))
        }
        return PolicyView(
            versions: [
                version(3, 61, "oda and pim", "Late bills fade, as the council decided in September"),
                version(2, 240, "oda and pim", "Rides count from the first kilometre"),
                version(1, 410, "oda", "The beginning"),
            ],
            selected: PolicyView.Selected(
                key: "9f3c03", name: t("card"), version: 3,
                sections: [
                    PolicyView.Section(
                        title: "The score",
                        sentences: [
                            t("Everybody begins with 600 points. The score is never below 350 or above 950."),
                            t("Band A begins at 750, B at 600, C at 500, and D at 350."),
                        ]),
                    PolicyView.Section(
                        title: t("Payment"),
                        sentences: [
                            t("A bill that is paid in full gives 10 points, at most 20 in a month, for 24 months."),
                            t("A missed bill takes up to 60 points, which fade within 12 months."),
                        ]),
                ], text: t(text), comparedWith: t("card 2"),
                difference: [
                    PolicyView.DiffLine(kind: .same, text: t("  - id: late")),
                    PolicyView.DiffLine(kind: .removed, text: t("    lasts: 24 months")),
                    PolicyView.DiffLine(kind: .added, text: t("    lasts: 12 months")),
                    PolicyView.DiffLine(kind: .added, text: t("    fades: true")),
                    PolicyView.DiffLine(kind: .same, text: t("    event: bill.missed")),
                ]),
            shadow: PolicyView.Shadow(
                name: t("card"), version: 4, since: Self.ago(days: 1.5), isActive: false, gain: 210_442, lose: 31_870,
                same: 962_206,
                newSanctions: 12, liftedSanctions: 348, progress: 0.973,
                winners: [mover("dora-88", 540, 588, "volunteer"), mover("emil-2", 611, 642, "safe-driving")],
                losers: [mover("farid-310", 702, 671, "speeding"), mover("workshop-north", 655, 640, "late")]),
            proposals: [
                PolicyView.Proposal(
                    key: "p-77", act: t("activate card 4"), actor: t("oda"),
                    reason: t("Nobody new is sanctioned who was not warned."),
                    time: Self.ago(minutes: 42), expires: Self.ago(days: -7), summary: t("31,870 lose, 12 are warned."),
                    difference: [
                        PolicyView.DiffLine(kind: .removed, text: t("    points: -12")),
                        PolicyView.DiffLine(kind: .added, text: t("    points: -10")),
                    ])
            ])
    }

    func sources(for caller: Caller) async throws(ProblemView) -> SourcesView {
        try check()
        if isEmpty { return SourcesView(sources: []) }
        func source(
            _ topic: String, _ level: Level, _ state: String, _ events: Int, dead: [(String, Int)], _ decided: Int,
            _ upheld: Int, changes: [SourcesView.Source.Change] = [.withdraw]
        ) -> SourcesView.Source {
            SourcesView.Source(
                topic: t(topic), level: level, state: state,
                declaration: t("Banks and utilities, private: bills that were paid or missed."), events: events,
                perSecond: level == .bad ? 0 : 6120.4, unread: level == .bad ? nil : events % 4000,
                deadLetters: dead.map { ReasonCount(reason: t($0.0), count: $0.1) }, notEnrolled: events / 1900,
                decided: decided, upheld: upheld, wantsAcknowledgement: level == .bad, changes: changes)
        }
        return SourcesView(sources: [
            source(
                "behaviour.payments", .good, "reading", 812_441_902, dead: [("bad-time", 1204), ("no-subject", 31)], 88,
                7),
            source("behaviour.community", .good, "reading", 12_004_112, dead: [], 0, 0),
            source("behaviour.transport", .bad, "made anew", 291_400_733, dead: [("not-json", 1636)], 41, 12),
            source("behaviour.commerce", .notice, "withdrawn", 9_120, dead: [], 3, 3, changes: [.restore]),
            source("standing.control", .good, "reading", 1_204_518, dead: [], 0, 0, changes: []),
        ])
    }

    func backtest(for caller: Caller) async throws(ProblemView) -> BacktestView {
        try check()
        if isEmpty { return BacktestView(policy: t("card 4"), state: .unknown(t("The ledger cannot be read now."))) }
        guard waits == 0 else { return BacktestView(policy: t("card 4"), state: .folding(done: 0.57)) }
        let report = """
            From card version 3 to card version 4, 1,204,518 subjects, folded to 7,528,416 frames.

            Had it always been active (an activation imposes nothing)
              sanction no-deferred-payment: 31,870 both ways, 12 more, 4,410 fewer

            Within the harm budget.
            """
        return BacktestView(policy: t("card 4"), state: .reported(t(report)))
    }

    func withdrawal(of topic: String, for caller: Caller) async throws(ProblemView) -> WithdrawalView {
        try check()
        let isCounted = await performed.hasCounted
        return switch topic {
        case t("behaviour.payments") where !isCounted: .counting(done: 0.429)
        case t("behaviour.community"), t("behaviour.payments"):
            .counted(
                .init(
                    events: 12_004_112, gain: 4_410, lose: 610_022, same: 589_086, largestLoss: 43, bandUp: 12,
                    bandDown: 20_114, liftedSanctions: 1, wonPerks: 0, lostPerks: 8_802))
        case t("behaviour.commerce"): .refused(t("The source is withdrawn already."))
        default: .unknown(t("The ledger has no event of this topic."))
        }
    }

    func lag(of group: String?, for caller: Caller) async throws(ProblemView) -> LagView {
        try check()
        if isEmpty { return LagView(people: nil, groups: [], selected: nil, failure: t("The broker does not answer.")) }
        let groups = [
            lagging(
                "standing.perks", on: "standing.perks", .notice, "warning",
                [
                    "One key has 61 % of the records of partition 3, so more readers would not help.",
                    "43 % of the records arrive in partition 3.",
                ],
                [(98, 98, 2), (101, 101, 2), (97, 97, 2), (206, 219, 214)]),
            lagging(
                "standing.intake", on: "behaviour.payments", .good, "ok", [],
                [(510, 510, 0.4), (510, 510, 0.4), (510, 510, 0.4)]),
            lagging(
                "reports-nightly", on: "standing.score-changes", .bad, "stopped",
                ["The group has no member, so nobody reads."], [(0, 3.5, 32_400), (0, 3.1, 32_400)]),
        ]
        if let group, let selected = groups.first(where: { $0.name == group }) {
            return LagView(people: 6100...7400, groups: groups, selected: selected, failure: nil)
        }
        return LagView(people: 6100...7400, groups: groups, selected: nil, failure: nil)
    }

    /// `partitions`: of each, the records a second that are read and that arrive, and the age of the next unread record,
    /// from which the other figures follow. The last one has the group's level and status.
    private func lagging(
        _ name: String, on topic: String, _ level: Level, _ status: String, _ causes: [String],
        _ partitions: [(read: Double, arrive: Double, seconds: Double)]
    ) -> LagView.Group {
        let unread = partitions.map { Int($0.arrive * $0.seconds) }
        let records = unread.reduce(0, +)
        let growth = partitions.reduce(0) { $0 + $1.arrive - $1.read }
        let minutes = 60
        return LagView.Group(
            name: t(name), level: level, status: status, seconds: partitions.map(\.seconds).max(), records: records,
            trend: growth > 0 ? "growing" : "steady", catchUp: growth > 0 ? "never at this rate" : "now",
            causes: causes.map(t),
            history: (1...minutes).map { minute in
                let value = Double(records) - growth * 60 * Double(minutes - minute)
                return Reading(time: Self.ago(minutes: Double(minutes - minute)), value: max(0, value))
            },
            partitions: partitions.enumerated().map { index, partition in
                let isLast = index == partitions.count - 1
                let committed = 18_204_113 + Int64(index) * 900
                return LagView.Partition(
                    name: t("\(topic)/\(index)"), level: isLast ? level : .good, status: isLast ? status : "ok",
                    seconds: partition.seconds, records: unread[index], committed: committed,
                    end: committed + Int64(unread[index]), readPerSecond: partition.read,
                    arrivePerSecond: partition.arrive)
            })
    }

    func deadLetters(_ search: DeadLetterSearch, for caller: Caller) async throws(ProblemView) -> DeadLettersView {
        try check()
        if isEmpty { return DeadLettersView(reasons: [], letters: [], selected: nil, next: nil) }
        let text = t(
            "{\"specversion\":\"1.0\",\"id\":\"bill-77\",\"source\":\"/bank/north\",\"type\":\"bill.missed\",\"time\":\"2026-13-01T00:00:00Z\"}"
        )
        let letters: [DeadLettersView.Letter] = (0..<6).map { index in
            let isTime = index % 2 == 0
            let sentence =
                isTime ? "The time is not RFC 3339: there is no month 13." : "The attribute subject is missing."
            return DeadLettersView.Letter(
                key: "3-\(1200 + index)", topic: t("behaviour.payments"), partition: 3,
                offset: 9_004_117 + Int64(index),
                time: Self.ago(minutes: Double(index * 7)), reason: t(isTime ? "bad-time" : "no-subject"),
                sentence: t(sentence), bytes: Array(text.utf8) + [0, 0xFF, 0x1B], size: text.utf8.count + 3,
                proposal: t("{\"id\": \"bill-77\"}"), isWaiting: true)
        }
        return DeadLettersView(
            reasons: [("not-json", 1636), ("bad-time", 1204), ("no-subject", 31)].map {
                ReasonCount(reason: t($0.0), count: $0.1)
            },
            letters: letters, selected: search.letter.flatMap { key in letters.first { $0.key == key } },
            next: t("3-1206"))
    }

    func ledger(_ search: LedgerSearch, for caller: Caller) async throws(ProblemView) -> LedgerView {
        try check()
        let types = ["bill.paid-in-full", "standing.subject.enrolled", "ride.finished", "standing.policy.activated"]
        let entries: [LedgerView.Entry] = (0..<6).map { index in
            let offset: Int64 = 1_882_100 + Int64(index)
            let time = Self.ago(minutes: Double(10 - index))
            let origin = t("behaviour.payments/3/\(offset)")
            return LedgerView.Entry(
                partition: 7, offset: offset, time: time, type: t(types[index % 4]),
                subject: index % 4 == 3 ? nil : id("ada-4471"), origin: origin, data: t("{\"billed\": 4200}"))
        }
        let partitions: [LedgerView.Partition] = (0..<4).map { index in
            let isNew = index == 3
            let end: Int64 = 1_882_104 + Int64(index) * 911
            let hash = "8c1f00d2a9b3441e77c0fe12\(index)"
            return LedgerView.Partition(
                partition: index, end: end, clock: isNew ? nil : Self.ago(minutes: 0.1), hash: hash,
                checkpoint: isNew ? nil : 1_880_000, checkpointTime: isNew ? nil : Self.ago(minutes: 24),
                level: isNew ? .notice : .good, state: isNew ? "no checkpoint yet" : "whole")
        }
        return LedgerView(
            name: t("harbour-town"), partitions: partitions, entries: isEmpty ? [] : entries,
            next: isEmpty ? nil : t("7-1882106"))
    }

    func audit(_ search: AuditSearch, for caller: Caller) async throws(ProblemView) -> AuditView {
        try check()
        func row(
            _ minutes: Double, _ actor: String, _ action: String, _ subject: String?, _ why: String?, _ outcome: String,
            _ details: [(String, String)] = []
        ) -> AuditView.Row {
            AuditView.Row(
                time: Self.ago(minutes: minutes), actor: t(actor), action: action, subject: subject.map { id($0) },
                purpose: why.map { t($0) }, outcome: outcome,
                details: details.map { AuditView.Detail(name: t($0.0), value: t($0.1)) })
        }
        let rows = [
            row(3, "mira", "readFile", "ada-4471", "The person asked about the score", "allowed"),
            row(
                41, "oda", "activatePolicy", nil, "Nobody new is sanctioned who was not warned.", "waiting",
                [("policy", "card 4")]),
            row(
                55, "joost", "decideAppeal", "bram.devries", "The camera was out of order", "done",
                [("sanction", "slow-lane"), ("outcome", "upheld")]),
            row(80, "guest", "readFile", "chen-li", nil, "denied"),
        ]
        return AuditView(
            rows: isEmpty ? [] : rows, next: isEmpty ? nil : t("100"),
            actions: ["readFile", "decideAppeal", "activatePolicy"],
            chain: t("The chain is whole up to record 41,207."), level: .good)
    }

    func perform(
        _ act: ConsoleAct, reason: String, key: String, by caller: Caller
    ) async throws(ProblemView) -> ActOutcome {
        try check()
        if waits > 0, await performed.waiting.count < waits {
            let attempt = await performed.wait(key)
            throw ProblemView(
                status: 503, title: t("The harm budget is being computed"), detail: t("The whole ledger is folded."),
                next: [], retryAfter: 1, progress: Double(attempt) * 0.28)
        }
        await performed.add(act, reason, key, caller)
        if case .activate = act { return .waiting }
        return .done
    }

    func signIn(name: String, password: String, from address: String) async throws(ProblemView) -> String? {
        try check()
        return password == "right" ? "session=1; HttpOnly; SameSite=Strict; Path=/" : nil
    }

    func signOut(session: String) async -> String { "session=; Max-Age=0; Path=/" }
}
