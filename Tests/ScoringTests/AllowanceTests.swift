import Events
import Policy
@testable import Scoring
import Testing

/// A fold that returns with a part of its work, and is called again.
@Suite struct AllowanceTests {
    private let policy: ScoringPolicy

    init() throws {
        policy = try ScoringPolicy(yaml: FullLives.text.replacing("%", with: "true"), file: "lives.yaml")
    }

    /// Each fact's JSON, numbered from 1, as of partition 3 and offset 7. `inPart` hears how many facts each part has.
    private func encoded(
        _ story: Story, _ happenings: [Happening], _ allowance: Fold.Allowance, inPart: (Int) -> Void = { _ in }
    ) -> [String] {
        let items = happenings.enumerated().map { story.item($1, entry: $0) }
        let encoder = FactEncoder(policy: policy, partition: 3, ledger: "city")
        var all: [String] = []
        var folded = 0
        while folded < items.count {
            story.fold.allowance = allowance
            items.withUnsafeBufferPointer {
                folded += story.fold.fold(UnsafeBufferPointer(rebasing: $0[folded...]))
            }
            inPart(story.fold.output.facts.count)
            for fact in story.fold.output.facts {
                var writer = ByteWriter()
                encoder.encode(
                    fact, reasons: story.fold.output.reasons, offset: 7, sequence: Int64(all.count + 1), into: &writer)
                all.append(String(decoding: writer.bytes, as: UTF8.self))
            }
            story.fold.clearOutput(sameEntry: true)
        }
        story.fold.clearOutput()
        return all
    }

    @Test(arguments: UInt64(0)..<20) func partsGiveTheFactsAndTheStateOfTheWhole(seed: UInt64) {
        var lives = FullLives(seed: seed, subjects: 6, daysAnEvent: 1.5)
        let happenings = lives.enrolments + lives.next(200) + [tick(on: 1000)]
        let whole = Story(policy)
        let expected = encoded(whole, happenings, .unlimited)
        let (digest, counters) = (whole.fold.digest(), whole.fold.counters)
        #expect(!expected.isEmpty)
        for timers in [1, 7, 100] {
            for facts in [policy.sanctions.count * 3 + policy.perks.count + 2, 1000] {
                let parts = Story(policy)
                let emitted = encoded(parts, happenings, Fold.Allowance(timers: timers, facts: facts))
                #expect(emitted == expected, "seed \(seed), \(timers) timers, \(facts) facts")
                let (end, counted) = (parts.fold.digest(), parts.fold.counters)
                #expect(end == digest && counted == counters)
                #expect(parts.standings == whole.standings)
            }
        }
    }

    /// However many windows end at one instant, a part ends no more of them than it may.
    @Test func windowsThatEndTogetherGoInParts() throws {
        let policy = try ScoringPolicy(
            yaml: """
                policy: windows
                version: 1
                score: {base: 0, min: -10, max: 10}
                dimensions: {a: {}}
                measures: [{id: week, dimension: a, event: a.seen, count: true, within: 7 days}]
                rules: [{id: seen, dimension: a, points: measure.week}]
                bands: [{name: all, from: -10}]
                """, file: "windows.yaml")
        let (people, timers) = (3_000, 100)
        let story = Story(policy)
        let names = (0..<people).map { "s\($0)" }
        story.given(batch: names.map { enrolled($0) } + names.map { happened("a.seen", $0, on: 1.5) })
        let items = [story.item(tick(on: 20), entry: 0)]
        var (parts, facts) = (0, 0)
        while true {
            story.fold.allowance = Fold.Allowance(timers: timers)
            let isDone = items.withUnsafeBufferPointer { story.fold.fold($0) } == 1
            let emitted = story.fold.output.facts.count
            #expect(emitted <= timers)
            story.fold.clearOutput(sameEntry: true)
            (parts, facts) = (parts + 1, facts + emitted)
            if isDone { break }
        }
        #expect(facts == people)
        // Each timer is put in order once, and fires once.
        #expect(parts >= 2 * people / timers)
    }

