import Events
import Policy
import Randomness
@testable import Scoring
import Testing

/// What must hold for any lives at all, under random policies with measures, windows, fading and attributes.
@Suite struct MeasureInvariantTests {
    private static let seeds = 0..<200

    /// Enrolments, and behaviour of the enrolled within sixty days in the order of time; many events have one time.
    private func behaviour(_ seed: Int, count: Int = 40) -> (enrolments: [Happening], deeds: [Happening]) {
        var lives = MeasuredLives(seed: UInt64(seed), subjects: 2, daysAnEvent: 0)
        var random = Seeded(UInt64(seed) ^ 0x5555)
        let enrolments = lives.enrolments()
        let deeds = (0..<count).map { number in
            lives.behaviour(
                enrolments[random.below(2)].subject, on: Double(1 + random.below(60)),
                "\(random.below(1000))-\(number)")
        }
        return (enrolments, deeds.sorted { $0.time < $1.time })
    }

    /// The part of a standing that is a function of the set of events and of the time.
    private func scores(_ story: Story) -> [String: String] {
        story.standings.mapValues { "\($0.level) \($0.dimensions) \($0.contributions) \($0.measures) \($0.attributes)" }
    }

    @Test(arguments: seeds) func anyOrderOfTheSameEventsEndsInTheSameStandings(seed: Int) throws {
        let policy = try RandomPolicy.policy(seed: UInt64(seed))
        let (enrolments, deeds) = behaviour(seed)
        var random = Seeded(UInt64(seed) ^ 0xABCD)
        let (story, other) = (Story(policy), Story(policy))
        story.given(enrolments + deeds + [tick(on: 61)])
        other.given(enrolments + deeds.shuffled(using: &random) + [tick(on: 61)])
        #expect(scores(story) == scores(other))
        for day in [70.0, 95, 130, 300, 700] {
            story.given(tick(on: day))
            other.given(tick(on: day))
            #expect(scores(story) == scores(other), "day \(day)")
        }
    }

    @Test(arguments: seeds) func aVoidIsAnExactInverse(seed: Int) throws {
        let policy = try RandomPolicy.policy(seed: UInt64(seed))
        let (enrolments, deeds) = behaviour(seed)
        var random = Seeded(UInt64(seed) ^ 0x1234)
        let index = random.below(deeds.count)
        let later = index + 1 + random.below(deeds.count - index)
        var void = FullLives.void(deeds[index], on: 60, id: "v")
        if later < deeds.count { void.time = deeds[later].time }
        var voided = deeds
        voided.insert(void, at: later)
        var without = deeds
        without[index] = Happening(type: nil, time: deeds[index].time)
        without.insert(Happening(type: nil, time: void.time), at: later)
        let (story, other) = (Story(policy), Story(policy))
        story.given(enrolments + voided)
        other.given(enrolments + without)
        #expect(scores(story) == scores(other), "\(deeds[index])")
        story.given(tick(on: 100))
        other.given(tick(on: 100))
        #expect(scores(story) == scores(other), "\(deeds[index])")
    }

    @Test(arguments: seeds) func aSecondDeliveryChangesNothing(seed: Int) throws {
        let policy = try RandomPolicy.policy(seed: UInt64(seed))
        let (enrolments, deeds) = behaviour(seed)
        var random = Seeded(UInt64(seed) ^ 0x77)
        var twice: [Happening] = []
        for deed in deeds { twice += [deed, twice.isEmpty ? deed : twice[random.below(twice.count)]] }
        let (story, other) = (Story(policy), Story(policy))
        story.given(enrolments)
        other.given(enrolments)
        #expect(story.given(deeds) == other.given(twice))
        #expect(story.standings == other.standings)
    }

    @Test(arguments: seeds) func whoSharesAPartitionChangesNothing(seed: Int) throws {
        let policy = try RandomPolicy.policy(seed: UInt64(seed))
        var lives = MeasuredLives(seed: UInt64(seed), subjects: 3, daysAnEvent: 0.5)
        let happenings = lives.enrolments() + lives.next(60) + [tick(on: 100)]
        let together = Story(policy)
        let facts = together.given(happenings)
        for subject in Set(happenings.map(\.subject)) where !subject.isEmpty {
            let alone = Story(policy)
            // The others' events only move the clock, which comes first to the same timers.
            let emitted = alone.given(
                happenings.map { $0.subject == subject ? $0 : Happening(type: nil, time: $0.time) })
            #expect(emitted == facts.filter { $0.split(separator: " ")[1] == subject }, "\(subject)")
            #expect(alone.standing(of: subject) == together.standing(of: subject))
        }
    }

    @Test(arguments: seeds) func aBatchIsItsEntriesOneByOneAndTheDigestTellsStatesApart(seed: Int) throws {
        let policy = try RandomPolicy.policy(seed: UInt64(seed))
        var lives = MeasuredLives(seed: UInt64(seed), subjects: 3, daysAnEvent: 0.5)
        let happenings = lives.enrolments() + lives.next(80)
        let (story, other) = (Story(policy), Story(policy))
        #expect(story.given(happenings) == other.given(batch: happenings))
        #expect(story.fold.digest() == other.fold.digest())
        other.given(enrolled("one-more", on: 41))
        #expect(story.fold.digest() != other.fold.digest())
    }

    /// Bytes of a state give a state that continues as the one that they were written of.
    @Test(arguments: seeds) func aStateIsTheSameAfterItsSnapshot(seed: Int) throws {
        let policy = try RandomPolicy.policy(seed: UInt64(seed))
        var lives = MeasuredLives(seed: UInt64(seed), subjects: 3, daysAnEvent: 0.5)
        let story = Story(policy)
        story.given(lives.enrolments())
        for _ in 0..<4 {
            story.given(lives.next(20))
            let other = Story(policy)
            var bytes: [UInt8] = []
            try story.fold.writeSnapshot { bytes += Array($0) }
            var reader = ByteReader(other.lend(bytes))
            other.fold = try Fold(policy: policy, snapshot: &reader)
            #expect(reader.isAtEnd)
            #expect(try other.fold.digestOfSnapshot() == story.fold.digest())
            other.entry = story.entry
            let next = lives.next(20)
            #expect(story.given(next) == other.given(next))
            #expect(story.standings == other.standings)
            #expect(story.fold.digest() == other.fold.digest())
        }
    }

    /// Nothing is left of who has gone: pools are empty, texts are wiped, and no attributes stay.
    @Test(arguments: seeds) func whoWithdrawsLeavesNothingBehind(seed: Int) throws {
        let policy = try RandomPolicy.policy(seed: UInt64(seed))
        var lives = MeasuredLives(seed: UInt64(seed), subjects: 3, daysAnEvent: 0.5)
        let story = Story(policy)
        let happenings = lives.enrolments() + lives.next(80)
        story.given(happenings)
        for subject in Set(happenings.map(\.subject)) where !subject.isEmpty {
            story.given(withdrawn(subject, on: 50, id: "end"))
        }
        let fold = story.fold.holdings
        #expect(fold.allSatisfy { $0.value == 0 }, "\(fold)")
    }
}

extension Fold {
    /// What is in use of each pool.
    fileprivate var holdings: [String: Int] {
        [
            "buckets": buckets.used - buckets.freeCount, "evidence": evidence.used - evidence.freeCount,
            "ordered": ordered.events.used - ordered.events.freeCount, "texts": ordered.texts.count,
            "attributes": attributes.sets.uses.reduce(0, +), "terms": terms.uses.reduce(0, +),
        ]
    }
}
