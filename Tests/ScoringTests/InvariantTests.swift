import Events
import Policy
import Randomness
import Scoring
import Testing

/// What must hold for any lives at all, under a policy with everything in it.
@Suite struct InvariantTests {
    private static let cases = 0..<20
    private static let seedsACase: UInt64 = 100

    private let policy: ScoringPolicy

    init() throws {
        policy = try ScoringPolicy(yaml: FullLives.text.replacing("%", with: "true"), file: "lives.yaml")
    }

    private func forEachSeed(_ part: Int, _ body: (UInt64) throws -> Void) rethrows {
        for seed in UInt64(part) * Self.seedsACase..<UInt64(part + 1) * Self.seedsACase { try body(seed) }
    }

    /// Enrolments, and behaviour of the enrolled within sixty days in the order of time.
    private func behaviour(_ seed: UInt64, count: Int = 30) -> (enrolments: [Happening], deeds: [Happening]) {
        var lives = FullLives(seed: seed, subjects: 2, daysAnEvent: 0)
        var random = Seeded(seed ^ 0x5555)
        let enrolments = lives.enrolments
        let deeds = (0..<count).map { number in
            lives.behaviour(
                enrolments[Int.random(in: 0..<2, using: &random)].subject,
                on: Double(Int.random(in: 1...60, using: &random)), "e\(number)")
        }
        return (enrolments, deeds.sorted { $0.time < $1.time })
    }

    /// The part of a standing that is a function of the set of events and of the time.
    private func scores(_ story: Story) -> [String: String] {
        story.standings.mapValues { "\($0.level) \($0.dimensions) \($0.contributions)" }
    }

    @Test(arguments: cases) func anyOrderOfTheSameEventsEndsInTheSameStandings(part: Int) {
        forEachSeed(part) { seed in
            let (enrolments, deeds) = behaviour(seed)
            var random = Seeded(seed ^ 0xABCD)
            let (story, other) = (Story(policy), Story(policy))
            story.given(enrolments + deeds + [tick(on: 61)])
            other.given(enrolments.shuffled(using: &random) + deeds.shuffled(using: &random) + [tick(on: 61)])
            #expect(scores(story) == scores(other), "seed \(seed)")
            // When every term and grace is over, nothing is left of the order.
            story.given(tick(on: 150))
            other.given(tick(on: 150))
            #expect(story.standings == other.standings, "seed \(seed)")
        }
    }

