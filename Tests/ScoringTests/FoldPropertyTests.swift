import Events
import Policy
import Randomness
import Scoring
import Testing

/// What must hold for any events at all.
@Suite struct FoldPropertyTests {
    private static let subjects = ["anna", "bert", "carl", "a-business-with-a-name-that-is-long"]

    private func enrolments() -> [Happening] {
        Self.subjects.enumerated().map { enrolled($1, kind: $0.isMultiple(of: 2) ? "individual" : "business") }
    }

    /// Behaviour of enrolled subjects over sixty days, duplicates among it, in the order of time.
    private func behaviour(_ seed: Int, count: Int = 120) -> [Happening] {
        var random = Seeded(UInt64(seed))
        let types = ["bill.paid", "bill.missed", "bill.late", "wage.paid", "noise.made", "life.saved", "crime.done"]
        var all = (0..<count).map { number in
            happened(
                types.randomElement(using: &random) ?? "", Self.subjects.randomElement(using: &random) ?? "",
                on: Double(Int.random(in: 1...60, using: &random)), id: "e\(number)")
        }
        for _ in 0..<10 { all += all.randomElement(using: &random).map { [$0] } ?? [] }
        return all.sorted { $0.time < $1.time }
    }

    /// Late enough for every grace to have ended.
    private let end = tick(on: 100)

    @Test(arguments: 0..<300) func anyOrderOfTheSameEventsEndsInTheSameStandings(seed: Int) throws {
        let happenings = behaviour(seed)
        let story = Story(try TownPolicy.policy())
        story.given(enrolments() + happenings + [end])
        var random = Seeded(UInt64(seed) ^ 0xABCD)
        let other = Story(try TownPolicy.policy())
        other.given(enrolments().shuffled(using: &random) + happenings.shuffled(using: &random) + [end])
        #expect(story.standings == other.standings)
        #expect(story.fold.counters == other.fold.counters)
    }

    /// Topics have no order among each other: an enrolment that is read later, within `early`, gives the same standings, as far
    /// as events are not older than it; so does a void that is read before its event.
    @Test(arguments: 0..<200) func enrolmentsAndVoidsAreReadInAnyOrderWithinEarly(seed: Int) throws {
        let policy = try ScoringPolicy(
            yaml: TownPolicy.text.replacing("early: 0 hours", with: "early: 7 days"), file: "town.yaml")
        // All of it within seven days of the clock.
        let happenings = behaviour(seed, count: 60).map { happening in
            var happening = happening
            happening.time = Happening.day(0).adding(
                microseconds: (happening.time.microseconds - Happening.day(0).microseconds) / 10)
            return happening
        }
        var random = Seeded(UInt64(seed) ^ 0xEA51)
        let voids = (0..<6).map { number in
            FullLives.void(happenings.randomElement(using: &random)!, on: 6, id: "v\(number)")
        }
        let story = Story(policy)
        story.given(enrolments() + happenings + voids + [end])
        #expect(story.fold.counters.early == 0)
        for _ in 0..<3 {
            let other = Story(policy)
            other.given((enrolments() + happenings + voids).shuffled(using: &random))
            #expect(other.fold.counters.early > 0)
            other.given(end)
            #expect(story.standings == other.standings)
            #expect(other.fold.counters.notEnrolled == 0)
        }
    }

    @Test(arguments: 0..<100) func whoSharesAPartitionChangesNothing(seed: Int) throws {
        let happenings = enrolments() + behaviour(seed) + [end]
        let together = Story(try TownPolicy.policy())
        let facts = together.given(happenings)
        var random = Seeded(UInt64(seed))
        let assignments = Self.subjects.map { ($0, Int.random(in: 0..<3, using: &random)) }
        let homes = Dictionary(uniqueKeysWithValues: assignments)
        var standings: [String: Standing] = [:]
        for partition in 0..<3 {
            let alone = Story(try TownPolicy.policy())
            let emitted = alone.given(happenings.filter { $0.type == nil || homes[$0.subject] == partition })
            for (subject, home) in homes where home == partition {
                let isTheirs = { (fact: String) in fact.split(separator: " ")[1] == subject }
                #expect(emitted.filter(isTheirs) == facts.filter(isTheirs))
            }
            standings.merge(alone.standings) { first, _ in first }
        }
        #expect(standings == together.standings)
    }

    /// Entry, number, time, cause and all: the facts themselves.
    @Test(arguments: 0..<50) func aBatchIsItsEntriesOneByOne(seed: Int) throws {
        let policy = try TownPolicy.policy()
        let single = Story(policy)
        let batched = Story(policy)
        var lives = Lives(seed: UInt64(seed), subjects: 40, daysAnEvent: 0.5)
        for size in [1, 15, 16, 17, 31, 32, 33, 64, 300] {
            let happenings = lives.next(size)
            #expect(single.encoded(happenings, isBatch: false) == batched.encoded(happenings, isBatch: true))
        }
        #expect(single.standings == batched.standings)
        #expect(single.fold.counters == batched.fold.counters)
        #expect(single.fold.clock == batched.fold.clock)
    }

    @Test func theSameEntriesGiveTheSameBytes() throws {
        let policy = try TownPolicy.policy()
        var lives = Lives(seed: 9, subjects: 100, daysAnEvent: 0.1)
        let happenings = lives.next(5_000)
        let once = Story(policy).encoded(happenings, isBatch: true)
        #expect(once == Story(policy).encoded(happenings, isBatch: true))
        #expect(once.count > 1_000)
    }
}
