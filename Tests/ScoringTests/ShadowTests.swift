import Events
import Policy
import Scoring
import Testing

/// A policy's shadow: its past, with what it would have imposed and granted.
@Suite struct ShadowTests {
    private static func policies() throws -> (first: ScoringPolicy, second: ScoringPolicy) {
        (try PolicySwitchModelTests.policy(), try PolicySwitchModelTests.policy(PolicySwitchModelTests.changes))
    }

    private static func lives(_ seed: UInt64) -> FullLives {
        FullLives(seed: seed, subjects: 6, daysAnEvent: [0.1, 0.5, 2][Int(seed % 3)])
    }

    private static func shadow(of policy: ScoringPolicy, beside first: ScoringPolicy) -> Story {
        let story = Story(policy)
        story.fold = Fold(shadowOf: policy)
        story.fold.begin(under: first)
        return story
    }

    private static func past(of policy: ScoringPolicy, beside first: ScoringPolicy) -> Story {
        let story = Story(policy)
        story.fold = Fold(pastOf: policy)
        story.fold.begin(under: first)
        return story
    }

    /// But for the errors of conditions, which a shadow does not count.
    private static func standings(_ story: Story) -> [String: Standing] {
        story.standings.mapValues { standing in
            var standing = standing
            standing.errors = 0
            return standing
        }
    }

    private static func snapshotBytes(_ story: Story) throws -> Int {
        var bytes = 0
        try story.fold.writeSnapshot { bytes += $0.count }
        return bytes
    }

    // MARK: Standings

    @Test(arguments: 0..<24) func standingsAreThoseThatThereWouldBeHadItAlwaysBeenActive(seed: UInt64) throws {
        let (first, second) = try Self.policies()
        let always = Story(second)
        let shadow = Self.shadow(of: second, beside: first)
        var lives = Self.lives(seed)
        var day: Double = 0
        for round in 0..<8 {
            var happenings = (round == 0 ? lives.enrolments : []) + lives.next(60)
            if round == 3 { happenings.append(Story.activation(of: second, on: day, id: "p2")) }
            if round == 5 { happenings.append(Story.activation(of: first, on: day, id: "p1")) }
            always.given(happenings)
            #expect(shadow.given(happenings).isEmpty, "a shadow has no facts")
            #expect(Self.standings(shadow) == Self.standings(always))
            #expect(shadow.fold.subjectsByBand == always.fold.subjectsByBand)
            day = max(day, Double(always.fold.clock.microseconds - Happening.day(0).microseconds) / 86_400_000_000)
        }
    }

    @Test func theLivesHaveSanctionsAndPerksInThem() throws {
        let (first, second) = try Self.policies()
        var (sanctions, perks) = (0, 0)
        for seed in UInt64(0)..<24 {
            let shadow = Self.shadow(of: second, beside: first)
            var lives = Self.lives(seed)
            shadow.given(lives.enrolments)
            for _ in 0..<8 {
                shadow.given(lives.next(60))
                sanctions += shadow.standings.values.reduce(0) { $0 + $1.sanctions.count }
                perks += shadow.standings.values.reduce(0) { $0 + $1.perks.count }
            }
        }
        #expect(sanctions > 100 && perks > 100)
    }

    @Test func itNeverKeepsFacts() throws {
        let (first, second) = try Self.policies()
        let shadow = Self.shadow(of: second, beside: first)
        shadow.fold.storesFacts = true
        let keeps = shadow.fold.storesFacts
        #expect(!keeps)
        #expect(shadow.given([enrolled("anna")]).isEmpty)
        #expect(shadow.score(of: "anna") == 990)
    }

    @Test func itHasNoSnapshot() throws {
        let (first, second) = try Self.policies()
        let shadow = Self.shadow(of: second, beside: first)
        shadow.given([enrolled("anna")])
        #expect(throws: Fold.SnapshotError.self) { try Self.snapshotBytes(shadow) }
    }

    // MARK: A switch

