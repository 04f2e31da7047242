import Events
import Policy
@testable import Scoring
import Testing

/// The incremental fold against the naive one, after every step of random lives.
@Suite struct NaiveFoldTests {
    private func policy(stay: Bool, early: String = FullLives.early) throws -> ScoringPolicy {
        let text = FullLives.text.replacing("%", with: "\(stay)").replacing(FullLives.early, with: early)
        return try ScoringPolicy(yaml: text, file: "lives.yaml")
    }

    private func agrees(_ story: Story, with naive: NaiveFold) -> Bool {
        let standings = story.standings
        let policy = naive.policy
        return standings.count == naive.subjects.count && story.fold.counters.notEnrolled == naive.notEnrolled
            && naive.subjects.allSatisfy { name, subject in
                guard let standing = standings[name] else { return false }
                let totals = naive.totals(subject)
                let sanctions = standing.sanctions.map { "\(policy.sanctions[$0.sanction].id) \($0.state.name)" }
                return standing.kind.description == subject.kind && standing.terms == subject.terms
                    && standing.level.score == subject.score && standing.beyondLimit == subject.beyondLimit
                    && policy.bands[standing.level.band].name == subject.band
                    && standing.dimensions == naive.dimensions(subject)
                    && standing.contributions.allSatisfy { totals[$0.rule] == $0.points }
                    && totals.filter { $0 != 0 }.count == standing.contributions.filter { $0.points != 0 }.count
                    && standing.perks.map { policy.perks[$0].id }
                        == policy.perks.map(\.id).filter { subject.perks[$0] != nil }
                    && sanctions
                        == policy.sanctions.compactMap { item in
                            subject.sanctions[item.id].map { "\(item.id) \($0.state)" }
                        }
                    && standing.measures.allSatisfy { item in
                        item.value == naive.value(item.measure, subject, at: naive.clock)
                            && item.events == naive.window(item.measure, subject, at: naive.clock).count
                    }
            }
    }

    @Test(arguments: 0..<60) func theFoldAgreesAfterEveryStep(seed: Int) throws {
        try agree(seed, maximumEvents: Fold.maximumSubjectEvents)
    }

    /// Subjects that soon have as many events as one may have; they are voided, appealed about, withdrawn from, sent again.
    @Test(arguments: 0..<40) func theFoldAgreesAtTheLimitOfASubject(seed: Int) throws {
        try agree(seed, maximumEvents: UInt32(1 + seed % 12))
    }

    /// Policies that wait differently, and so few slots that early events push each other out.
    @Test(arguments: 0..<60) func theFoldAgreesOnWhatComesEarly(seed: Int) throws {
        let early = ["0 hours", "90 minutes", "1 day", "7 days"][seed % 4]
        try agree(
            seed, maximumEvents: Fold.maximumSubjectEvents, early: early,
            maximumEarly: (ofSubject: 1 + seed % 3, all: 2 + seed % 5))
    }

    /// Policies of everything that SPEC 3 has, each another.
    @Test(arguments: 0..<150) func theFoldAgreesUnderRandomPolicies(seed: Int) throws {
        let policy = try RandomPolicy.policy(seed: UInt64(seed))
        // Some lives under extreme policies are those of a ledger whose rules have no limit of their own.
        let version = seed % 15 == 4 ? FoldVersion.eighth : .newest
        let story = Story(policy, version: version)
        var naive = NaiveFold(policy, version: version)
        var lives = MeasuredLives(
            seed: UInt64(seed), subjects: 1 + seed % 4, daysAnEvent: [0.2, 1, 4][seed % 3])
        for (number, happening) in (lives.enrolments() + lives.next(140)).enumerated() {
            let facts = story.given(happening)
            let expected = naive.given(happening)
            try #require(facts == expected, "seed \(seed), happening \(number): \(happening)")
            let isSame = agrees(story, with: naive)
            try #require(isSame, "seed \(seed), happening \(number): \(happening)")
        }
    }

    private func agree(
        _ seed: Int, maximumEvents: UInt32, early: String = FullLives.early,
        maximumEarly: (ofSubject: Int, all: Int) = (Fold.maximumEarlyEventsOfSubject, Fold.maximumEarlyEvents)
    ) throws {
        let policy = try policy(stay: seed % 5 != 0, early: early)
        let story = Story(policy)
        story.fold.maximumEvents = maximumEvents
        story.fold.early = WaitingQueue(
            limits: .init(
                itemsOfKey: maximumEarly.ofSubject, items: maximumEarly.all, bytes: Fold.maximumEarlyBytes))
        var naive = NaiveFold(policy, maximumEvents: maximumEvents, maximumEarly: maximumEarly)
        var lives = FullLives(
            seed: UInt64(seed), subjects: 1 + seed % 6, daysAnEvent: [0.1, 0.5, 2][seed % 3])
        for (number, happening) in (lives.enrolments + lives.next(250)).enumerated() {
            let facts = story.given(happening)
            let expected = naive.given(happening)
            try #require(facts == expected, "seed \(seed), happening \(number): \(happening)")
            let isSame = agrees(story, with: naive)
            try #require(isSame, "seed \(seed), happening \(number): \(happening)")
        }
        #expect((story.fold.counters.beyondLimit > 0) == (maximumEvents < Fold.maximumSubjectEvents))
    }

    /// What these lives are made of: a model that is never asked proves nothing.
    @Test func theLivesHaveEverythingInThem() throws {
        var words: Set<String> = []
        for seed in 0..<60 {
            let story = Story(try policy(stay: seed % 5 != 0))
            var lives = FullLives(seed: UInt64(seed), subjects: 4, daysAnEvent: 0.5)
            for fact in story.given(lives.enrolments + lives.next(250)) {
                let parts = fact.split(separator: ":")[0].split(separator: " ")
                words.insert(String(parts[2]))
                if parts[2] == "lifted" { words.insert(String(parts[6])) }
                if fact.contains(" by timer") { words.insert("\(parts[2]) by timer") }
            }
        }
        let expected = Set(LiftReason.allCases.map(\.name.description)).union([
            "score", "noticed", "in-force", "stayed", "lifted", "granted", "revoked", "in-force by timer",
            "lifted by timer", "revoked by timer", "granted by timer",
        ])
        #expect(expected.subtracting(words) == [])
    }
}
