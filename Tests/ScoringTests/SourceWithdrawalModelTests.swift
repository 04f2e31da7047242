import Events
import Policy
import Scoring
import Testing

/// A source is withdrawn in the middle of random lives: scores are those of the naive fold of a history in which it had never
/// spoken.
@Suite struct SourceWithdrawalModelTests {
    private struct Mixed {
        var happenings: [Happening]
        /// The same, with a tick instead of each behaviour event of the source.
        var without: [Happening]

        /// Every so many-th behaviour event is of the source, repeats of another's events among them.
        init(_ happenings: [Happening], every: Int) {
            self.happenings = happenings
            without = happenings.enumerated().map { index, happening in
                guard let type = happening.type, !type.hasPrefix("standing."), index % every == 0 else {
                    return happening
                }
                return Happening(type: nil, time: happening.time)
            }
        }
    }

    private func agrees(_ story: Story, with naive: NaiveFold) -> Bool {
        let standings = story.standings
        let policy = naive.policy
        return standings.count == naive.subjects.count
            && naive.subjects.allSatisfy { name, subject in
                guard let standing = standings[name] else { return false }
                let totals = naive.totals(subject)
                return standing.kind.description == subject.kind && standing.terms == subject.terms
                    && standing.level.score == subject.score && standing.beyondLimit == subject.beyondLimit
                    && policy.bands[standing.level.band].name == subject.band
                    && standing.dimensions == naive.dimensions(subject)
                    && standing.contributions.allSatisfy { totals[$0.rule] == $0.points }
                    && totals.filter { $0 != 0 }.count == standing.contributions.filter { $0.points != 0 }.count
                    && standing.measures.allSatisfy { item in
                        item.value == naive.value(item.measure, subject, at: naive.clock)
                            && item.events == naive.window(item.measure, subject, at: naive.clock).count
                    }
            }
    }

    private func sanctions(of story: Story) -> [String: [String]] {
        story.standings.mapValues { standing in
            standing.sanctions.map { "\($0.sanction) \($0.state) \($0.since) \($0.until)" }
        }
    }

    /// Lives, the act, and further lives in which the source still writes.
    private func withdraw(
        _ policy: ScoringPolicy, _ first: [Happening], _ further: [Happening], every: Int
    ) throws {
        let (before, after) = (Mixed(first, every: every), Mixed(further, every: every))
        let story = Story(policy)
        var naive = NaiveFold(policy)
        story.given(before.happenings)
        for happening in before.without { _ = naive.given(happening) }
        let imposed = sanctions(of: story)
        let facts = try story.withdrawn(history: before.without)
        // The act lets happen what is due.
        _ = naive.given(Happening(type: nil, time: naive.clock))
        try #require(agrees(story, with: naive))
        #expect(!facts.contains { ["noticed", "in-force", "stayed"].contains($0.split(separator: " ")[2]) })
        for (subject, items) in sanctions(of: story) {
            #expect(items.allSatisfy { imposed[subject]?.contains($0) == true }, "none is imposed")
        }
        for happening in after.without {
            story.given(happening)
            _ = naive.given(happening)
            try #require(agrees(story, with: naive))
        }
    }

    @Test(arguments: 0..<9) func scoresAreThoseOfLivesWithoutTheSource(seed: UInt64) throws {
        var lives = FullLives(seed: seed, subjects: 5, daysAnEvent: [0.1, 0.5, 2][Int(seed % 3)])
        let policy = try PolicySwitchModelTests.policy()
        try withdraw(policy, lives.enrolments + lives.next(200), lives.next(100), every: 2 + Int(seed % 3))
    }

    @Test(arguments: 0..<15) func measuresAreThoseOfLivesWithoutTheSource(seed: UInt64) throws {
        var lives = MeasuredLives(seed: seed, subjects: 4, daysAnEvent: [0.2, 1, 4][Int(seed % 3)])
        let policy = try RandomPolicy.policy(seed: seed, early: "2 days")
        try withdraw(policy, lives.enrolments() + lives.next(120), lives.next(60), every: 2 + Int(seed % 3))
    }
}

extension Story {
    /// Withdraws a source, and returns the facts. `history` is everything given so far without it.
    fileprivate func withdrawn(history: [Happening]) throws -> [String] {
        let policy = fold.policy
        let act = Happening(
            type: "standing.source.withdrawn", id: "act", source: "/council", time: fold.clock,
            data: #"{"topic":"commerce","reason":"none"}"#)
        let event = item(act, entry: entry).event
        try #require(fold.admitSourceAct(event, entry: entry) == .admitted)
        #expect(fold.admitSourceAct(event, entry: entry) == .refused, "a repeat")
        fold.clearOutput(sameEntry: true)
        var past = Fold(pastOf: policy, version: fold.version)
        past.begin(under: policy)
        for happening in history {
            let item = item(happening, entry: 0)
            if item.type != nil {
                past.fold(item.event, type: past.resolve(type: item.event.type), entry: 0)
            } else {
                past.tick(item.event.time, entry: 0)
            }
            past.clearOutput()
        }
        try past.succeed(fold, by: event, entry: entry, hasOtherSources: true)
        previous = policy
        swap(&fold, &past)
        defer { fold.clearOutput() }
        entry += 1
        return factTexts()
    }
}
