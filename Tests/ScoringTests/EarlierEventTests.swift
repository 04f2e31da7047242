import Events
import Policy
import Randomness
@testable import Scoring
import Testing

/// Events of one time are put in order by their texts, which the state has of the newest alone. The others are looked up in the
/// subject's history, and nobody sees a difference.
@Suite struct EarlierEventTests {
    /// What was folded, as an archive would give it.
    private final class Past {
        var events: [EventView] = []
        var isReadable = true

        func read(
            _ subject: UnsafeRawBufferPointer, _ time: Timestamp,
            _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
        ) -> Bool {
            guard isReadable else { return false }
            for event in events where event.time == time && event.subject.equals(subject) {
                body(event.source, event.id)
            }
            return true
        }
    }

    private static func policy() throws -> ScoringPolicy {
        try ScoringPolicy(
            yaml: """
                policy: ties
                version: 1
                score: {base: 0, min: 0, max: 1000}
                dimensions: {driving: {}}
                rules: [{id: calm, dimension: driving, points: measure.run}]
                measures:
                  - {id: run, dimension: driving, event: trip.good, streak: trip.hard}
                  - {id: last, dimension: driving, event: trip.good, latest: data.v, within: 20 days}
                bands: [{name: all, from: 0}]
                """, file: "ties.yaml")
    }

    private static func lookUp(in past: Past, _ story: Story, textBytes: Int = 0) {
        story.fold.lookUp(in: { past.read($0, $1, $2) }, textBytes: textBytes)
    }

    /// Forgets every text, as a state does that comes out of a snapshot of a member that looks them up.
    private static func forgetTexts(of story: Story) { story.fold.ordered.texts = EventTexts() }

    private static func give(_ happening: Happening, to story: Story, _ past: Past) -> [String] {
        let item = story.item(happening, entry: story.entry)
        story.entry += 1
        story.fold(item)
        defer { story.fold.clearOutput() }
        past.events.append(item.event)
        return story.factTexts()
    }

    private static func fold(_ items: [Fold.Item], in story: Story) -> Int {
        items.withUnsafeBufferPointer { story.fold.fold($0) }
    }

    @Test(arguments: 0..<40) func whatIsLookedUpGivesTheSame(seed: Int) throws {
        let policy = try RandomPolicy.policy(seed: UInt64(seed))
        var lives = MeasuredLives(seed: UInt64(seed), subjects: 3, daysAnEvent: 0.1)
        let (story, other, past) = (Story(policy), Story(policy), Past())
        for (number, happening) in (lives.enrolments() + lives.next(140)).enumerated() {
            Self.lookUp(in: past, other)
            if number % 3 == 0 {
                Self.forgetTexts(of: other)
                Self.lookUp(in: past, other)
            }
            #expect(story.given(happening) == Self.give(happening, to: other, past), "\(number): \(happening)")
            #expect(story.standings == other.standings, "\(number): \(happening)")
        }
        #expect(story.fold.digest() == other.fold.digest())
    }

    /// Trips of few times, in any order, with voids: what a sorted list says.
    @Test(arguments: 0..<40) func tiesAreInTheOrderOfTheirTexts(seed: Int) throws {
        var random = Seeded(UInt64(seed))
        let (story, past) = (Story(try Self.policy()), Past())
        _ = Self.give(enrolled("anna"), to: story, past)
        var folded: [Happening] = []
        for number in 0..<80 {
            Self.lookUp(in: past, story)
            if number % 2 == 0 {
                Self.forgetTexts(of: story)
                Self.lookUp(in: past, story)
            }
            let trip = happened(
                random.below(4) == 0 ? "trip.hard" : "trip.good", "anna", on: Double(1 + random.below(4)),
                id: "\(random.below(1000))-\(number)", source: random.below(2) == 0 ? "/a" : "/a/b",
                data: #"{"v":\#(random.below(3))}"#)
            _ = Self.give(trip, to: story, past)
            folded.append(trip)
            if random.below(5) == 0 {
                let voided = folded.remove(at: random.below(folded.count))
                _ = Self.give(FullLives.void(voided, on: 1, id: "void \(number)"), to: story, past)
            }
            let order = folded.sorted {
                ($0.time.microseconds, $0.source, $0.id) < ($1.time.microseconds, $1.source, $1.id)
            }
            let run = order.reversed().prefix { $0.type == "trip.good" }.count
            let last = order.last { $0.type == "trip.good" }.map { $0.data.filter(\.isNumber) }
            let measures = story.standing(of: "anna")?.measures ?? []
            #expect(measures.map { $0.value.map(String.init) } == ["\(run)", last], "\(number): \(trip)")
        }
        #expect(story.fold.lookUps > 0)
    }

    /// What cannot be looked up now is folded later, with the same result.
    @Test func anEventWaitsForWhatItIsToBePutInOrderBy() throws {
        let (story, past) = (Story(try Self.policy()), Past())
        let trips = ["b", "a", "c"].map { happened($0 == "a" ? "trip.hard" : "trip.good", "anna", on: 2, id: $0) }
        _ = Self.give(enrolled("anna"), to: story, past)
        _ = Self.give(trips[0], to: story, past)
        Self.forgetTexts(of: story)
        Self.lookUp(in: past, story)
        past.isReadable = false
        let counters = story.fold.counters
        let digest = story.fold.digest()
        let items = trips[1...].map { story.item($0, entry: 7) }
        #expect(Self.fold(items, in: story) == 0)
        #expect(story.fold.lacksEarlierEvents == true)
        #expect(story.fold.counters == counters)
        #expect(story.fold.digest() == digest)
        past.isReadable = true
        #expect(Self.fold(items, in: story) == 2)
        #expect(story.fold.lacksEarlierEvents == false)
        #expect(story.standing(of: "anna")?.measures.first?.value == 2)
    }

    /// Texts of the newest events are in memory, as many as there is room for.
    @Test func theNewestTextsAreKept() throws {
        let (story, past) = (Story(try Self.policy()), Past())
        Self.lookUp(in: past, story, textBytes: 40_000)
        for person in 0..<4000 {
            let name = "s\(person)"
            _ = Self.give(enrolled(name), to: story, past)
            _ = Self.give(happened("trip.good", name, on: 2, id: "a"), to: story, past)
            _ = Self.give(happened("trip.hard", name, on: 2, id: "b"), to: story, past)
        }
        #expect(story.fold.lookUps == 0)
        #expect(story.fold.ordered.texts.byteCount < 200_000)
        _ = Self.give(happened("trip.good", "s0", on: 2, id: "c"), to: story, past)
        #expect(story.fold.lookUps == 1)
        #expect(story.standing(of: "s0")?.measures.first?.value == 1)
    }

    @Test func anEventOfAMeasureTakesTwentyFourBytes() {
        #expect(MemoryLayout<OrderedEvent>.stride == 24)
        #expect(MemoryLayout<Evidence>.stride == 24)
    }
}
