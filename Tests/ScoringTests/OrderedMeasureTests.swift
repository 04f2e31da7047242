import Events
import Policy
import Randomness
import Scoring
import Testing

/// Streaks and last values without a window: what a list of all events in their order says, however late an event comes and
/// whichever is voided.
@Suite struct OrderedMeasureTests {
    private static func policy() throws -> ScoringPolicy {
        try ScoringPolicy(
            yaml: """
                policy: streaks
                version: 1
                score: {base: 0, min: 0, max: 1000}
                dimensions: {driving: {}}
                rules: [{id: calm, dimension: driving, points: measure.run}]
                measures:
                  - {id: run, dimension: driving, event: "trip.*", streak: trip.hard}
                  - {id: last, dimension: driving, event: trip.good, latest: data.v}
                bands: [{name: all, from: 0}]
                """, file: "streaks.yaml")
    }

    /// Trips of forty days, not in the order of time; many have one time, and one in six breaks the streak.
    private static func trips(_ count: Int, _ random: inout Seeded) -> [Happening] {
        (0..<count).map { number in
            let day = 1 + Double(number) / Double(count) * 40 - Double(random.below(12)) / 4
            return happened(
                random.below(6) == 0 ? "trip.hard" : "trip.good", "anna", on: (day * 8).rounded(.down) / 8,
                id: "\(random.below(100))-\(number)", data: #"{"v":\#(random.below(1000))}"#)
        }
    }

    /// The value of each measure, and how many events are in it.
    private static func measures(of trips: [Happening]) -> [String] {
        let order = trips.sorted { a, b in
            (a.time.microseconds, a.id) < (b.time.microseconds, b.id)
        }
        let run = order.reversed().prefix { $0.type == "trip.good" }.count
        let good = order.filter { $0.type == "trip.good" }
        let last = good.last.map { $0.data.filter(\.isNumber) }
        return ["\(run) of \(trips.count)", "\(last ?? "none") of \(good.count)"]
    }

    private static func measures(of story: Story) -> [String] {
        (story.standing(of: "anna")?.measures ?? []).map { measure in
            "\(measure.value.map(String.init) ?? "none") of \(measure.events)"
        }
    }

    @Test(arguments: 0..<30) func lateAndVoidedEventsAreCountedInTheirOrder(seed: Int) throws {
        var random = Seeded(UInt64(seed))
        let story = Story(try Self.policy())
        story.given(enrolled("anna"))
        var folded: [Happening] = []
        for (number, trip) in Self.trips(120, &random).enumerated() {
            story.given(trip)
            folded.append(trip)
            #expect(Self.measures(of: story) == Self.measures(of: folded), "\(number): \(trip)")
            guard random.below(4) == 0 else { continue }
            // Mostly one of the last ones, which are in the streak or have broken it.
            let index = max(0, folded.count - 1 - random.below(random.below(3) == 0 ? folded.count : 8))
            let voided = folded.remove(at: index)
            story.given(FullLives.void(voided, on: 1, id: "void \(number)"))
            #expect(Self.measures(of: story) == Self.measures(of: folded), "\(number): without \(voided)")
        }
        let run = Int64(Self.measures(of: folded)[0].prefix { $0 != " " })
        #expect(story.score(of: "anna") == run)
    }

    /// The order that events came in leaves no trace in the state's digest, and a snapshot has all of it.
    @Test(arguments: 0..<10) func theStateIsOneForAllOrders(seed: Int) throws {
        var random = Seeded(UInt64(seed) ^ 0x0DD)
        let policy = try Self.policy()
        let trips = Self.trips(80, &random)
        let (story, other) = (Story(policy), Story(policy))
        story.given([enrolled("anna")] + trips + [tick(on: 50)])
        other.given([enrolled("anna")] + trips.shuffled(using: &random) + [tick(on: 50)])
        #expect(story.fold.digest() == other.fold.digest())
        var bytes: [UInt8] = []
        try story.fold.writeSnapshot { bytes += Array($0) }
        var reader = ByteReader(other.lend(bytes))
        other.fold = try Fold(policy: policy, snapshot: &reader)
        #expect(try other.fold.digestOfSnapshot() == story.fold.digest())
        let late = happened("trip.hard", "anna", on: 20, id: "late")
        story.given(late)
        other.given(late)
        #expect(Self.measures(of: other) == Self.measures(of: trips + [late]))
        #expect(story.fold.digest() == other.fold.digest())
        story.given(withdrawn("anna", on: 51))
        #expect(story.standing(of: "anna") == nil)
    }
}
