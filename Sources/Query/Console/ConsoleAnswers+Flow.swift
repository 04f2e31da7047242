internal import Access
internal import Backtests
internal import Console
internal import Events
internal import Kafka
internal import Lag
internal import Pipeline
internal import Policy
internal import Replay
internal import Scoring

// Sources, dead letters and the policies of the ledger, as this member reads them from the cluster.
extension ConsoleAnswers {
    func sources(for caller: Caller) async throws(ProblemView) -> SourcesView {
        let withdrawals = await programme.withdrawals()
        let (withdrawn, switching) = (withdrawals.sources, withdrawals.switching)
        let missing = withdrawn.missing(of: service.ledgerPartitionCount ?? 0).count
        let found = try await read { [sources = programme.sources] in try sources.sources(withdrawn) }
        let policy = try await activePolicy()
        let decisions = decisions
        let intake = lagWatch?.report?.groups.first { $0.group == service.configuration.intakeGroup }
        return SourcesView(
            sources: found.map { source in
                let sanctions = Self.sanctions(of: policy, from: source.declaration)
                let decided = decisions.filter { sanctions.contains($0.sanction) }
                let unread = source.positions.map { $0.reduce(0) { $0 + $1.unread } }
                let rates = intake?.partitions.filter { $0.topicPartition.topic == source.topic }.compactMap(
                    \.lag.consumptionRate)
                return SourcesView.Source(
                    topic: source.topic, level: Self.level(source, unread),
                    state: Self.state(of: source, in: switching, missing) ?? Self.state(source, unread),
                    declaration: source.declaration.map { Self.sentence("\($0.owner), \($0.sector): \($0.purpose)") },
                    events: Int(source.records), perSecond: rates.flatMap { $0.isEmpty ? nil : $0.reduce(0, +) },
                    unread: unread.map { Int($0) },
                    deadLetters: source.deadLetters.map { ReasonCount(reason: $0.reason, count: $0.letters) },
                    notEnrolled: Int(source.notEnrolled), decided: decided.count,
                    upheld: decided.count(where: \.isUpheld), wantsAcknowledgement: source.isFrozen,
                    changes: Self.changes(of: source, in: switching))
            }, duplicates: Int(service.status.folded.counters.duplicates), unknownPartitions: missing)
    }

    /// The sanctions that events of a source can impose: by the types that it declares, and the policy's dimensions. A source that
    /// declares nothing can publish any type, and is not judged by what others may have published.
    private static func sanctions(of policy: ScoringPolicy?, from source: SourceDeclaration?) -> Set<String> {
        let types = (source?.types ?? []).compactMap { EventPattern($0) }
        guard let policy, !types.isEmpty else { return [] }
        func publishes(_ patterns: [EventPattern]) -> Bool {
            patterns.contains { pattern in types.contains { $0.covers(pattern) || pattern.covers($0) } }
        }
        let dimensions = Set(
            policy.rules.filter { publishes($0.events) }.map(\.dimension)
                + policy.measures.filter { publishes($0.events) }.map(\.dimension))
        return Set(
            policy.sanctions.filter { sanction in
                switch sanction.trigger {
                case .level: dimensions.contains(sanction.dimension)
                case .event(let patterns, _): publishes(patterns)
                }
            }.map(\.id))
    }

    /// None if no member knows of acts about it, or one is being folded. A source that is withdrawn in some ledger
    /// partitions only can be withdrawn in the others, and restored.
    static func changes(
        of source: SourceReading, in switching: [PipelineReading.Switching]
    ) -> [SourcesView.Source.Change] {
        guard !source.isControl, let withdrawal = source.withdrawal,
            !switching.contains(where: { $0.source?.topic == source.topic })
        else { return [] }
        return (withdrawal.isEverywhere ? [] : [.withdraw]) + (withdrawal.isNowhere ? [] : [.restore])
    }

    /// The state of a source that is withdrawn, or becomes so; nil for others. `missing`: the number of ledger partitions of
    /// which it is not known.
    static func state(
        of source: SourceReading, in switching: [PipelineReading.Switching], _ missing: Int
    ) -> String? {
        let steps = switching.filter { $0.source?.topic == source.topic }
        if let slowest = steps.min(by: { $0.done < $1.done }) {
            let act = slowest.source?.isWithdrawn == true ? "is being withdrawn" : "is being counted again"
            return "\(act), \(slowest.percent) % is folded"
        }
        guard let withdrawal = source.withdrawal, !withdrawal.isNowhere else { return nil }
        return (withdrawal.difference ?? "withdrawn") + (source.isRead ? ", is read on" : ", and not read any more")
            + (missing == 0 ? "" : "; not known in \(missing) ledger partition\(missing == 1 ? "" : "s")")
    }

    private static func level(_ source: SourceReading, _ unread: Int64?) -> Level {
        if source.withdrawal?.isNowhere == false { return .notice }
        if source.isFrozen || source.positions == nil { return .bad }
        return (unread ?? 0) > maximumUnread ? .notice : .good
    }

