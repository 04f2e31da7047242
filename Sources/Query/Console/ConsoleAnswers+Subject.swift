internal import Access
internal import Console
internal import Events
internal import Pipeline
internal import Policy

// One subject: its standing, its file and its appeals.
extension ConsoleAnswers {
    /// The number of points of a plot. A page lists the newest of them.
    private static let maximumPoints = 500
    /// The number of newest events of a file on a page. The JSON has all.
    private static let maximumEvents = 200

    func subject(_ id: String, purpose: String?, for caller: Caller) async throws(ProblemView) -> SubjectView {
        let path = "/subjects/" + Self.encoded(id)
        let isOwn = caller.subject == Array(id.utf8)
        guard caller.may(.readFile, to: Array(id.utf8)), isOwn || purpose != nil else {
            return try await standingAlone(path, of: id, for: caller)
        }
        let (file, change): (FileForm, String?)
        do throws(ProblemView) {
            (file, change) = try await askStamped(FileForm.self, path + "/file", for: caller, purpose: purpose)
        } catch {
            // Without an archive there is no file, but a standing is shown to its owner and to callers who may read
            // standings.
            guard error.status == 501, isOwn || caller.may(.readStanding) else { throw error }
            return try await standingAlone(path, of: id, for: caller)
        }
        guard let standing = file.standing else { throw .noSubject(id) }
        // Part of the same look at the file.
        let history = try await ask(
            HistoryForm.self, path + "/history?points=\(Self.maximumPoints)", for: caller, isRecorded: false)
        let looks = try? await ask(LooksForm.self, path + "/looks", for: caller, isRecorded: false)
        let appeals = try await ask(SubjectAppealsForm.self, path + "/appeals", for: caller, isRecorded: false)
        let policy = try await policy(of: standing)
        var view = view(id, standing, policy, enrolled: Self.enrolled(history))
        view.change = change.flatMap { Self.sentence(ofChange: $0) }
        (view.steps, view.olderSteps) = Self.steps(history, policy)
        let shown = file.history.filter { $0.origin != nil }.suffix(Self.maximumEvents)
        // The events are shown without it where it is too large for a page.
        let data = (try? await data(of: shown, path, for: caller)) ?? [:]
        view.events = events(shown, file, data, policy, partition: view.partition)
        view.appeals = appeals.appeals.map { $0.appeal(of: SubjectID(id)) }.reversed()
        // An act has a record before it and one after it.
        view.looks = looks?.looks.filter { $0.outcome != "requested" }.map { look in
            SubjectView.Look(
                time: Timestamp(look.time) ?? .distantPast, actor: look.actor, action: look.action,
                outcome: look.outcome, purpose: look.purpose)
        }
        return view
    }

    /// The view without the file.
    private func standingAlone(
        _ path: String, of id: String, for caller: Caller
    ) async throws(ProblemView) -> SubjectView {
        let (standing, change): (StandingForm, String?)
        do throws(ProblemView) {
            (standing, change) = try await askStamped(StandingForm.self, path, for: caller)
        } catch {
            guard error.status == 404 else { throw error }
            throw .noSubject(id)
        }
        var view = view(id, standing, try await policy(of: standing), enrolled: await enrolled(id))
        view.change = change.flatMap { Self.sentence(ofChange: $0) }
        return view
    }

    /// What is being folded anew, from the value of `HTTPField.Name.policySwitch`; nil if it cannot be read.
    static func sentence(ofChange value: String) -> String? {
        let parts = value.split(separator: "; ").map(String.init)
        let share = parts.last?.split(separator: "=").last.flatMap { Double($0) }
        guard let policy = parts.first, let share else { return nil }
        let act: (now: String, before: String) =
            switch parts.dropFirst().dropLast().first {
            case "source=withdrawn": ("A source is being withdrawn", "with it")
            case "source=restored": ("A source is being counted again", "without it")
            default:
                ("Policy \(policy.replacing("/", with: " ")) becomes active", "under the policy before it")
            }
        return "\(act.now): \(ConsolePages.share(share)) of the history is folded for that. Until all is, this page "
            + "shows the standing \(act.before). Load it again then."
    }

    /// The policy of a standing; nil if it is not the policy that is active here.
    private func policy(of standing: StandingForm) async throws(ProblemView) -> ScoringPolicy? {
        guard let policy = try await activePolicy(), policy.id == standing.policy.id,
            policy.version == Int64(standing.policy.version)
        else { return nil }
        return policy
    }

