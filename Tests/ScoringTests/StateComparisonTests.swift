import Events
import Policy
import Scoring
import Testing

/// Two states of the same subjects side by side, against the same counted from their standings.
@Suite struct StateComparisonTests {
    private static func stories(_ seed: UInt64, subjects: Int = 40) throws -> (live: Story, shadow: Story) {
        let first = try PolicySwitchModelTests.policy()
        let second = try PolicySwitchModelTests.policy(PolicySwitchModelTests.changes)
        let (live, shadow) = (Story(first), Story(second))
        shadow.fold = Fold(shadowOf: second)
        shadow.fold.begin(under: first)
        var lives = FullLives(seed: seed, subjects: subjects, daysAnEvent: 0.05)
        let happenings = lives.enrolments + lives.next(900)
        live.given(happenings)
        shadow.given(happenings)
        return (live, shadow)
    }

    private static func comparison(_ live: Story, _ shadow: Story, records: Int) -> (StateComparison, calls: Int) {
        var comparison = StateComparison(live: live.fold.policy, shadow: shadow.fold.policy)
        var calls = 1
        while live.fold.compare(with: shadow.fold, &comparison, records: records) { calls += 1 }
        return (comparison, calls)
    }

    /// `perk|sanction ID` of a subject.
    private static func items(_ standing: Standing, _ policy: ScoringPolicy) -> Set<String> {
        Set(
            standing.perks.map { "perk \(policy.perks[$0].id)" }
                + standing.sanctions.map { "sanction \(policy.sanctions[$0.sanction].id)" })
    }

    @Test(arguments: 0..<8) func countsAreThoseOfTheStandings(seed: UInt64) throws {
        let (live, shadow) = try Self.stories(seed)
        let (comparison, _) = Self.comparison(live, shadow, records: .max)
        let (before, after) = (live.standings, shadow.standings)
        #expect(Set(before.keys) == Set(after.keys))
        #expect(comparison.subjects == Int64(before.count) && before.count > 20)
        var (higher, lower): (Int64, Int64) = (0, 0)
        var moves: [String: Int64] = [:]
        var counts: [String: [Int64]] = [:]
        for (subject, old) in before {
            let new = try #require(after[subject])
            if new.level.score > old.level.score { higher += 1 }
            if new.level.score < old.level.score { lower += 1 }
            moves["\(old.level.band) \(new.level.band)", default: 0] += 1
            let (had, has) = (Self.items(old, live.fold.policy), Self.items(new, shadow.fold.policy))
            for item in had.union(has) {
                var count = counts[item] ?? [0, 0, 0, 0]
                if had.contains(item) { count[0] += 1 }
                if has.contains(item) { count[1] += 1 }
                if !had.contains(item) { count[2] += 1 }
                if !has.contains(item) { count[3] += 1 }
                counts[item] = count
            }
        }
        #expect(comparison.higher == higher && comparison.lower == lower && higher + lower > 0)
        for (from, row) in comparison.bands.enumerated() {
            for (to, subjects) in row.enumerated() { #expect(subjects == moves["\(from) \(to)"] ?? 0) }
        }
        for (index, item) in comparison.items.enumerated() {
            let name = (index < comparison.perkCount ? "perk " : "sanction ") + item.id
            #expect([item.live, item.shadow, item.gained, item.lost] == counts[name] ?? [0, 0, 0, 0], "\(name)")
            counts[name] = nil
        }
        #expect(counts.isEmpty)
        // The shadow's in its order, then what only the live policy has.
        let perks = comparison.items[..<comparison.perkCount].map(\.id)
        #expect(perks == ["listing", "energy", "scooters", "bikes"])
        #expect(
            comparison.items[comparison.perkCount...].map(\.id) == ["rail", "debtor", "credit", "fraud", "quiet"])
    }

    @Test(arguments: 0..<4) func theSampleIsOfTheGreatestDifferences(seed: UInt64) throws {
        let (live, shadow) = try Self.stories(seed)
        let (comparison, _) = Self.comparison(live, shadow, records: .max)
        let (before, after) = (live.standings, shadow.standings)
        let (first, second) = (live.fold.policy, shadow.fold.policy)
        var expected: [(subject: String, size: Int64)] = []
        for (subject, old) in before {
            let new = try #require(after[subject])
            let isSame =
                old.level.score == new.level.score
                && first.bands[old.level.band].name == second.bands[new.level.band].name
                && Self.items(old, first) == Self.items(new, second)
            if !isSame { expected.append((subject, abs(new.level.score - old.level.score))) }
        }
        expected.sort { a, b in
            a.size != b.size ? a.size > b.size : a.subject.utf8.lexicographicallyPrecedes(b.subject.utf8)
        }
        #expect(expected.count > StateComparison.maximumSample)
        let found = comparison.sample.map { String(decoding: $0.key, as: UTF8.self) }
        #expect(found == expected.prefix(StateComparison.maximumSample).map(\.subject))
        for subject in comparison.sample {
            let key = String(decoding: subject.key, as: UTF8.self)
            let (old, new) = (try #require(before[key]), try #require(after[key]))
            #expect(subject.live == old.level && subject.shadow == new.level && subject.kind == old.kind)
            let (had, has) = (Self.items(old, first), Self.items(new, second))
            func names(_ indexes: [Int]) -> Set<String> {
                Set(
                    indexes.map { ($0 < comparison.perkCount ? "perk " : "sanction ") + comparison.items[$0].id })
            }
            #expect(names(subject.gained) == has.subtracting(had))
            #expect(names(subject.lost) == had.subtracting(has))
        }
    }

    @Test(arguments: [1, 3, 1000]) func inPartsItIsTheWhole(records: Int) throws {
        let (live, shadow) = try Self.stories(5)
        let whole = Self.comparison(live, shadow, records: .max).0
        let (parts, calls) = Self.comparison(live, shadow, records: records)
        #expect(parts.items == whole.items && parts.bands == whole.bands && parts.sample == whole.sample)
        #expect(parts.subjects == whole.subjects && parts.higher == whole.higher && parts.lower == whole.lower)
        #expect(calls >= Int(whole.subjects) / records)
    }

    @Test func ofNobodyThereIsNothingToCompare() throws {
        let policy = try PolicySwitchModelTests.policy()
        let (comparison, calls) = Self.comparison(Story(policy), Story(policy), records: 1)
        #expect(comparison.subjects == 0 && comparison.sample.isEmpty && calls == 1)
    }
}
