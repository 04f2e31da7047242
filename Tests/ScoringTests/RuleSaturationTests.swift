import Events
import Policy
@testable import Scoring
import Testing

/// R of a rule with several buckets saturates before its dimension adds it (SPEC section 4). All numbers are by hand:
/// the limit is 2,147,483,648, and a gain is 1 below it.
@Suite struct RuleSaturationTests {
    private static func policy(_ rule: String) throws -> ScoringPolicy {
        try ScoringPolicy(
            yaml: """
                policy: p
                version: 1
                score: {base: 0, min: -2147483648, max: 2147483648}
                dimensions: {d: {}}
                rules:
                  - {id: up, dimension: d, event: gain, \(rule)}
                  - {id: down, dimension: d, event: loss, points: -2147483648}
                bands: [{name: A, from: -2147483648}]
                sanctions:
                  - {id: halt, dimension: d, event: loss, measures: [m], lasts: 1 month}
                """, file: "p")
    }

    private static let daily = "points: 2147483647, per: day, lasts: 3 days"
    private static let fading = "points: 2147483648, per: day, lasts: 2 days, fades: true"

    private static func gain(on day: Double) -> Happening { happened("gain", "anna", on: day) }
    private static func loss(on day: Double) -> Happening { happened("loss", "anna", on: day) }
    private static func void(gainOn gain: Double, on day: Double) -> Happening {
        happened(
            "standing.event.voided", "anna", on: day,
            data: "{\"source\":\"/city\",\"id\":\"gain \(gain)\",\"reason\":\"r\"}")
    }