    /// The view without the file.
    private func view(
        _ id: String, _ standing: StandingForm, _ policy: ScoringPolicy?, enrolled: Timestamp?
    ) -> SubjectView {
        let clock = standing.clock.flatMap { Timestamp($0) } ?? .distantPast
        let held = Set(standing.perks)
        let known = policy?.perks.map { perk in
            SubjectView.Perk(
                name: perk.id, isHeld: held.contains(perk.id), ends: nil,
                sentence: Self.plain(policy?.sentence(of: perk) ?? ""))
        }
        return SubjectView(
            id: SubjectID(id), kind: standing.kind, score: standing.score,
            minimum: policy.map { Int($0.score.min) } ?? min(0, standing.score),
            maximum: policy.map { Int($0.score.max) } ?? max(standing.base, standing.score), base: standing.base,
            bands: policy?.bands.map { SubjectView.Band(name: $0.name, from: Int($0.from)) } ?? [
                SubjectView.Band(name: standing.band, from: min(0, standing.score))
            ], band: standing.band, policy: "\(standing.policy.id) \(standing.policy.version)",
            enrolled: enrolled ?? clock, clock: clock,
            partition: service.ledgerPartition(of: Array(id.utf8)) ?? 0, dimensions: Self.dimensions(standing, policy),
            sanctions: standing.sanctions.map { Self.sanction($0, policy) },
            perks: known ?? standing.perks.map { SubjectView.Perk(name: $0, isHeld: true, ends: nil, sentence: "") },
            steps: [], olderSteps: 0, wayBack: Self.wayBack(standing, policy), events: [], appeals: [], looks: nil)
    }

    private static func dimensions(_ standing: StandingForm, _ policy: ScoringPolicy?) -> [SubjectView.Dimension] {
        let names = policy?.dimensions.map(\.name) ?? standing.dimensions.keys.sorted()
        return names.map { name in
            let limits = policy?.dimensions.first { $0.name == name }
            func bound(_ value: Int64?) -> Int? {
                value.flatMap { abs($0) >= ScoringPolicy.saturation ? nil : Int($0) }
            }
            return SubjectView.Dimension(
                name: name, points: standing.dimensions[name] ?? 0, minimum: bound(limits?.min),
                maximum: bound(limits?.max),
                reasons: standing.contributions.filter { $0.dimension == name }.map {
                    SubjectView.Reason(rule: $0.rule, dimension: name, points: $0.points)
                })
        }
    }

    static func sanction(_ form: StandingForm.Sanction, _ policy: ScoringPolicy?) -> Console.Sanction {
        let known = policy?.sanctions.first { $0.id == form.id }
        let since = Timestamp(form.since) ?? .distantPast
        let state: Console.Sanction.State =
            switch form.state {
            case "noticed": .noticed
            case "stayed": .stayed
            default: .inForce
            }
        return Console.Sanction(
            name: form.id, state: state,
            dimension: known.flatMap { sanction in policy?.dimensions[sanction.dimension].name } ?? "",
            measures: form.measures, imposed: since, inForce: form.inForceFrom.flatMap { Timestamp($0) } ?? since,
            ends: Timestamp(form.until) ?? .distantPast, decideBy: form.decideBy.flatMap { Timestamp($0) },
            canAppeal: form.mayAppeal, sentence: Self.plain(known.flatMap { policy?.sentence(of: $0) } ?? ""))
    }

    // MARK: The way back

    /// First the sanctions by their ends, then the rules that took points.
    private static func wayBack(_ standing: StandingForm, _ policy: ScoringPolicy?) -> [String] {
        var ways = standing.sanctions.sorted { $0.until < $1.until }.map { sanction in
            let until = Timestamp(sanction.until).map { ConsolePages.day($0) } ?? sanction.until
            return "The sanction \(sanction.id) ends on \(until) at the latest."
        }
        guard let policy else { return ways }
        for item in standing.contributions.sorted(by: { $0.points < $1.points }) where item.points < 0 {
            guard let rule = policy.rules.first(where: { $0.id == item.rule }) else { continue }
            let taken = "\(item.rule) took \(-item.points) points"
            if let within = rule.within {
                ways.append("\(taken): each event counts for \(within).")
            } else if let lasts = rule.lasts {
                ways.append("\(taken): they come back \(lasts) after the end of the \(rule.per) that they are of.")
            } else {
                ways.append("\(taken), which do not lapse.")
            }
        }
        guard ways.count > 0 || standing.score < policy.score.max else { return ways }
        let gains = policy.rules.compactMap { rule -> (String, Int64)? in
            guard case .constant(let points) = rule.points, points > 0,
                rule.kinds.kinds.contains(where: { "\($0)" == standing.kind })
            else { return nil }
            return (rule.id, points)
        }.sorted { $1.1 < $0.1 }.prefix(maximumGains)
        ways += gains.map { "\($0.0) gives \($0.1) \($0.1 == 1 ? "point" : "points") each time, up to the rule's cap." }
        return ways
    }

