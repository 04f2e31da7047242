import Events
import Policy
import Scoring
import Testing

/// Switches in the middle of random lives.
@Suite struct PolicySwitchModelTests {
    static func policy(_ changes: [(of: String, to: String)] = []) throws -> ScoringPolicy {
        var text = FullLives.text.replacing("%", with: "true")
        for change in changes {
            try #require(text.contains(change.of))
            text = text.replacing(change.of, with: change.to)
        }
        return try ScoringPolicy(yaml: text, file: "lives.yaml")
    }

    /// Points, caps, buckets, bands, perks and sanctions are others; `quiet` is gone and `fraud` is new.
    static let changes = [
        ("version: 1", "version: 2"),
        ("points: 6, per: month, cap: 12, lasts: 2 months", "points: 9, per: day, cap: 9, lasts: 40 days"),
        ("data.days * -2", "data.days * -3"), ("{id: big,", "{id: large,"), ("base: 1000", "base: 990"),
        ("name: B, from: 900", "name: B2, from: 880"), ("id: bikes", "id: scooters"),
        ("points <= -40", "points <= -60"),
        ("id: quiet", "id: fraud"), ("notice: 4 days, lasts: 1 month", "notice: 1 day, lasts: 2 months"),
    ]

    /// What follows from the set of events alone.
    private func scores(_ story: Story) -> [String: [String]] {
        story.standings.mapValues { standing in
            [
                "\(standing.level.score)", "\(standing.dimensions)", "\(standing.contributions)", standing.terms,
                "\(standing.measures)", "\(standing.attributes)",
            ]
        }
    }

    /// Counted one by one.
    private static func subjectsByBand(of story: Story) -> [Int] {
        var counts = [Int](repeating: 0, count: story.fold.policy.bands.count)
        for standing in story.standings.values { counts[standing.level.band] += 1 }
        return counts
    }

    @Test(arguments: 0..<24) func scoresAreThoseOfTheWholeHistoryAndBackAgain(seed: UInt64) throws {
        var lives = FullLives(seed: seed, subjects: 5, daysAnEvent: [0.1, 0.5, 2][Int(seed % 3)])
        try goAndComeBack(
            try Self.policy(), try Self.policy(Self.changes), lives.enrolments + lives.next(160), lives.next(120),
            lives.next(60))
    }

    /// From one policy of everything that SPEC 3 has to another, and back.
    @Test(arguments: 0..<60) func measuresAreThoseOfTheWholeHistoryAndBackAgain(seed: UInt64) throws {
        var lives = MeasuredLives(seed: seed, subjects: 4, daysAnEvent: [0.2, 1, 4][Int(seed % 3)])
        try goAndComeBack(
            try RandomPolicy.policy(seed: seed, early: "2 days"),
            try RandomPolicy.policy(seed: seed + 1000, early: "2 days"), lives.enrolments() + lives.next(100),
            lives.next(80), lives.next(50))
    }

    private func goAndComeBack(
        _ first: ScoringPolicy, _ second: ScoringPolicy, _ happenings: [Happening], _ further: [Happening],
        _ last: [Happening]
    ) throws {
        let story = Story(first)
        let never = Story(first)
        let always = Story(second)
        var mirror = Mirror()
        var past: [Happening] = []
        var day: Double = 0

        func live(_ happenings: [Happening]) {
            mirror.take(story.given(happenings))
            never.given(happenings)
            always.given(happenings)
            past += happenings
            day = max(day, Double(story.fold.clock.microseconds - Happening.day(0).microseconds) / 86_400_000_000)
        }
        func activate(_ policy: ScoringPolicy, id: String) throws {
            let sanctions = story.standings.mapValues { standing in
                standing.sanctions.map { "\(story.fold.policy.sanctions[$0.sanction].id) \($0.state) \($0.until)" }
            }
            let facts = try #require(try story.switched(to: policy, on: day, id: id, past: past, first: first))
            past.append(Story.activation(of: policy, on: day, id: id))
            mirror.take(facts)
            #expect(!facts.contains { ["noticed", "in-force", "stayed"].contains($0.split(separator: " ")[2]) })
            for (subject, standing) in story.standings {
                for item in standing.sanctions {
                    let text = "\(policy.sanctions[item.sanction].id) \(item.state) \(item.until)"
                    #expect(sanctions[subject]?.contains(text) == true)
                }
            }
        }

        live(happenings)
        try activate(second, id: "p2")
        #expect(scores(story) == scores(always))
        live(further)
        #expect(scores(story) == scores(always))
        #expect(mirror.standings == Mirror.of(story))
        #expect(story.fold.subjectsByBand == Self.subjectsByBand(of: story))
        try activate(first, id: "p1")
        #expect(scores(story) == scores(never))
        live(last)
        #expect(scores(story) == scores(never))
        #expect(mirror.standings == Mirror.of(story))
        #expect(story.fold.subjectsByBand == Self.subjectsByBand(of: story))
    }

    /// What a consumer of the facts knows.
    private struct Mirror {
        /// By subject: score and band, perks, sanctions and their states.
        private(set) var standings: [String: [String: String]] = [:]

        mutating func take(_ facts: [String]) {
            for fact in facts {
                let words = fact.split { $0 == " " || $0 == ":" }.map(String.init)
                let (subject, word, item) = (words[1], words[2], words[3])
                switch word {
                case "score":
                    let arrow = words.firstIndex(of: "->") ?? 0
                    guard words[arrow + 1] != "none" else {
                        standings[subject] = nil
                        continue
                    }
                    standings[subject, default: [:]]["score"] = "\(words[arrow + 1]) \(words[arrow + 2])"
                case "granted": standings[subject, default: [:]]["perk \(item)"] = "held"
                case "revoked": standings[subject]?["perk \(item)"] = nil
                case "lifted": standings[subject]?["sanction \(item)"] = nil
                default: standings[subject, default: [:]]["sanction \(item)"] = word
                }
            }
        }

        static func of(_ story: Story) -> [String: [String: String]] {
            let policy = story.fold.policy
            return story.standings.mapValues { standing in
                var items = ["score": "\(standing.level.score) \(policy.bands[standing.level.band].name)"]
                for perk in standing.perks { items["perk \(policy.perks[perk].id)"] = "held" }
                for item in standing.sanctions {
                    items["sanction \(policy.sanctions[item.sanction].id)"] = item.state.name.description
                }
                return items
            }
        }
    }
}