    @Test(arguments: cases) func aVoidIsAnExactInverse(part: Int) throws {
        forEachSeed(part) { seed in
            let (enrolments, deeds) = behaviour(seed)
            var random = Seeded(seed ^ 0x1234)
            let index = Int.random(in: 0..<deeds.count, using: &random)
            let later = Int.random(in: index + 1...deeds.count, using: &random)
            let day = Double(later == deeds.count ? 60 : 0)
            var voided = deeds
            var void = FullLives.void(deeds[index], on: day, id: "v")
            void.time = later == deeds.count ? Happening.day(60) : deeds[later].time
            voided.insert(void, at: later)
            var without = deeds
            without[index] = Happening(type: nil, time: deeds[index].time)
            without.insert(Happening(type: nil, time: void.time), at: later)
            let (story, other) = (Story(policy), Story(policy))
            story.given(enrolments + voided)
            other.given(enrolments + without)
            #expect(
                scores(story) == scores(other), "seed \(seed): \(deeds[index])")
        }
    }

    @Test(arguments: cases) func aSecondDeliveryChangesNothing(part: Int) {
        forEachSeed(part) { seed in
            let (enrolments, deeds) = behaviour(seed)
            var random = Seeded(seed ^ 0x77)
            var twice: [Happening] = []
            for deed in deeds {
                twice.append(deed)
                if let past = twice.randomElement(using: &random) { twice.append(past) }
            }
            let (story, other) = (Story(policy), Story(policy))
            story.given(enrolments)
            other.given(enrolments)
            #expect(story.given(deeds) == other.given(twice), "seed \(seed)")
            #expect(story.standings.mapValues(\.level) == other.standings.mapValues(\.level))
            #expect(other.fold.counters.duplicates == Int64(deeds.count))
        }
    }

    @Test(arguments: cases) func whoSharesAPartitionChangesNothing(part: Int) {
        forEachSeed(part) { seed in
            guard seed.isMultiple(of: 4) else { return }
            var lives = FullLives(seed: seed, subjects: 3, daysAnEvent: 0.5)
            let happenings = lives.enrolments + lives.next(60) + [tick(on: 100)]
            let together = Story(policy)
            let facts = together.given(happenings)
            for subject in Set(happenings.map(\.subject)) where !subject.isEmpty {
                let alone = Story(policy)
                // The others' events only move the clock, which comes first to the same timers.
                let emitted = alone.given(
                    happenings.map { $0.subject == subject ? $0 : Happening(type: nil, time: $0.time) })
                #expect(emitted == facts.filter { $0.split(separator: " ")[1] == subject }, "seed \(seed), \(subject)")
                #expect(alone.standing(of: subject) == together.standing(of: subject))
            }
        }
    }

    /// A sanction is imposed by an event that is adverse in its dimension and by nothing else, and is not in force
    /// before its notice.
    @Test(arguments: cases) func noSanctionWithoutANewAdverseEventOrBeforeItsNotice(part: Int) {
        let adverse = [
            "rail": ["fare.evaded"], "debtor": ["court.defaulted"], "credit": ["bill.missed"],
            "quiet": ["noise", "hours"],
        ]
        let notice: [String: Int64] = ["rail": 3, "debtor": 4, "credit": 0, "quiet": 1]
        var imposed: Set<String> = []
        forEachSeed(part) { seed in
            var lives = FullLives(seed: seed, subjects: 2, daysAnEvent: 1)
            let story = Story(policy)
            var since: [String: Int64] = [:]
            for happening in lives.enrolments + lives.next(60) {
                let facts = story.given(happening)
                for (fact, cause) in zip(facts, story.causes) {
                    let words = fact.split(separator: ":")[0].split(separator: " ").map(String.init)
                    guard ["noticed", "in-force", "lifted"].contains(words[2]) else { continue }
                    let (day, key, sanction) = (Int64(words[0])!, words[1] + words[3], words[3])
                    if words[2] == "lifted" {
                        since[key] = nil
                    } else if let start = since[key] {
                        #expect(words[2] == "noticed" || day >= start + notice[sanction]!, "seed \(seed): \(fact)")
                    } else {
                        #expect(!fact.contains("by timer"), "seed \(seed): \(fact)")
                        #expect(adverse[sanction]!.contains(cause), "seed \(seed): \(fact)")
                        #expect(words[2] == "noticed" || notice[sanction] == 0, "seed \(seed): \(fact)")
                        since[key] = day
                        imposed.insert(sanction)
                    }
                }
            }
        }
        #expect(!imposed.isEmpty, "the lives have sanctions in them")
    }

    @Test(arguments: cases) func theScoreStaysWithinItsBounds(part: Int) {
        forEachSeed(part) { seed in
            var lives = FullLives(seed: seed, subjects: 2, daysAnEvent: 0.3)
            let story = Story(policy)
            for happening in lives.enrolments + lives.next(60) {
                story.given(happening)
                for standing in story.standings.values {
                    #expect((policy.score.min...policy.score.max).contains(standing.level.score), "seed \(seed)")
                    for (points, dimension) in zip(standing.dimensions, policy.dimensions) {
                        #expect((dimension.min...dimension.max).contains(points), "seed \(seed)")
                    }
                }
            }
        }
    }

    /// Without the events of every other dimension, a dimension's points and sanctions are what they were.
    @Test(arguments: cases) func noEvidenceCrossesADimension(part: Int) {
        let homes = [
            "bill.paid": "payment", "bill.missed": "payment", "court.defaulted": "judgments",
            "court.satisfied": "judgments", "hours": "community", "noise": "community", "fare.evaded": "transport",
            "fare.paid": "transport",
        ]
        forEachSeed(part) { seed in
            var lives = FullLives(seed: seed, subjects: 2, daysAnEvent: 1)
            let happenings = lives.enrolments + lives.next(50)
            let dimension = Int(seed % 4)
            let name = policy.dimensions[dimension].name
            let own = Set(policy.sanctions.filter { $0.dimension == dimension }.map(\.id))
            let (story, alone) = (Story(policy), Story(policy))
            func sanctionsEmitted(_ facts: [String]) -> [String] {
                facts.filter {
                    let words = $0.split(separator: " ")
                    return words[2] != "score" && own.contains(String(words[3]))
                }
            }
            let facts = sanctionsEmitted(story.given(happenings))
            let emitted = sanctionsEmitted(
                alone.given(
                    happenings.map {
                        homes[$0.type ?? "", default: name] == name ? $0 : Happening(type: nil, time: $0.time)
                    }))
            #expect(facts == emitted, "seed \(seed), \(name)")
            #expect(
                story.standings.mapValues { $0.dimensions[dimension] }
                    == alone.standings.mapValues { $0.dimensions[dimension] }, "seed \(seed), \(name)")
        }
    }

    /// The digest follows from the state: the same in another layout, another for any difference.
    @Test(arguments: cases) func theDigestTellsStatesApart(part: Int) {
        forEachSeed(part) { seed in
            guard seed.isMultiple(of: 10) else { return }
            var lives = FullLives(seed: seed, subjects: 3, daysAnEvent: 0.5)
            let happenings = lives.enrolments + lives.next(60)
            let (story, other) = (Story(policy), Story(policy))
            story.given(happenings)
            other.given(batch: happenings)
            #expect(story.fold.digest() == other.fold.digest(), "seed \(seed)")
            other.given(happened("fare.evaded", "s0-0", on: 40, id: "one-more"))
            #expect(story.fold.digest() != other.fold.digest(), "seed \(seed)")
        }
    }
}
