@testable import Backtests
import Events
import Foundation
import Policy
import Replay
import Scoring
import TestFiles
import Testing

/// A town with an old policy and a new one.
struct BacktestStory {
    static let old = """
        policy: town
        version: 1
        score: {base: 600, min: 350, max: 950}
        dimensions: {payment: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 10}
          - {id: missed, dimension: payment, event: bill.missed, points: -50}
        bands: [{name: C, from: 350}, {name: B, from: 550}, {name: A, from: 640}]
        perks: [{id: bikes, when: score >= 600}]

        """
    /// Payments count more, but not for ever; late ones count; only people are scored, and those who miss lose credit.
    static let new = """
        policy: town
        version: 2
        score: {base: 600, min: 350, max: 950}
        kinds: [individual]
        dimensions: {payment: {max: 50}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 30}
          - {id: missed, dimension: payment, event: bill.missed, points: -50}
          - {id: late, dimension: payment, event: bill.late, points: -20}
        bands: [{name: C, from: 350}, {name: B, from: 550}, {name: A, from: 640}]
        perks: [{id: bikes, when: score >= 620}]
        sanctions:
          - {id: no-credit, dimension: payment, measures: [credit], when: points <= -50, lasts: 30 days}

        """

    /// anna pays three times, ben misses, carl is late, dora does nothing; emil is a business.
    static let lines =
        ["anna", "ben", "carl", "dora"].map {
            line("standing.subject.enrolled", $0, 1, #"{"kind":"individual","terms":"1"}"#)
        } + [
            line("standing.subject.enrolled", "emil", 1, #"{"kind":"business","terms":"1"}"#),
            line("bill.paid", "anna", 2), line("bill.paid", "anna", 3), line("bill.paid", "anna", 4),
            line("bill.missed", "ben", 4), line("bill.late", "carl", 5),
        ]

    static func line(_ type: String, _ subject: String, _ day: Int, _ data: String = "{}") -> String {
        #"{"specversion":"1.0","id":"\#(type)-\#(day)","source":"/town","type":"\#(type)","subject":"\#(subject)","#
            + #""time":"2026-01-\#(day < 10 ? "0" : "")\#(day)T00:00:00Z","data":\#(data)}"#
    }

    static let outcomes = BacktestOutcomes(
        name: "moved away",
        bySubject: [
            Array("anna".utf8): false, Array("ben".utf8): true, Array("carl".utf8): true, Array("zoe".utf8): true,
        ])

    private let folder: TemporaryFolder
    var backtest: Backtest

    init(policy: String = new, against: String? = old, lines: [String] = lines, outcomes: BacktestOutcomes? = nil)
        throws
    {
        folder = try TemporaryFolder()
        backtest = Backtest(
            policy: try ScoringPolicy(yaml: policy, file: "new.yaml"),
            against: try against.map { try ScoringPolicy(yaml: $0, file: "old.yaml") },
            events: [try folder.write(lines.joined(separator: "\n"), to: "events.jsonl")], outcomes: outcomes)
    }

    /// The report, the path of the file in it left out.
    func report(
        reject: (RejectedLine) -> Void = { Issue.record("\($0)") }
    ) throws -> BacktestReport {
        var report = try backtest.run(reject: reject)
        report.input.files = ["events.jsonl"]
        return report
    }
}

@Suite struct BacktestTests {
    @Test func everyonesMovesAreCounted() throws {
        let report = try BacktestStory().report()
        let found = try #require(report.comparison)
        #expect((found.subjects, found.onlyPolicy, found.onlyAgainst) == (4, 0, 1))
        #expect((found.gain, found.lose, found.stay) == (1, 1, 2))
        #expect((found.pointsGained, found.pointsLost) == (20, -20))
        #expect((found.bandUp, found.bandDown, found.bandSame, found.bandOther) == (1, 0, 3, 0))
        #expect(found.matrix == [[0, 0, 0], [0, 3, 1], [0, 0, 0]])
        #expect(report.policy.bands.map(\.subjects) == [0, 3, 1])
        #expect(report.against?.bands.map(\.subjects) == [0, 5, 0])
        #expect(report.policy.scores?.mean == BacktestRatio(650 + 550 + 580 + 600, over: 4))
        #expect(report.input.clock?.description == "2026-01-05T00:00:00Z")
        #expect(report.input.read == 10)
    }

    @Test func rulesBaseAndLimitsAddUpToTheDifference() throws {
        let found = try #require(try BacktestStory().report().comparison)
        func part(_ source: BacktestReport.Part.Source, _ gained: Int64, _ lost: Int64, _ largest: Int64)
            -> BacktestReport.Part
        { .init(source: source, overGainers: gained, overLosers: lost, largestFor: largest) }
        #expect(
            found.parts == [
                part(.base, 0, 0, 0), part(.rule("paid"), 60, 0, 1), part(.rule("missed"), 0, 0, 0),
                part(.rule("late"), 0, -20, 1), part(.limits, -40, 0, 0),
            ])
        #expect(found.parts.reduce(0) { $0 + $1.overGainers } == found.pointsGained)
        #expect(found.parts.reduce(0) { $0 + $1.overLosers } == found.pointsLost)
        #expect(
            found.gainers == [
                .init(
                    subject: "anna", against: .init(score: 630, band: "B"), policy: .init(score: 650, band: "A"),
                    part: .rule("paid"), points: 60)
            ])
        #expect(found.losers.map(\.subject) == ["carl"])
        #expect(found.losers.map(\.difference) == [-20])
    }

