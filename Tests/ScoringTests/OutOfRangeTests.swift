import Events
import Policy
import Randomness
@testable import Scoring
import Testing

/// Entries whose time lies outside 1970 to 2200, or too far beyond the clock; and what the expressions of one event may cost.
@Suite struct OutOfRangeTests {
    private static let far = Timestamp("9999-12-31T23:59:59Z")!

    private func at(_ time: String, _ happening: Happening) -> Happening {
        var moved = happening
        moved.time = Timestamp(time)!
        return moved
    }

    @Test func suchAnEntryContributesNothingAndMovesNothing() throws {
        let town = Story(try TownPolicy.policy())
        town.given(enrolled("anna"), happened("noise.made", "anna", on: 1))
        let (clock, score) = (town.fold.clock, town.standing(of: "anna")?.level.score)
        let strays = [
            at("9999-01-01T00:00:00Z", tick(on: 0)), at("1969-12-31T23:59:59Z", tick(on: 0)),
            at("2201-01-01T00:00:00Z", happened("noise.made", "anna", on: 2)),
            at("2040-01-01T00:00:00Z", happened("noise.made", "anna", on: 3)),
            at("1960-01-01T00:00:00Z", happened("noise.made", "anna", on: 4)),
            at("2040-01-01T00:00:00Z", withdrawn("anna", on: 5)),
            at("2040-01-01T00:00:00Z", enrolled("bert", on: 6)),
            at("2040-01-01T00:00:00Z", happened("noise.made", "carl", on: 7)),
        ]
        #expect(town.given(strays) == [])
        #expect(town.fold.counters.outOfRange == Int64(strays.count))
        #expect(town.fold.clock == clock && town.standing(of: "anna")?.level.score == score)
        #expect(town.fold.subjectCount == 1 && town.fold.counters.early == 0)
        // It has not used up its identity.
        var again = strays[2]
        again.time = Happening.day(8)
        #expect(town.given(again).count == 1)
    }

    /// The first entry that has a time is not held against a clock that nothing has moved.
    @Test func aClockThatNothingHasMovedIsNotCompared() throws {
        let town = Story(try TownPolicy.policy())
        town.given(at("1999-01-01T00:00:00Z", tick(on: 0)))
        #expect(town.fold.counters.outOfRange == 0 && town.fold.clock == Timestamp("1999-01-01T00:00:00Z"))
        town.given(at("2009-01-01T00:00:00.000001Z", tick(on: 0)), at("2009-01-01T00:00:00Z", tick(on: 0)))
        #expect(town.fold.counters.outOfRange == 1 && town.fold.clock == Timestamp("2009-01-01T00:00:00Z"))
    }

    @Test func anOlderLedgerTakesThemAsItDid() throws {
        let town = Story(try TownPolicy.policy())
        town.fold = Fold(policy: town.fold.policy, version: .third)
        town.given(enrolled("anna"), at("2090-01-01T00:00:00Z", tick(on: 0)))
        #expect(town.fold.counters.outOfRange == 0 && town.fold.clock == Timestamp("2090-01-01T00:00:00Z"))
        // Nothing overflows at the end of all times that can be written.
        town.given(happened("noise.made", "anna", on: 1), at("9999-12-31T23:59:59Z", tick(on: 0)))
        var last = happened("noise.made", "anna", on: 2)
        last.time = Self.far
        town.given(last)
        #expect(town.fold.clock == Self.far)
    }

    /// Random lives with and without such entries are the same.
    @Test(arguments: 0..<20) func livesGoOnAsIfTheyHadNotCome(seed: UInt64) throws {
        let (with, without) = (Story(try TownPolicy.policy()), Story(try TownPolicy.policy()))
        var model = LifeModel()
        var lives = Lives(seed: seed, subjects: 12, daysAnEvent: 2)
        var random = Seeded(seed)
        for number in 0..<400 {
            let happening = lives.next()
            if Int.random(in: 0..<4, using: &random) == 0, number > 0 {
                var stray = lives.next()
                if stray.type != nil { stray.id += "-stray" }
                stray.time = [Timestamp(microseconds: -1), Timestamp("2201-01-01T00:00:00Z")!, Self.far].randomElement(
                    using: &random)!
                #expect(with.given(stray) == [])
            }
            let emitted = with.given(happening)
            #expect(emitted == without.given(happening))
            _ = model.given(happening)
        }
        #expect(with.fold.counters.outOfRange > 0 && without.fold.counters.outOfRange == 0)
        #expect(with.fold.digest() == without.fold.digest())
    }