    @Test func twoBucketsCountAsTheLimitAndTheirReasonsAddUp() throws {
        let story = Story(try Self.policy(Self.daily))
        story.given(enrolled("anna"))
        #expect(story.given(Self.gain(on: 1)) == ["1 anna score 0 A -> 2147483647 A: up 2147483647"])
        #expect(story.given(Self.gain(on: 2)) == ["2 anna score 2147483647 A -> 2147483648 A: up 1"])
        #expect(
            story.given(Self.loss(on: 3)) == [
                "3 anna in-force halt until 34: up 2147483648, down -2147483648",
                "3 anna score 2147483648 A -> 0 A: down -2147483648",
            ])
        #expect(story.standing(of: "anna")?.dimensions == [0])
        #expect(story.contributions(to: "anna") == ["up 2147483648 of 2", "down -2147483648 of 1"])
        // The first bucket ends: the second one is 1 below the limit.
        #expect(story.given(tick(on: 5)) == ["5 anna score 0 A -> -1 A: up -1"])
        // A third bucket, and the second one is voided.
        #expect(story.given(Self.gain(on: 5.5)) == ["5 anna score -1 A -> 0 A: up 1"])
        #expect(story.given(Self.void(gainOn: 2, on: 5.6)) == ["5 anna score 0 A -> -1 A: up -1"])
        #expect(
            story.given(Self.void(gainOn: 5.5, on: 5.7)) == ["5 anna score -1 A -> -2147483648 A: up -2147483647"])
        #expect(story.contributions(to: "anna") == ["down -2147483648 of 1"])
    }

    /// Steps of several buckets at one instant are added before they saturate.
    @Test func fadingBucketsAreAddedBeforeTheySaturate() throws {
        let story = Story(try Self.policy(Self.fading))
        story.given(enrolled("anna"), Self.gain(on: 1))
        #expect(story.given(Self.gain(on: 2)) == [])
        // 1,073,741,824 of the first and all of the second.
        #expect(story.given(tick(on: 3)) == [])
        #expect(story.contributions(to: "anna") == ["up 2147483648 of 2"])
        // Nothing of the first and half of the second.
        #expect(story.given(tick(on: 4)) == ["4 anna score 2147483648 A -> 1073741824 A: up -1073741824"])
        // A late gain into the second: the whole of it has been twice the limit, which counts as the limit.
        #expect(story.given(happened("gain", "anna", on: 2, id: "late")) == [])
        #expect(story.given(Self.void(gainOn: 2, on: 4.5)) == [])
        #expect(story.given(tick(on: 5)) == ["5 anna score 1073741824 A -> 0 A: up -1073741824"])
    }

    /// Also after it has moved to a newer version.
    @Test(arguments: [Self.daily, Self.fading])
    func inAnOlderLedgerOnlyTheSumOfTheDimensionSaturates(rule: String) throws {
        let policy = try Self.policy(rule)
        let story = Story(policy, version: .eighth)
        story.given(enrolled("anna"), Self.gain(on: 1))
        story.fold.upgrade(to: .newest)
        story.given(Self.gain(on: 2), Self.loss(on: 2))
        let sum: Int64 = rule == Self.daily ? 2_147_483_646 : 2_147_483_648
        #expect(story.score(of: "anna") == sum)
        try roundTrip(story, policy)
        #expect(story.score(of: "anna") == sum)
        story.given(Self.void(gainOn: 2, on: 2))
        #expect(story.score(of: "anna") == (rule == Self.daily ? -1 : 0))
    }

    @Test(arguments: [Self.daily, Self.fading]) func theSumIsInASnapshot(rule: String) throws {
        let policy = try Self.policy(rule)
        let story = Story(policy)
        story.given(enrolled("anna"), Self.gain(on: 1), Self.gain(on: 2), Self.loss(on: 2))
        try roundTrip(story, policy)
        #expect(story.score(of: "anna") == 0)
        story.given(Self.void(gainOn: 2, on: 2))
        #expect(story.score(of: "anna") == (rule == Self.daily ? -1 : 0))
        story.given(tick(on: 9))
        #expect(story.score(of: "anna") == -2_147_483_648)
    }

    private func roundTrip(_ story: Story, _ policy: ScoringPolicy) throws {
        var bytes: [UInt8] = []
        try story.fold.writeSnapshot { bytes += Array($0) }
        let digest = story.fold.digest()
        var reader = ByteReader(story.lend(bytes))
        story.fold = try Fold(policy: policy, snapshot: &reader)
        #expect(reader.isAtEnd)
        #expect(try story.fold.digestOfSnapshot() == digest)
    }

    /// After a switch the points are those of the history, and the reasons the differences of what saturated.
    @Test func aSwitchOfThePolicyAddsWhatSaturated() throws {
        let first = try Self.policy(Self.daily)
        let second = try Self.policy("points: 2147483646, per: day, lasts: 3 days")
        let story = Story(first)
        let happenings = [enrolled("anna"), Self.gain(on: 1), Self.gain(on: 2), Self.loss(on: 2.5), tick(on: 5)]
        story.given(happenings)
        #expect(story.score(of: "anna") == -1)
        let facts = try story.switched(to: second, on: 5, past: happenings, first: first)
        #expect(facts == ["5 anna score -1 A -> -2 A: up -1"])
        let past = happenings + [Story.activation(of: second, on: 5, id: "switch")]
        #expect(
            try story.switched(to: first, on: 5, id: "back", past: past, first: first) == [
                "5 anna score -2 A -> -1 A: up 1"
            ])
        story.given(Self.gain(on: 5.5))
        #expect(story.score(of: "anna") == 0)
    }

    /// A sum costs a word of every record and some work at every event. Only rules that may exceed the limit have one.
    @Test func onlyARuleThatMayExceedTheLimitHasASum() throws {
        func hasSum(_ rule: String) throws -> Bool {
            Fold(policy: try Self.policy(rule)).series[0].hasSum
        }
        // One bucket, which saturates by itself.
        #expect(try !hasSum("points: data.n"))
        #expect(try !hasSum("points: data.n, cap: 5"))
        // 25 months and the present one, in calendars of which the bound knows less.
        #expect(try !hasSum("points: data.n, per: month, cap: 1000000, lasts: 24 months"))
        #expect(try hasSum("points: data.n, per: month, cap: 100000000, lasts: 24 months"))
        // All years of a ledger: 231.
        #expect(try !hasSum("points: data.n, per: year, cap: 9296466"))
        #expect(try hasSum("points: data.n, per: year, cap: 9296467"))
        // All events that a subject may have: 67,108,864.
        #expect(try !hasSum("points: 32, per: day"))
        #expect(try !hasSum("points: -32, per: day, lasts: 9 days, fades: true"))
        #expect(try hasSum("points: 33, per: day"))
        #expect(try hasSum("points: data.n, per: day"))
        #expect(!Fold(policy: try Self.policy("points: 33, per: day"), version: .eighth).series[0].hasSum)
    }
}