    /// Standings can be asked for between two parts; the clock is never beyond the entry.
    @Test func betweenPartsTheStateCanBeLookedAt() {
        var lives = FullLives(seed: 3, subjects: 6, daysAnEvent: 1)
        let story = Story(policy)
        story.given(lives.enrolments + lives.next(200))
        let end = tick(on: 1000)
        let items = [story.item(end, entry: 0)]
        var (parts, clock) = (0, story.fold.clock)
        var isDone = false
        while !isDone {
            story.fold.allowance = Fold.Allowance(timers: 1)
            isDone = items.withUnsafeBufferPointer { story.fold.fold($0) } == 1
            story.fold.clearOutput(sameEntry: true)
            let now = story.fold.clock
            #expect(now >= clock && now <= end.time && story.standings.count == story.fold.subjectCount)
            if isDone { #expect(now == end.time) }
            (clock, parts) = (now, parts + 1)
        }
        #expect(parts > 10)
    }

    @Test func whatWaitsNoMoreIsLetGoInParts() throws {
        let text = TownPolicy.text.replacing("early: 0 hours", with: "early: 1 day")
        let policy = try ScoringPolicy(yaml: text, file: "town.yaml")
        let early = (0..<500).map { happened("bill.paid", "person-\($0)", on: 1, id: "e\($0)") }
        let voids = (0..<100).map { number in
            FullLives.void(happened("bill.paid", "nobody", on: 1, id: "n\(number)"), on: 1, id: "v\(number)")
        }
        let (whole, parts) = (Story(policy), Story(policy))
        whole.given(early + voids + [tick(on: 10)])
        parts.given(early + voids)
        #expect(parts.fold.early.count == 500 && parts.fold.counters.notEnrolled == 0)
        let items = [parts.item(tick(on: 10), entry: parts.entry)]
        var calls = 0
        var (isDone, left) = (false, parts.fold.early.count)
        while !isDone {
            parts.fold.allowance = Fold.Allowance(timers: 64)
            isDone = items.withUnsafeBufferPointer { parts.fold.fold($0) } == 1
            let now = parts.fold.early.count
            #expect(left - now <= 64)
            (left, calls) = (now, calls + 1)
        }
        parts.fold.clearOutput()
        #expect(calls == (500 + 100) / 64 + 1)
        #expect(left == 0 && parts.fold.counters.notEnrolled == 500 && parts.fold.counters.voidsIgnored == 100)
        let (digest, counters) = (whole.fold.digest(), whole.fold.counters)
        #expect(parts.fold.digest() == digest && parts.fold.counters == counters)
    }

    /// More timers that fall due together than are sorted in one go: the facts come in the order of the subjects' keys.
    @Test func timersThatFallDueTogetherFireInTheOrderOfTheirSubjects() {
        let people = (0..<5000).map { "person-\($0 * 7919 % 5000)" }
        let days = people.enumerated().map { number, person in
            happened("hours", person, on: 1, id: "h\(number)", data: #"{"hours":5}"#)
        }
        let start = people.map { enrolled($0) } + days
        let whole = Story(policy)
        whole.given(batch: start)
        let expected = whole.given(tick(on: 60))
        let parts = Story(policy)
        parts.given(batch: start)
        var greatest = 0
        let encodedParts = encoded(parts, [tick(on: 60)], Fold.Allowance(timers: 1000, facts: 300)) {
            greatest = max(greatest, $0)
        }
        #expect(expected.count == encodedParts.count && expected.count >= 5000)
        #expect(greatest <= 300 && greatest > 0)
        let scores = expected.filter { $0.contains(" score ") }.map { $0.split(separator: " ")[1] }
        #expect(scores == people.sorted().map { Substring($0) })
    }
}