    private static let maximumGains = 3

    // MARK: The file

    private static func enrolled(_ history: HistoryForm) -> Timestamp? {
        currentPoints(history).first?.time.flatMap { Timestamp($0) }
    }

    /// The points of the current enrolment.
    private static func currentPoints(_ history: HistoryForm) -> ArraySlice<HistoryForm.Point> {
        let start = history.points.lastIndex { $0.score == nil }.map { $0 + 1 } ?? 0
        return history.points[start...]
    }

    private static func steps(
        _ history: HistoryForm, _ policy: ScoringPolicy?
    ) -> (steps: [SubjectView.Step], older: Int) {
        let points = currentPoints(history)
        let steps = points.compactMap { point -> SubjectView.Step? in
            guard let score = point.score, let time = point.time.flatMap({ Timestamp($0) }) else { return nil }
            return SubjectView.Step(
                time: time, score: score, band: point.band ?? "", reasons: reasons(point.reasons, policy),
                cause: point.cause?.type ?? "time passed",
                event: point.cause.map { EventName(source: $0.source, id: $0.id) })
        }
        return (steps, max(0, history.steps - history.points.count))
    }

    static func reasons(_ reasons: [FileForm.Reason], _ policy: ScoringPolicy?) -> [SubjectView.Reason] {
        reasons.map { reason in
            let dimension = policy?.rules.first { $0.id == reason.rule }.flatMap {
                policy?.dimensions[$0.dimension].name
            }
            return SubjectView.Reason(rule: reason.rule, dimension: dimension ?? "", points: reason.points)
        }
    }

    /// The data of events, by their positions in the ledger. It is part of the look at the file.
    private func data(
        of events: ArraySlice<FileForm.Item>, _ path: String, for caller: Caller
    ) async throws(ProblemView) -> [EntriesForm.Position: String] {
        guard let first = events.first?.offset else { return [:] }
        // A position before the first one of its frame.
        let before = first > 0 ? "\(first - 1).\(Int32.max)" : nil
        var next = before
        var data: [EntriesForm.Position: String] = [:]
        repeat {
            let target = Self.target(path + "/entries", [("after", next), ("limit", "\(EntriesForm.maximum)")])
            let page = try await ask(EntriesForm.self, target, for: caller, isRecorded: false)
            for entry in page.entries { data[entry.position] = entry.data?.text }
            next = page.next
        } while next != nil && data.count < 2 * Self.maximumEvents
        return data
    }

    /// The newest first.
    private func events(
        _ events: ArraySlice<FileForm.Item>, _ file: FileForm, _ data: [EntriesForm.Position: String],
        _ policy: ScoringPolicy?, partition: Int
    ) -> [FileEvent] {
        let voided = Set(file.voided.map { EventName(source: $0.source, id: $0.id) })
        return events.reversed().map { item in
            let name = EventName(source: item.source ?? "", id: item.id ?? "")
            let isStruck = voided.contains(name)
            let points = item.changes.filter { $0.type == "standing.score.changed" }.flatMap(\.reasons)
            var notes = item.changes.compactMap { change -> String? in
                guard let thing = change.sanction ?? change.perk else { return nil }
                return "\(thing) \(change.type.split(separator: ".").last ?? "")"
            }
            if item.unmatched == true { notes.append("no rule is about it") }
            notes += (item.errors ?? []).map { "\($0.rule ?? "an expression") gave nothing: \($0.error)" }
            if isStruck { notes.append("voided") }
            if notes.isEmpty, points.isEmpty { notes.append(Self.note(ofPointless: item)) }
            return FileEvent(
                time: item.time.flatMap { Timestamp($0) } ?? .distantPast, type: item.type ?? "", name: name,
                partition: partition, offset: item.offset ?? 0, reasons: Self.reasons(points, policy),
                note: notes.isEmpty ? nil : notes.joined(separator: ", "),
                data: data[EntriesForm.Position(offset: item.offset ?? 0, entry: item.entry ?? 0)] ?? "",
                isStruck: isStruck)
        }
    }

    /// The effect of an event without points.
    private static func note(ofPointless item: FileForm.Item) -> String {
        switch item.type {
        case "standing.subject.enrolled": item.changes.isEmpty ? "other terms or attributes" : "enrolled"
        case "standing.policy.activated": "another policy from here on"
        default: item.changes.isEmpty ? "changed nothing" : "changed the score"
        }
    }
}