    /// What was imposed and granted in the shadow leaves no trace, nor do its timers.
    @Test(arguments: 0..<24) func aSwitchFromTheShadowIsTheOneFromThePast(seed: UInt64) throws {
        let (first, second) = try Self.policies()
        let live = Story(first)
        let past = Self.past(of: second, beside: first)
        let shadow = Self.shadow(of: second, beside: first)
        var lives = Self.lives(seed)
        let before = lives.enrolments + lives.next(200)
        for story in [live, past, shadow] { story.given(before) }

        let day = Double(live.fold.clock.microseconds - Happening.day(0).microseconds) / 86_400_000_000
        let event = live.item(Story.activation(of: second, on: day, id: "p2"), entry: 0).event
        let admission = live.fold.admitActivation(event, entry: 0)
        try #require(admission == .admitted)
        live.fold.clearOutput(sameEntry: true)
        for story in [past, shadow] {
            story.previous = first
            try story.fold.succeed(live.fold, by: event, entry: 0)
        }
        #expect(past.factTexts() == shadow.factTexts())
        func expectTheSame() throws {
            for story in [past, shadow] { story.fold.clearOutput() }
            let digest = past.fold.digest()
            #expect(shadow.fold.digest() == digest)
            let counters = past.fold.counters
            #expect(shadow.fold.counters == counters)
            #expect(try Self.snapshotBytes(shadow) == Self.snapshotBytes(past), "as many timers and activeSanctions")
        }
        try expectTheSame()
        for _ in 0..<4 {
            let after = lives.next(40)
            #expect(past.given(after) == shadow.given(after))
            try expectTheSame()
        }
    }

    /// In parts of one subject each.
    @Test(arguments: 0..<6) func aSwitchInPartsIsTheWhole(seed: UInt64) throws {
        let (first, second) = try Self.policies()
        let live = Story(first)
        var lives = Self.lives(seed)
        let before = lives.enrolments + lives.next(200)
        live.given(before)
        let stories = (0..<2).map { _ in Self.shadow(of: second, beside: first) }
        for story in stories { story.given(before) }
        let day = Double(live.fold.clock.microseconds - Happening.day(0).microseconds) / 86_400_000_000
        let event = live.item(Story.activation(of: second, on: day, id: "p2"), entry: 0).event
        _ = live.fold.admitActivation(event, entry: 0)
        live.fold.clearOutput(sameEntry: true)
        for story in stories { story.previous = first }
        try stories[0].fold.succeed(live.fold, by: event, entry: 0)
        let expected = stories[0].factTexts()
        stories[0].fold.clearOutput()

        var emitted: [String] = []
        var succession = Fold.Succession()
        var calls = 0
        while true {
            stories[1].fold.allowance = Fold.Allowance(timers: 1, subjects: 1)
            let isDone = try stories[1].fold.succeed(live.fold, by: event, entry: 0, &succession)
            if succession.isEmitting { emitted += stories[1].factTexts() }
            stories[1].fold.clearOutput(sameEntry: true)
            calls += 1
            if isDone { break }
        }
        stories[1].fold.allowance = .unlimited
        stories[1].fold.clearOutput()
        #expect(emitted == expected && calls > live.standings.count)
        let digest = stories[0].fold.digest()
        #expect(stories[1].fold.digest() == digest)
    }

    /// Keys are compared by 16 bytes of them first, after the bytes with which all of them begin.
    @Test(arguments: ["", "urn:example:person:", "p"]) func aSwitchTellsSubjectsInTheOrderOfTheirKeys(prefix: String)
        throws
    {
        let (first, second) = try Self.policies()
        let endings = [
            "1", "10", "2", "a-name-of-sixteen", "a-name-of-sixteen-bytes-and-more", "a-name-of-sixteen-bytes-and-less",
            "a-name-of-sixteen-bytes", "a-name", "z\u{0}", "z\u{0}\u{0}", "z", "z\u{1}", "\u{e9}t\u{e9}", "Z", "0",
        ]
        let live = Story(first)
        let past = Self.past(of: second, beside: first)
        let lives = endings.map { enrolled(prefix + $0, id: "enrolled \($0)") }
        for story in [live, past] { story.given(lives) }
        let event = live.item(Story.activation(of: second, on: 1, id: "p2"), entry: 0).event
        _ = live.fold.admitActivation(event, entry: 0)
        live.fold.clearOutput(sameEntry: true)
        try past.fold.succeed(live.fold, by: event, entry: 0)
        var emitted: [[UInt8]] = []
        for fact in past.fold.output.facts where emitted.last != Array(fact.subject) {
            emitted.append(Array(fact.subject))
        }
        #expect(emitted == endings.map { Array((prefix + $0).utf8) }.sorted { $0.lexicographicallyPrecedes($1) })
    }

    // MARK: Memory

    @Test func aStateSaysHowManyBytesItTakes() throws {
        let (first, second) = try Self.policies()
        let shadow = Self.shadow(of: second, beside: first)
        let empty = shadow.fold.byteCount
        shadow.given((0..<3000).map { enrolled("somebody-with-a-long-name-\($0)") })
        let full = shadow.fold.byteCount
        // A record of at least 30 words, a key of its own, and an identity.
        #expect(full - empty >= 3000 * (30 * 8 + 25 + 8))
        shadow.given((0..<3000).map { withdrawn("somebody-with-a-long-name-\($0)", on: 1) })
        let after = shadow.fold.byteCount
        #expect(after < full + 3000 * 64, "records are used again, and keys are freed")
    }
}