    private static let slow = """
        policy: slow
        version: 1
        early: 1 day
        score: {base: 600, min: 350, max: 950}
        dimensions: {payment: {}, court: {}}
        rules:
          - {id: day, dimension: payment, event: bill.late, points: -60, per: day, lasts: 1000 years}
          - {id: month, dimension: payment, event: bill.late, points: -1, per: month, lasts: 12000 months}
          - {id: year, dimension: payment, event: bill.late, points: -1, per: year, lasts: 366000 days}
          - {id: noon, dimension: payment, event: bill.late, when: time.getFullYear() > 2000, points: -1}
        bands: [{name: C, from: 350}, {name: A, from: 600}]
        perks:
          - {id: bikes, when: band == "A", grace: 1000 years}
        sanctions:
          - {id: credit, dimension: payment, measures: [credit], when: points <= -60, notice: 10 years, lasts: 1000 years}
          - {id: debtor, dimension: court, measures: [air], event: court.defaulted, lasts: 1000 years}
        appeals: {decide-within: 1000 years}

        """

    /// All that is added to a time saturates: buckets, terms, notices, graces, deadlines and waits under every version, whatever
    /// the time. The reader of frames lets no time through that a calendar does not have; the fold does not depend on it.
    @Test(arguments: FoldVersion.allCases) func noTimeTraps(version: FoldVersion) throws {
        let policy = try ScoringPolicy(yaml: Self.slow, file: "slow.yaml")
        let extremes: [Int64] = [
            .min, .min + 1, -62_135_596_800_000_001, -62_135_596_800_000_000, -1, 0, 7_289_654_399_999_999,
            7_289_654_400_000_000, 253_402_300_799_999_999, 253_402_300_800_000_000, .max - 1, .max,
        ]
        for first in extremes {
            let town = Story(policy)
            town.fold = Fold(policy: policy, version: version)
            for (number, second) in ([first] + extremes).enumerated() {
                let data = #"{"sanction":"\#(["credit", "debtor"][number % 2])","outcome":"rejected"}"#
                var entries = [
                    happened("bill.late", "anna", on: 0, id: "early \(number)"), enrolled("anna", id: "\(number)"),
                    happened("bill.late", "anna", on: 0, id: "late \(number)"),
                    happened("court.defaulted", "anna", on: 0, id: "court \(number)"),
                    happened("standing.appeal.filed", "anna", on: 0, id: "filed \(number)", data: data),
                    happened("standing.appeal.decided", "anna", on: 0, id: "decided \(number)", data: data),
                    FullLives.void(happened("bill.late", "anna", on: 0, id: "none"), on: 0, id: "void \(number)"),
                    tick(on: 0),
                ]
                for index in entries.indices {
                    entries[index].time = Timestamp(microseconds: second)
                    _ = town.encoded(entries[index])
                }
            }
            _ = town.fold.digest()
            #expect(town.fold.counters.outOfRange > 0 || version < .fourth)
        }
    }

    // MARK: Cost

    private static func policy(rules: Int) -> String {
        let list = (0..<rules).map {
            "  - {id: r\($0), dimension: d, event: e, when: 'data.list.all(x, data.list.exists(y, y == x))', points: 1}"
        }
        return """
            policy: costly
            version: 1
            score: {base: 0, min: 0, max: 1000}
            dimensions: {d: {}}
            rules:
            \(list.joined(separator: "\n"))
            bands: [{name: A, from: 0}]
            """
    }

    private func story(rules: Int) throws -> Story {
        Story(try ScoringPolicy(yaml: Self.policy(rules: rules), file: "costly.yaml"))
    }

    private func event(_ id: String, numbers: Int) -> Happening {
        let list = (0..<numbers).map(String.init).joined(separator: ",")
        return happened("e", "anna", on: 1, id: id, data: "{\"list\":[\(list)]}")
    }