    @Test func sanctionsAndPerksUnderEach() throws {
        let report = try BacktestStory().report()
        #expect(report.policy.sanctions == [.init(id: "no-credit", imposed: 1, inForce: 1)])
        #expect(report.against?.sanctions == [])
        #expect(report.policy.perks == [.init(id: "bikes", granted: 1, revoked: 0, held: 1)])
        #expect(report.against?.perks == [.init(id: "bikes", granted: 5, revoked: 1, held: 4)])
        let found = try #require(report.comparison)
        var credit = BacktestReport.Difference(id: "no-credit")
        credit.onlyPolicy = .init(count: 1, first: ["ben"])
        var bikes = BacktestReport.Difference(id: "bikes")
        bikes.both = 1
        bikes.onlyAgainst = .init(count: 3, first: ["carl", "dora", "emil"])
        #expect(found.sanctions == [credit])
        #expect(found.perks == [bikes])
    }

    /// A notice that ends, and an appeal that is rejected, put the same imposition in force again.
    @Test func aSanctionIsImposedOnceHoweverOftenItsStateChanges() throws {
        let policy = BacktestStory.new.replacing("lasts: 30 days", with: "notice: 7 days, lasts: 30 days")
        let lines = [
            BacktestStory.lines[1], BacktestStory.line("bill.missed", "ben", 2),
            BacktestStory.line("standing.appeal.filed", "ben", 3, #"{"sanction":"no-credit","statement":"no"}"#),
            BacktestStory.line(
                "standing.appeal.decided", "ben", 4, #"{"sanction":"no-credit","outcome":"rejected","reason":"yes"}"#),
            BacktestStory.line("bill.paid", "ben", 10),
        ]
        let report = try BacktestStory(policy: policy, against: nil, lines: lines).report()
        #expect(report.policy.sanctions == [.init(id: "no-credit", imposed: 1, lifted: 1)], "cured at the end")
        let before = try BacktestStory(policy: policy, against: nil, lines: Array(lines.dropLast())).report()
        #expect(before.policy.sanctions == [.init(id: "no-credit", imposed: 1, noticed: 1)])
    }

    @Test func asOfMovesTheClockThere() throws {
        var story = try BacktestStory(against: nil)
        story.backtest.asOf = .init("2026-03-01T00:00:00Z")
        let report = try story.report()
        #expect(report.policy.sanctions == [.init(id: "no-credit", imposed: 1, lifted: 1)])
        #expect(report.input.clock?.description == "2026-03-01T00:00:00Z")
    }

    @Test func aPolicyAgainstItselfMovesNobody() throws {
        let found = try #require(try BacktestStory(against: BacktestStory.new).report().comparison)
        #expect((found.gain, found.lose, found.stay, found.bandSame) == (0, 0, 4, 4))
        #expect(found.parts.allSatisfy { $0.overGainers == 0 && $0.overLosers == 0 && $0.largestFor == 0 })
        #expect(found.sanctions.map(\.both) == [1])
        #expect(found.gainers.isEmpty && found.losers.isEmpty)
    }

    @Test func bandsWithoutACommonOrderAreCountedApart() throws {
        let renamed = BacktestStory.old.replacing("name: B", with: "name: good").replacing(
            "name: A", with: "name: best")
        let found = try #require(try BacktestStory(against: renamed).report().comparison)
        #expect((found.bandUp, found.bandDown, found.bandSame, found.bandOther) == (0, 0, 0, 4))
    }

    @Test func listsAreShortAndInOrder() throws {
        let names = (0..<30).map { "s-\($0)" }
        let lines =
            names.map { BacktestStory.line("standing.subject.enrolled", $0, 1, #"{"kind":"individual","terms":"1"}"#) }
            + names.enumerated().map { BacktestStory.line("bill.\($0 < 2 ? "paid" : "late")", $1, 2) }
        let report = try BacktestStory(lines: lines).report()
        let found = try #require(report.comparison)
        #expect(found.gainers.map(\.subject) == ["s-0", "s-1"])
        #expect(found.losers.map(\.subject) == Array(names.dropFirst(2).sorted().prefix(10)))
        #expect(found.perks[0].onlyAgainst == .init(count: 28, first: found.losers.map(\.subject)))
    }

    // MARK: Outcomes

    @Test func outcomesAreHeldAgainstScores() throws {
        let report = try BacktestStory(outcomes: BacktestStory.outcomes).report()
        #expect(report.outcome == .init(name: "moved away", subjects: 4, outcomes: 3))
        let new = try #require(report.policy.outcome)
        #expect((new.withoutStanding, new.withoutOutcome) == (1, 1))
        #expect((new.separation.with, new.separation.without) == (2, 1))
        #expect(new.separation.auc?.decimal(3) == "1.000")
        #expect(new.separation.ksPoint?.score == 580)
        #expect(new.bands.map(\.subjects) == [0, 2, 1])
        #expect(new.bands.map(\.outcomes) == [0, 2, 0])
        let old = try #require(report.against?.outcome)
        #expect((old.withoutStanding, old.withoutOutcome) == (1, 2))
    }

    @Test(
        .enabled(
            if: Shared.has("golden/card.yaml", "data/card.jsonl.gz", "data/card-outcomes-even.csv"),
            "shared/ is not here"))
    func theCardPolicySeparatesAsItShould() throws {
        let text = try String(contentsOfFile: Shared.path("golden/card.yaml"), encoding: .utf8)
        let report = try Backtest(
            policy: try ScoringPolicy(yaml: text, file: "card.yaml"), events: [Shared.path("data/card.jsonl.gz")],
            outcomes: try BacktestOutcomes(csv: Shared.path("data/card-outcomes-even.csv"))
        ).run { Issue.record("\($0)") }
        let found = try #require(report.policy.outcome)
        #expect(found.separation.auc?.decimal(3) == "0.707")
        #expect((found.withoutStanding, found.withoutOutcome) == (0, 15_000))
        #expect(found.deciles.reduce(0) { $0 + $1.subjects } == 15_000)
        #expect(report.policy.subjects == 30_000)
    }

    @Test(
        .enabled(if: Shared.has("golden/lifecycle.yaml", "data/lifecycle.jsonl.gz"), "shared/ is not here"))
    func everyImpositionIsCounted() throws {
        let text = try String(contentsOfFile: Shared.path("golden/lifecycle.yaml"), encoding: .utf8)
        let policy = try ScoringPolicy(yaml: text, file: "lifecycle.yaml")
        let found = try Backtest(policy: policy, events: [Shared.path("data/lifecycle.jsonl.gz")]).run { _ in }.policy
        #expect(found.sanctions.reduce(0) { $0 + $1.imposed } == found.counters.sanctionsImposed)
        for item in found.sanctions {
            #expect(item.imposed == item.lifted + item.noticed + item.inForce + item.stayed, "\(item.id)")
        }
        for item in found.perks { #expect(item.granted == item.revoked + item.held, "\(item.id)") }
    }

    // MARK: Files

    @Test func whatIsNoEventIsRejectedOnceForBoth() throws {
        var lines = BacktestStory.lines
        lines.insert("no JSON", at: 3)
        var rejected: [String] = []
        let report = try BacktestStory(lines: lines).report { rejected.append("\($0)") }
        #expect(rejected.count == 1)
        #expect(rejected.first?.hasSuffix("events.jsonl:4: error: event must be a JSON object") == true)
        #expect((report.input.read, report.input.rejected) == (11, 1))
        #expect(report.comparison == (try BacktestStory().report().comparison))
    }

    @Test func aFileThatIsNotThereIsAnError() throws {
        var story = try BacktestStory()
        story.backtest.events = ["/nowhere/events.jsonl"]
        #expect(throws: LineReader.Failure.self) { try story.report() }
    }
}