    /// With more unread records a source needs attention.
    private static let maximumUnread: Int64 = 10_000

    private static func state(_ source: SourceReading, _ unread: Int64?) -> String {
        if source.isFrozen { return "has lost records, waits for a look" }
        guard let unread else { return "not on the cluster" }
        return unread == 0 ? "read to its end" : "reading"
    }

    // MARK: What a withdrawal would change

    /// The page waits no longer for it.
    private static let reviewWait = Duration.seconds(3)

    func withdrawal(of topic: String, for caller: Caller) async throws(ProblemView) -> WithdrawalView {
        guard let desk else { return .unknown("This member does no acts.") }
        switch await desk.review(withdrawing: topic, wait: Self.reviewWait) {
        case .counted(let difference): return .counted(Self.numbers(difference))
        case .underWay(let frames, let total):
            return .counting(done: total > 0 ? Double(frames) / Double(total) : 0)
        case .unknown(let reason): return .unknown(Self.sentence(reason))
        case .refused(let reason): return .refused(Self.sentence(reason))
        }
    }

    private static func numbers(_ difference: SourceWithdrawal.Difference) -> WithdrawalView.Numbers {
        let change = difference.comparison
        return WithdrawalView.Numbers(
            events: Int(difference.entries), gain: Int(change.gain), lose: Int(change.lose), same: Int(change.stay),
            largestLoss: Int(change.largestLoss), bandUp: Int(change.bandUp), bandDown: Int(change.bandDown),
            liftedSanctions: change.sanctions.reduce(0) { $0 + Int($1.onlyAgainst.count) },
            wonPerks: change.perks.reduce(0) { $0 + Int($1.onlyPolicy.count) },
            lostPerks: change.perks.reduce(0) { $0 + Int($1.onlyAgainst.count) })
    }

    // MARK: Dead letters

    private static let lettersOfPage = 50
    /// The number of bytes of a letter that are shown.
    private static let shownBytes = 8192

    func deadLetters(_ search: DeadLetterSearch, for caller: Caller) async throws(ProblemView) -> DeadLettersView {
        let back = ProblemView.Step("All dead letters", path: "/console/dead-letters")
        var selected: DeadLettersView.Letter?
        if let key = search.letter {
            guard let position = DeadLetter.Position(key) else { throw .nothing("dead letter", back: back) }
            // The look is recorded by the route.
            _ = try await ask(LetterForm.self, "/dead-letters/\(position.partition)/\(position.offset)", for: caller)
            guard let found = try await read({ [letters = programme.letters] in try letters.letter(at: position) })
            else { throw .nothing("dead letter", back: back) }
            selected = Self.view(found.letter, found.outcome)
        }
        var filter = DeadLetterReader.Filter()
        (filter.reason, filter.topic) = (search.reason, search.topic)
        let cursor = search.after.flatMap { DeadLetterReader.Cursor($0) }
        guard search.after == nil || cursor != nil else { throw .nothing("page", back: back) }
        let wanted = filter
        let (page, counts) = try await read { [letters = programme.letters] in
            (try letters.page(wanted, after: cursor, limit: Self.lettersOfPage), try letters.counts())
        }
        var reasons: [String: Int] = [:]
        for count in counts.counts { reasons[count.reason, default: 0] += count.letters }
        return DeadLettersView(
            reasons: reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
                ReasonCount(reason: $0.key, count: $0.value)
            },
            letters: page.letters.map { letter in
                DeadLettersView.Letter(
                    key: letter.position.description, topic: letter.source.topic,
                    partition: Int(letter.source.partition), offset: letter.sourceOffset,
                    time: letter.time ?? .distantPast, reason: letter.reason, sentence: Self.words(letter.reason),
                    bytes: [], size: Int(letter.size), proposal: nil, isWaiting: true)
            }, selected: selected, next: page.next?.description)
    }

    private struct LetterForm: Decodable {}

    private static func view(_ letter: DeadLetter, _ outcome: DeadLetterReader.Outcome) -> DeadLettersView.Letter {
        let value = letter.value ?? []
        let outcomeText: String =
            switch outcome {
            case .waiting: ""
            case .sent(let to): " It was sent again, to \(to)."
            case .discarded(let reason): " It was discarded: \(reason)."
            }
        return DeadLettersView.Letter(
            key: letter.position.description, topic: letter.source.topic, partition: Int(letter.source.partition),
            offset: letter.sourceOffset,
            time: letter.timestamp < 0 ? .distantPast : Timestamp(microseconds: letter.timestamp * 1000),
            reason: letter.reason, sentence: sentence(letter.message) + outcomeText,
            bytes: Array(value.prefix(shownBytes)), size: Int(letter.droppedBytes ?? Int64(value.count)),
            proposal: nil, isWaiting: outcome == .waiting)
    }

    /// `time/not-a-time` as `time: not a time`.
    private static func words(_ code: String) -> String {
        code.replacing("/", with: ": ").replacing("-", with: " ")
    }
}
