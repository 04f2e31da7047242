import Events
import Policy
import Scoring
import Testing

extension FoldTests {
    private func paid(_ count: Int, _ subject: String = "anna") -> [Happening] {
        (0..<count).map { happened("bill.paid", subject, on: 1, id: "paid-\($0)") }
    }

    // MARK: score = clamp(base + sum of D, min, max)

    @Test func pointsAddUp() {
        town.given(enrolled("anna"))
        #expect(town.given(happened("bill.paid", "anna", on: 1)) == ["1 anna score 600 B -> 615 B: paid 15"])
        #expect(town.given(happened("bill.missed", "anna", on: 2)) == ["2 anna score 615 B -> 555 B: missed -60"])
        #expect(town.given(happened("bill.late", "anna", on: 3)) == ["3 anna score 555 B -> 495 C: missed -60"])
        #expect(town.contributions(to: "anna") == ["paid 15 of 1", "missed -120 of 2"])
    }

    @Test func aDimensionIsClampedButNothingIsForgotten() {
        town.given(enrolled("anna"))
        town.given(paid(10))
        #expect(town.score(of: "anna") == 700)
        #expect(town.standing(of: "anna")?.dimensions == [100, 0])
        // 150 points are more than the clamp of 100, so the first 50 lost cost nothing.
        #expect(town.given(happened("bill.missed", "anna", on: 2)) == ["2 anna score 700 A -> 690 A: missed -60"])
        for day in 3...9 { town.given(happened("bill.missed", "anna", on: Double(day))) }
        #expect(town.standing(of: "anna")?.dimensions == [-200, 0])
        #expect(town.score(of: "anna") == 400)
    }

    @Test func aChangeBehindAClampIsNoFact() {
        town.given(enrolled("anna"))
        town.given(paid(7))
        #expect(town.score(of: "anna") == 700)
        #expect(town.given(happened("bill.paid", "anna", on: 2)) == [])
        #expect(town.fold.counters.scored == 8)
    }

    @Test func theScoreIsClamped() {
        town.given(enrolled("anna"), enrolled("carl"))
        #expect(town.given(happened("life.saved", "anna", on: 1)) == ["1 anna score 600 B -> 950 A: rescue 400"])
        #expect(town.given(happened("crime.done", "carl", on: 1)) == ["1 carl score 600 B -> 350 C: crime -400"])
        #expect(town.given(happened("crime.done", "anna", on: 2)) == ["2 anna score 950 A -> 600 B: crime -400"])
    }

    @Test func aCapClampsARulesSum() {
        town.given(enrolled("shop", kind: "business"))
        let wages = (1...4).map { happened("wage.paid", "shop", on: Double($0)) }
        #expect(
            town.given(wages) == [
                "1 shop score 600 B -> 630 B: fair 30", "2 shop score 630 B -> 660 A: fair 30",
            ])
        #expect(town.contributions(to: "shop") == ["fair 60 of 4"])
        town.given(enrolled("anna"))
        for day in 5...9 { town.given(happened("noise.made", "anna", on: Double(day))) }
        #expect(town.score(of: "anna") == 590)
    }

    @Test func reasonsComeLargestFirst() {
        town.given(enrolled("shop", kind: "business"))
        #expect(
            town.given(happened("bill.paid", "shop", on: 1)) == ["1 shop score 600 B -> 645 A: fair 30, paid 15"])
        #expect(
            town.given(happened("bill.paid", "shop", on: 2)) == ["2 shop score 645 A -> 690 A: fair 30, paid 15"])
        #expect(town.given(happened("bill.paid", "shop", on: 3)) == ["3 shop score 690 A -> 700 A: paid 15"])
    }

    @Test func equalReasonsComeInPolicyOrder() throws {
        let story = Story(
            try ScoringPolicy(
                yaml: """
                    policy: p
                    version: 1
                    score: {base: 0, min: -100, max: 100}
                    dimensions: {d: {}, c: {}}
                    rules:
                      - {id: one, dimension: d, event: e, points: 3}
                      - {id: two, dimension: d, event: e, points: -3}
                      - {id: three, dimension: d, event: e, points: 4}
                      - {id: four, dimension: d, event: e, points: -3}
                    bands: [{name: B, from: -100}]
                    """, file: "p"))
        story.given(enrolled("anna"))
        #expect(
            story.given(happened("e", "anna", on: 1)) == ["1 anna score 0 B -> 1 B: three 4, one 3, two -3, four -3"])
    }

    /// Each band's edge belongs to it.
    @Test func bandsFollowTheScore() {
        town.given(enrolled("anna"))
        let bands = [
            ("bill.missed", 540, "C"), ("bill.paid", 555, "B"), ("noise.made", 550, "B"),
            ("noise.made", 545, "C"), ("life.saved", 945, "A"),
        ]
        for (day, (type, score, band)) in bands.enumerated() {
            town.given(happened(type, "anna", on: Double(day + 1)))
            let level = town.standing(of: "anna")?.level
            #expect(level?.score == Int64(score))
            #expect(level.map { town.fold.policy.bands[$0.band].name } == band)
        }
    }

    @Test func aFactMayChangeTheScoreAlone() {
        town.given(enrolled("anna"))
        #expect(town.given(happened("noise.made", "anna", on: 1)) == ["1 anna score 600 B -> 595 B: noise -5"])
    }

    /// As many types as a policy may have, in few hash slots: each finds its own rule.
    @Test func everyTypeFindsItsRule() throws {
        let rules = (0..<ScoringPolicy.maximumRules).map {
            "  - {id: r\($0), dimension: d, event: [e\($0), f\($0)], points: \($0 + 1)}"
        }
        let story = Story(
            try ScoringPolicy(
                yaml: """
                    policy: p
                    version: 1
                    score: {base: 0, min: 0, max: 1000000}
                    dimensions: {d: {}}
                    rules:
                    \(rules.joined(separator: "\n"))
                    bands: [{name: B, from: 0}]
                    """, file: "p"))
        story.given(enrolled("anna"))
        var sum = Int64(0)
        for rule in 0..<ScoringPolicy.maximumRules {
            story.given(happened(rule.isMultiple(of: 2) ? "e\(rule)" : "f\(rule)", "anna", on: 1))
            sum += Int64(rule + 1)
            #expect(story.score(of: "anna") == sum)
        }
        #expect(story.given(happened("e", "anna", on: 2)) == [])
        #expect(story.standing(of: "anna")?.contributions.map(\.points) == (1...1024).map { Int64($0) })
    }

    @Test func sumsSaturate() throws {
        let limit = ScoringPolicy.saturation
        let story = Story(
            try ScoringPolicy(
                yaml: """
                    policy: p
                    version: 1
                    score: {base: 0, min: -\(limit), max: \(limit)}
                    dimensions: {d: {}}
                    rules:
                      - {id: up, dimension: d, event: up, points: \(limit)}
                      - {id: down, dimension: d, event: down, points: -\(limit)}
                    bands: [{name: B, from: -\(limit)}]
                    """, file: "p"))
        story.given(enrolled("anna"))
        for number in 0..<5 { story.given(happened("up", "anna", on: 1, id: "\(number)")) }
        #expect(story.score(of: "anna") == limit)
        story.given(happened("down", "anna", on: 2))
        #expect(story.score(of: "anna") == 0)
    }
}