    /// Each of its rules alone is within `Limit.cost`; together they are not.
    @Test func oneEventOfManyRulesHasACostBudget() throws {
        let town = try story(rules: 40)
        town.given(enrolled("anna"), event("small", numbers: 10))
        #expect(town.standing(of: "anna")?.level.score == 40)
        town.given(event("large", numbers: 500))
        let scored = try #require(town.standing(of: "anna")?.level.score) - 40
        #expect(scored > 0 && scored < 40, "the first rules have their value, those beyond the budget are errors")
        #expect(town.fold.counters.evaluationErrors == 40 - scored)
        let failures = town.fold.diagnosis.failures
        #expect(failures.count == Int(40 - scored))
        #expect(failures.allSatisfy { $0.reason == "the expressions of this event take too much work together" })
        // The next event has a budget of its own.
        town.given(event("next", numbers: 10))
        #expect(town.standing(of: "anna")?.level.score == 80 + scored)
        let again = try story(rules: 40)
        again.given(enrolled("anna"), event("small", numbers: 10), event("large", numbers: 500))
        #expect(again.standing(of: "anna")?.level.score == 40 + scored)
    }

    @Test func anOlderLedgerHasNoCostBudget() throws {
        let town = try story(rules: 40)
        town.fold = Fold(policy: town.fold.policy, version: .third)
        town.given(enrolled("anna"), event("large", numbers: 500))
        #expect(town.standing(of: "anna")?.level.score == 40 && town.fold.counters.evaluationErrors == 0)
    }

    /// Forty rules over measures and a perk, each within `Limit.cost` where an event is in the measure.
    private static func standingPolicy() throws -> ScoringPolicy {
        let costly = "constant.list.all(x, constant.list.exists(y, y == x + 0 * "
        let rules = (0..<40).map {
            "  - {id: r\($0), dimension: d, points: 'measure.n > 0 && \(costly)measure.n)) ? 1 : 0'}"
        }
        return try ScoringPolicy(
            yaml: """
                policy: costly
                version: 1
                score: {base: 0, min: 0, max: 1000}
                dimensions: {d: {}}
                constants: {list: [\((0..<250).map(String.init).joined(separator: ","))]}
                attributes: {a: int}
                measures: [{id: n, dimension: d, event: e, count: true, within: 2 days}]
                rules:
                \(rules.joined(separator: "\n"))
                bands: [{name: A, from: 0}]
                perks: [{id: p, when: 'score > 0 && \(costly)score))'}]
                """, file: "costly.yaml")
    }

    /// An event, a void, a second enrolment and a timer: each has a budget of its own, of which perks have what is left.
    @Test func whatFollowsFromOneStepHasACostBudget() throws {
        let town = Story(try Self.standingPolicy())
        func score() -> Int64 { town.standing(of: "anna")?.level.score ?? -1 }
        town.given(enrolled("anna"))
        #expect(town.fold.counters.evaluationErrors == 0)
        town.given(event("first", numbers: 0))
        let scored = score()
        #expect(scored > 0 && scored < 40, "the first rules have their value, those beyond the budget are errors")
        #expect(town.perks(of: "anna") == [])
        #expect(town.fold.counters.evaluationErrors == 40 - scored + 1)
        town.given(enrolled("bert", on: 1))
        #expect(town.fold.counters.evaluationErrors == 40 - scored + 1, "nothing follows from what another one spent")
        let second = happened("e", "anna", on: 2, id: "second")
        town.given(second)
        #expect(score() == scored)
        town.given(FullLives.void(second, on: 2, id: "void"))
        #expect(score() == scored)
        var again = enrolled("anna", on: 2, id: "again")
        again.data = #"{"kind":"individual","terms":"t","attributes":{"a":1}}"#
        town.given(again, happened("e", "anna", on: 3, id: "third"))
        #expect(score() == scored)
        // The first one leaves the window, and the third is still in it.
        let errors = town.fold.counters.evaluationErrors
        town.given(tick(on: 4.5))
        #expect(score() == scored)
        #expect(town.fold.counters.evaluationErrors == errors + 40 - scored + 1)
        town.given(tick(on: 9))
        #expect(score() == 0)
    }

    @Test func anOlderLedgerHasNoCostBudgetForWhatFollows() throws {
        let town = Story(try Self.standingPolicy(), version: .fifth)
        town.given(enrolled("anna"), event("first", numbers: 0))
        #expect(town.standing(of: "anna")?.level.score == 40)
        #expect(town.perks(of: "anna") == ["p"])
        #expect(town.fold.counters.evaluationErrors == 0)
    }
}
