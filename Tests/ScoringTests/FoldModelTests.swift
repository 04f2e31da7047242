import Events
import Policy
import Scoring
import Testing

/// The fold against plain dictionaries: the same facts in the same order, and the same standings.
@Suite struct FoldModelTests {
    private func agrees(_ story: Story, with model: LifeModel) -> Bool {
        let standings = story.standings
        guard standings.count == model.subjects.count, story.fold.subjectCount == standings.count else { return false }
        return model.subjects.allSatisfy { name, subject in
            guard let standing = standings[name] else { return false }
            let policy = story.fold.policy
            var sums = [Int](repeating: 0, count: 6)
            var counts = sums
            for contribution in standing.contributions {
                sums[contribution.rule] = Int(contribution.points)
                counts[contribution.rule] = Int(contribution.events)
            }
            return standing.kind.description == subject.kind && standing.terms == subject.terms
                && standing.level.score == subject.score && policy.bands[standing.level.band].name == subject.band
                && standing.dimensions == subject.dimensions.map { Int64($0) } && sums == subject.contributions
                && counts == subject.counts
                && standing.perks.map { policy.perks[$0].id }
                    == LifeModel.perks.map(\.id).filter { subject.perks[$0] != nil }
        }
    }

    /// Few subjects and short graces: every order of enrolling, falling, leaving and due times.
    @Test(arguments: 0..<200) func fewSubjectsLiveThroughEverything(seed: Int) throws {
        let story = Story(try TownPolicy.policy())
        var model = LifeModel()
        var lives = Lives(seed: UInt64(seed), subjects: 3 + seed % 40, daysAnEvent: seed.isMultiple(of: 2) ? 0.1 : 2)
        for number in 0..<600 {
            let happening = lives.next()
            let facts = story.given(happening)
            let expected = model.given(happening)
            try #require(facts == expected, "seed \(seed), happening \(number): \(happening)")
        }
        #expect(agrees(story, with: model))
    }

    /// Many subjects: index, records and long names stay right while people come and go.
    @Test func fiftyThousandSubjectsComeAndGo() throws {
        let story = Story(try TownPolicy.policy())
        var model = LifeModel()
        var lives = Lives(seed: 1, subjects: 50_000, daysAnEvent: 0.0005)
        for batch in 0..<100 {
            let happenings = lives.next(2_500)
            let facts = story.given(batch: happenings)
            let expected = happenings.flatMap { model.given($0) }
            let same = zip(facts, expected).prefix { $0 == $1 }.count
            try #require(
                facts.dropFirst(same).first == expected.dropFirst(same).first, "batch \(batch), fact \(same)")
        }
        #expect(model.subjects.count > 20_000)
        #expect(agrees(story, with: model))
    }
}
