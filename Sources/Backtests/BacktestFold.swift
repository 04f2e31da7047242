internal import Events
internal import Policy
internal import Scoring

/// The fold of a backtest under one policy, with counts of its facts. Facts are not stored.
final class BacktestFold {
    private(set) var fold: Fold
    private var imposed: [Int64]
    private var lifted: [Int64]
    private var granted: [Int64]
    private var revoked: [Int64]
    private var bandReturns: BacktestBandReturns
    /// The limit of measures whose values are in memory together.
    private static let measuresAtATime = 16

    init(_ policy: ScoringPolicy) {
        fold = Fold(policy: policy)
        imposed = [Int64](repeating: 0, count: policy.sanctions.count)
        lifted = imposed
        granted = [Int64](repeating: 0, count: policy.perks.count)
        revoked = granted
        bandReturns = BacktestBandReturns(bands: policy.bands.count)
    }

    /// `file` is the file's number, which serves as the number of the event's topic.
    func fold(_ event: EventView, file: Int) {
        fold.fold(
            event, type: fold.resolve(type: event.type), entry: 0, topic: Int32(truncatingIfNeeded: file))
        countFacts()
    }

    func finish(asOf time: Timestamp?) {
        fold.tick(time ?? fold.clock, entry: 0)
        countFacts()
    }

    private func countFacts() {
        guard !fold.output.facts.isEmpty else { return }
        for fact in fold.output.facts {
            switch fact.kind {
            case .sanctionStayed: break
            case .scoreChanged:
                if let before = fact.before, let after = fact.after {
                    bandReturns.add(fact.subject, from: before.band, to: after.band, at: fact.time)
                }
            case .sanctionNoticed, .sanctionInForce: if Self.imposes(fact) { imposed[fact.item] += 1 }
            case .sanctionLifted: lifted[fact.item] += 1
            case .perkGranted: granted[fact.item] += 1
            case .perkRevoked: revoked[fact.item] += 1
            }
        }
        fold.clearOutput()
    }

    /// Whether a fact imposes a sanction. Only an adverse event does. A timer or an appeal's decision can put an
    /// imposed sanction in force, or back on notice.
    private static func imposes(_ fact: Fact) -> Bool {
        guard case .event(_, _, let type) = fact.cause else { return false }
        return ControlType(type) == nil
    }

    /// The sums over all standings at the end, with every score, ascending. `files` is the number of files read.
    /// `namesEvents` decides whether events may be named by their source and id.
    func side(
        _ outcomes: BacktestOutcomes?, files: Int, namesEvents: Bool
    ) -> (side: BacktestReport.Side, scores: [Int64]) {
        let policy = fold.policy
        var bands = policy.bands.map { BacktestReport.Band(name: $0.name, from: $0.from, subjects: 0) }
        var sanctions = policy.sanctions.indices.map {
            BacktestReport.Sanction(id: policy.sanctions[$0].id, imposed: imposed[$0], lifted: lifted[$0])
        }
        var perks = policy.perks.indices.map {
            BacktestReport.Perk(id: policy.perks[$0].id, granted: granted[$0], revoked: revoked[$0])
        }
        var scores: [Int64] = []
        scores.reserveCapacity(fold.subjectCount)
        var items: [BacktestDiscrimination.Item] = []
        fold.forEachStanding { standing in
            scores.append(standing.level.score)
            bands[standing.level.band].subjects += 1
            for item in standing.sanctions {
                switch item.state {
                case .noticed: sanctions[item.sanction].noticed += 1
                case .inForce: sanctions[item.sanction].inForce += 1
                case .stayed: sanctions[item.sanction].stayed += 1
                }
            }
            for perk in standing.perks { perks[perk].held += 1 }
            if let outcome = outcomes?.bySubject[standing.subject] {
                items.append(.init(score: standing.level.score, outcome: outcome))
            }
        }
        scores.sort()
        var side = BacktestReport.Side(
            id: policy.id, version: policy.version, counters: fold.counters,
            diagnosis: diagnosis(namesEvents: namesEvents), notEnrolledByFile: notEnrolled(files: files),
            subjects: Int64(scores.count), scores: BacktestDistribution(sorted: scores), bands: bands,
            sanctions: sanctions, perks: perks, outcome: outcomes.map { discrimination(&items, outcomes: $0) })
        side.measures = measures()
        side.bandChanges = bandReturns.changes
        side.bandReturns = bandReturns.returns(policy.bands.map(\.name))
        return (side, scores)
    }

    private func measures() -> [BacktestReport.Measure] {
        let policy = fold.policy
        var result: [BacktestReport.Measure] = []
        for first in stride(from: 0, to: policy.measures.count, by: Self.measuresAtATime) {
            let numbers = first..<min(first + Self.measuresAtATime, policy.measures.count)
            var values = numbers.map { _ in [Int64]() }
            var absent = numbers.map { _ in Int64(0) }
            fold.forEachStanding { standing in
                for item in standing.measures where numbers.contains(item.measure) {
                    if let value = item.value {
                        values[item.measure - first].append(value)
                    } else {
                        absent[item.measure - first] += 1
                    }
                }
            }
            for number in numbers {
                // A limit that prevents an overflow of the sum.
                let bound = (Int64(1) << 62) / Int64(max(1, values[number - first].count))
                let sorted = values[number - first].map { max(-bound, min(bound, $0)) }.sorted()
                result.append(
                    BacktestReport.Measure(
                        id: policy.measures[number].id, subjects: Int64(sorted.count) + absent[number - first],
                        absent: absent[number - first], values: BacktestDistribution(sorted: sorted)))
            }
        }
        return result
    }

    private func diagnosis(namesEvents: Bool) -> Diagnosis {
        var diagnosis = fold.diagnosis
        for index in diagnosis.failures.indices where !namesEvents { diagnosis.failures[index].example = nil }
        for index in diagnosis.unmatchedTypes.indices {
            diagnosis.unmatchedTypes[index].nearest = fold.policy.eventType(near: diagnosis.unmatchedTypes[index].type)
        }
        return diagnosis
    }

    private func notEnrolled(files: Int) -> [Int64] {
        let tallies = fold.notEnrolledByTopic
        return (1..<files + 1).map { $0 < tallies.count ? tallies[$0] : 0 }
    }

    private func discrimination(
        _ items: inout [BacktestDiscrimination.Item], outcomes: BacktestOutcomes
    ) -> BacktestReport.Discrimination {
        // For all results, items of one score differ only in their outcome.
        items.sort { ($0.score, $0.outcome ? 1 : 0) < ($1.score, $1.outcome ? 1 : 0) }
        var bands = fold.policy.bands.map { BacktestRate(name: $0.name) }
        for item in items { bands[fold.policy.band(of: item.score)].add(item) }
        return BacktestReport.Discrimination(
            withoutStanding: Int64(outcomes.bySubject.count - items.count),
            withoutOutcome: Int64(fold.subjectCount - items.count),
            separation: BacktestDiscrimination(sorted: items), bands: bands,
            deciles: BacktestRate.deciles(sorted: items))
    }
}
