internal import Access
internal import Console
internal import Events
internal import Kafka
internal import Lag
internal import Pipeline
internal import Policy

extension ConsoleAnswers {
    func overview(for caller: Caller) async throws(ProblemView) -> OverviewView {
        let showsSubjects = caller.may(.readIdentities)
        let overview = try await programme(showsSubjects: showsSubjects)
        let policy = try await activePolicy()
        let lag = overview.lag
        return OverviewView(
            programme: service.configuration.topics.ledger, time: overview.time, subjects: overview.subjects,
            eventsPerSecond: overview.lastMinute?.eventsPerSecond, factsPerSecond: overview.lastMinute?.factsPerSecond,
            lagSeconds: lag?.seconds ?? overview.behindSeconds, peopleWaiting: Self.people(lag),
            rates: overview.minutes.enumerated().map { index, activity in
                let age = Int64(overview.minutes.count - 1 - index) * 60 * Timestamp.microsecondsPerSecond
                return Console.Reading(
                    time: overview.time.adding(microseconds: -age), value: activity.eventsPerSecond)
            },
            lags: lagReadings,
            bands: overview.bands.map { band in
                OverviewView.BandCount(
                    name: band.band, from: (policy?.bands.first { $0.name == band.band }?.from).map { Int($0) },
                    subjects: band.subjects)
            },
            openAppeals: overview.appeals.total,
            deadLetters: Int(overview.deadLetters.reduce(0) { $0 + $1.records }),
            attention: overview.attention.map { Self.attention($0) },
            changes: overview.changes.map { Self.change($0, isMasked: !showsSubjects) },
            members: Self.members(overview))
    }

    private static func people(_ lag: ProgrammeOverview.Lag?) -> ClosedRange<Int>? {
        guard let lag, let most = lag.peopleAtMost, most >= lag.peopleAtLeast else { return nil }
        return Int(lag.peopleAtLeast)...Int(most)
    }

    /// Of the fold's group.
    private var lagReadings: [Console.Reading] {
        (lagWatch?.points(of: service.configuration.foldGroup) ?? []).map { point in
            Console.Reading(time: Timestamp(microseconds: point.time * 1000), value: point.seconds)
        }
    }

    private static func attention(_ item: ProgrammeOverview.Attention) -> OverviewView.Attention {
        let level: Level =
            switch item.severity {
            case .critical: .bad
            case .warning: .notice
            case .information: .good
            }
        let isPage = ["/lag", "/ledger", "/sources", "/appeals", "/dead-letters", "/policies"].contains(item.page)
        return OverviewView.Attention(
            level: level, sentence: item.text, path: isPage ? item.page.map { "/console" + $0 } : nil)
    }

    private static func change(_ change: ProgrammeOverview.Change, isMasked: Bool) -> OverviewView.Change {
        let fact = change.fact
        let kind: OverviewView.Change.Kind =
            fact.type.hasPrefix("standing.sanction") ? .sanction : fact.type.hasPrefix("standing.perk") ? .perk : .score
        return OverviewView.Change(
            time: change.sentAt, subject: SubjectID(change.subject, isMasked: isMasked), kind: kind,
            sentence: sentence(of: fact))
    }

    private static func sentence(of fact: FactText) -> String {
        let verb = fact.type.split(separator: ".").last.map(String.init) ?? ""
        if let item = fact.item {
            return [item, verb, fact.reason.map { "(\($0))" }].compactMap(\.self).joined(separator: " ")
        }
        let cause = fact.rule.map { rule in
            ": \(rule)" + (fact.points.map { points in " \(points < 0 ? "\u{2212}" : "+")\(points.magnitude)" } ?? "")
        }
        switch (fact.before, fact.after) {
        case (let before?, let after?):
            let bands = before.band == after.band ? "" : ", band \(before.band) to \(after.band)"
            return "\(before.score) to \(after.score)\(bands)" + (cause ?? "")
        case (nil, let after?): return "enrolled with \(after.score), band \(after.band)"
        case (let before?, nil): return "withdrew with \(before.score)"
        case (nil, nil): return verb
        }
    }

    /// This member, those that answer for the other ledger partitions, and how many partitions are missing.
    private static func members(_ overview: ProgrammeOverview) -> [OverviewView.Member] {
        var members = overview.members.map { member in
            OverviewView.Member(
                name: member.name,
                state: !member.isReady ? "not ready" : member.partitions.isEmpty ? "idle" : "folding",
                level: member.isReady ? .good : .notice, partitions: member.partitions.count,
                lagSeconds: member.behindSeconds)
        }
        if !overview.missing.isEmpty {
            members.append(
                OverviewView.Member(
                    name: "nobody", state: "away", level: .bad, partitions: overview.missing.count, lagSeconds: nil))
        }
        return members
    }

    // MARK: Lag

    private static let longestFirstLook = Duration.seconds(15)

    func lag(of name: String?, for caller: Caller) async throws(ProblemView) -> LagView {
        guard let lagWatch else {
            return LagView(people: nil, groups: [], selected: nil, failure: "Nobody measures the lag here.")
        }
        let state = await lagWatch.state(within: Self.longestFirstLook)
        guard let report = state?.report else {
            return LagView(
                people: nil, groups: [], selected: nil,
                failure: state?.failure.map { "The lag is not known now: \($0)." }
                    ?? "The lag is not known yet: the first look is under way.")
        }
        let groups = report.groups.map { group in
            self.group(group, points: lagWatch.points(of: group.group), isSelected: group.group == name)
        }
        let selected = groups.first { $0.name == name }
        if name != nil, selected == nil {
            throw .nothing("group", back: ProblemView.Step("All groups", path: "/console/lag"))
        }
        let people = report.people.flatMap { people -> ClosedRange<Int>? in
            guard let most = people.subjects.atMost, most >= people.subjects.atLeast else { return nil }
            return Int(people.subjects.atLeast)...Int(most)
        }
        return LagView(
            people: people, groups: groups, selected: selected,
            failure: state?.isCurrent == true
                ? nil : "These figures are old: \(state?.failure ?? "there was no look since").")
    }

    private func group(_ group: GroupLag, points: [LagHistory.Point], isSelected: Bool) -> LagView.Group {
        LagView.Group(
            name: group.group, level: Self.level(group.status), status: group.status.rawValue,
            seconds: group.knownSeconds, records: group.knownRecords.map { Int($0) }, trend: group.trend.rawValue,
            catchUp: Self.text(group.catchUp), causes: group.causes.map(\.sentence),
            history: points.map {
                Console.Reading(time: Timestamp(microseconds: $0.time * 1000), value: $0.records.map { Double($0) })
            },
            partitions: isSelected
                ? group.partitions.map { partition in
                    LagView.Partition(
                        name: partition.topicPartition.description, level: Self.level(partition.lag.status),
                        status: partition.lag.status.rawValue, seconds: partition.lag.seconds,
                        records: partition.lag.records.map { Int($0) }, committed: partition.lag.committed,
                        end: partition.lag.end, readPerSecond: partition.lag.consumptionRate,
                        arrivePerSecond: partition.lag.arrivalRate)
                } : [])
    }

    private static func level(_ status: LagEvaluation.Status) -> Level {
        switch status {
        case .ok, .behind: .good
        case .unknown, .warning: .notice
        case .rewound, .stalled, .stopped, .expired: .bad
        }
    }

    private static func text(_ catchUp: LagEvaluation.CatchUp) -> String {
        switch catchUp {
        case .unknown: "unknown"
        case .never: "never at this rate"
        case .seconds(let seconds): seconds < 1 ? "now" : "\(Int(seconds.rounded(.up))) s"
        }
    }
}
