import Events
import Policy
import Scoring
import Testing

/// States that differ in one date have other digests, although everything else of them is equal.
@Suite struct StateDigestTests {
    private static let policy = FullLives.text.replacing("%", with: "true")

    private func story(_ happenings: [Happening]) throws -> Story {
        let story = Story(try ScoringPolicy(yaml: Self.policy, file: "lives.yaml"))
        story.given([enrolled("anna")] + happenings)
        return story
    }

    private func defaulted(on day: Double, id: String) -> Happening {
        happened("court.defaulted", "anna", on: day, id: id, data: #"{"amount":60}"#)
    }

    private func appeal(on day: Double) -> Happening {
        happened("standing.appeal.filed", "anna", on: day, id: "appeal", data: #"{"sanction":"debtor"}"#)
    }

    @Test func theDayOfAnAppealIsInIt() throws {
        let (one, other) = (
            try story([defaulted(on: 1, id: "x"), appeal(on: 2), tick(on: 4)]),
            try story([defaulted(on: 1, id: "x"), appeal(on: 3), tick(on: 4)])
        )
        let standing = try #require(one.standing(of: "anna"))
        var same = try #require(other.standing(of: "anna"))
        #expect(standing.sanctions.map(\.decideBy) == [Happening.day(8)])
        same.sanctions[0].decideBy = Happening.day(8)
        #expect(same == standing)
        #expect(one.fold.digest() != other.fold.digest())
    }

    @Test func theEndOfATermIsInIt() throws {
        let (one, other) = (
            try story([defaulted(on: 1, id: "x"), defaulted(on: 2, id: "y"), tick(on: 4)]),
            try story([defaulted(on: 1, id: "x"), defaulted(on: 3, id: "y"), tick(on: 4)])
        )
        let standing = try #require(one.standing(of: "anna"))
        var same = try #require(other.standing(of: "anna"))
        #expect(standing.sanctions[0].until < same.sanctions[0].until)
        same.sanctions[0].until = standing.sanctions[0].until
        #expect(same == standing)
        #expect(one.fold.digest() != other.fold.digest())
    }

    @Test func theEndOfAGraceIsInIt() throws {
        func evaded(on day: Double) -> [Happening] {
            [happened("fare.evaded", "anna", on: day, id: "fare"), tick(on: 4)]
        }
        let (one, other) = (try story(evaded(on: 1)), try story(evaded(on: 2)))
        // The perk `bikes` has a grace of ten days.
        #expect(one.perks(of: "anna").contains("bikes"))
        #expect(one.standing(of: "anna") == other.standing(of: "anna"))
        #expect(one.fold.digest() != other.fold.digest())
        #expect(one.given(tick(on: 11)).contains("11 anna revoked bikes by timer"))
        #expect(!other.given(tick(on: 11)).contains { $0.contains("revoked bikes") })
    }
}
