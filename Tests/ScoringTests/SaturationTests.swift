import Events
import Policy
import Randomness
import Scoring
import Testing

/// Points and values at the edges of 64 bits: the sums saturate as SPEC sections 3 and 4 say, in every order, and a void
/// takes out exactly what was added.
@Suite struct SaturationTests {
    private static let limit = ScoringPolicy.saturation

    private static func policy() throws -> ScoringPolicy {
        try ScoringPolicy(
            yaml: """
                policy: p
                version: 1
                score: {base: \(limit), min: -\(limit), max: \(limit)}
                dimensions: {d: {}, e: {min: -\(limit), max: 7}}
                measures:
                  - {id: sum, dimension: d, event: deed, sum: data.n}
                  - {id: window, dimension: e, event: other, sum: data.n, within: 3 days}
                  - {id: least, dimension: d, event: deed, min: data.n}
                  - {id: most, dimension: e, event: other, max: data.n, within: 2 days}
                rules:
                  - {id: once, dimension: d, event: deed, points: data.n}
                  - {id: capped, dimension: d, event: deed, points: data.n, cap: \(limit)}
                  - {id: rolling, dimension: e, event: other, points: data.n, within: 2 days}
                  - {id: daily, dimension: d, event: deed, points: data.n, per: day, lasts: 2 days}
                  - {id: fading, dimension: d, event: deed, points: data.n, per: day, lasts: 3 days, fades: true}
                  - {id: down, dimension: d, event: down, points: -\(limit)}
                  - {id: measures, dimension: d, points: measure.sum}
                  - {id: far, dimension: d, points: 'has(measure.least) ? measure.least : 0', cap: 5}
                  - {id: windows, dimension: e, points: measure.window}
                  - {id: overflow, dimension: e, points: 'has(measure.most) ? measure.most * 2 : 1'}
                bands: [{name: C, from: -\(limit)}, {name: B, from: 0}, {name: A, from: \(limit)}]
                """, file: "p")
    }

    private static let numbers: [Int64] = {
        let edges: [Int64] = [limit, 1 << 62, .max - 1]
        let around: [Int64] = edges.flatMap { edge in [edge - 1, edge, edge + 1] }
        return around + around.map { -$0 } + [Int64.min, -1, 0, 1]
    }()

    private static func deeds(_ random: inout Seeded, _ count: Int) -> [Happening] {
        (0..<count).map { number in
            let type = ["deed", "deed", "other", "other", "down"][random.below(5)]
            let n = numbers[random.below(numbers.count)]
            return happened(type, "anna", on: 1 + Double(number) / 8, id: "\(number)", data: #"{"n":\#(n)}"#)
        }
    }

    private static func void(_ id: Int, on day: Double) -> Happening {
        happened(
            "standing.event.voided", "anna", on: day, id: "void \(id) \(day)",
            data: #"{"source":"/city","id":"\#(id)","reason":"r"}"#)
    }

    @Test(arguments: 0..<40) func everySumIsThatOfTheNaiveFold(seed: UInt64) throws {
        var random = Seeded(seed)
        let policy = try Self.policy()
        let story = Story(policy)
        var naive = NaiveFold(policy)
        var happenings = [enrolled("anna")] + Self.deeds(&random, 60)
        for _ in 0..<12 {
            let at = 1 + random.below(happenings.count)
            happenings.insert(Self.void(random.below(60), on: 1 + Double(at) / 8), at: at)
        }
        for (number, happening) in (happenings + [tick(on: 30)]).enumerated() {
            let facts = story.given(happening)
            let expected = naive.given(happening)
            try #require(facts == expected, "seed \(seed), happening \(number): \(happening)")
            let standing = try #require(story.standing(of: "anna"))
            let subject = try #require(naive.subjects["anna"])
            try #require(standing.dimensions == naive.dimensions(subject), "seed \(seed), happening \(number)")
            let totals = naive.totals(subject)
            try #require(standing.contributions.allSatisfy { totals[$0.rule] == $0.points }, "seed \(seed), \(number)")
            try #require(totals.allSatisfy { $0.magnitude <= Self.limit.magnitude })
        }
    }

    @Test(arguments: 0..<20) func everyOrderAndEveryVoidGivesTheSameScore(seed: UInt64) throws {
        var random = Seeded(seed)
        let policy = try Self.policy()
        let deeds = Self.deeds(&random, 30)
        let strays = (100..<110).map { number in
            let n = Self.numbers[random.below(Self.numbers.count)]
            return happened("deed", "anna", on: 2, id: "\(number)", data: #"{"n":\#(n)}"#)
        }
        let story = Story(policy)
        story.given([enrolled("anna")] + deeds + [tick(on: 4.8)])
        let shuffled = Story(policy)
        shuffled.given([enrolled("anna")] + (deeds + strays).shuffled(using: &random) + [tick(on: 4.8)])
        shuffled.given((100..<110).map { Self.void($0, on: 4.8) })
        #expect(shuffled.score(of: "anna") == story.score(of: "anna"))
        #expect(shuffled.standing(of: "anna")?.dimensions == story.standing(of: "anna")?.dimensions)
        #expect(shuffled.contributions(to: "anna") == story.contributions(to: "anna"))
    }
}
