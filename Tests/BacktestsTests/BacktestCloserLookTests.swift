import Backtests
import Foundation
import Policy
import Testing

/// A backtest says what measures come to, which bands flip, and what each rule does.
@Suite struct BacktestCloserLookTests {
    private static let policy = """
        policy: town
        version: 1
        score: {base: 600, min: 350, max: 950}
        kinds: [individual]
        dimensions: {payment: {}}
        measures:
          - {id: missed, dimension: payment, event: bill.missed, count: true, within: 5 days, adverse: true}
          - {id: last, dimension: payment, event: bill.paid, latest: data.cents}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 10}
          - {id: short, dimension: payment, points: "measure.missed >= 1 ? -60 : 0"}
        bands: [{name: C, from: 350}, {name: B, from: 550}, {name: A, from: 600}]
        perks: [{id: bikes, when: score >= 610}]

        """
    /// anna misses a bill, which is out of its window six days later; carl only enrols.
    private static let lines =
        ["anna", "ben", "carl"].map {
            BacktestStory.line("standing.subject.enrolled", $0, 1, #"{"kind":"individual","terms":"1"}"#)
        } + [
            BacktestStory.line("bill.paid", "anna", 2, #"{"cents":500}"#),
            BacktestStory.line("bill.missed", "anna", 3),
            BacktestStory.line("bill.paid", "ben", 10, #"{"cents":300}"#),
        ]

    private func report(asksSensitivity: Bool = false) throws -> BacktestReport {
        var story = try BacktestStory(policy: Self.policy, against: nil, lines: Self.lines)
        story.backtest.asksSensitivity = asksSensitivity
        return try story.report()
    }

    @Test func measuresAtTheEnd() throws {
        let measures = try report().policy.measures
        #expect(measures.map(\.id) == ["missed", "last"])
        #expect(measures.map(\.subjects) == [3, 3])
        #expect(measures.map(\.absent) == [0, 1])
        #expect(measures.map(\.values?.greatest) == [0, 500])
        #expect(measures.map(\.values?.least) == [0, 300])
    }

    @Test func changesOfBandThatAreTakenBack() throws {
        let side = try report().policy
        #expect(side.bandChanges == 2)
        #expect(side.bandReturns.map(\.band) == ["A"])
        #expect(side.bandReturns.map(\.count) == [1])
        #expect(side.bandReturns.map(\.days) == [6])
    }

    @Test func eachRuleSwitchedOff() throws {
        #expect(try report().sensitivity == nil)
        let rules = try #require(try report(asksSensitivity: true).sensitivity)
        #expect(rules.map(\.rule) == ["paid", "short"])
        #expect(rules.map { [$0.gain, $0.pointsGained, $0.lose, $0.pointsLost] } == [[0, 0, 2, -20], [0, 0, 0, 0]])
        #expect(rules.map { [$0.bandUp, $0.bandDown, $0.sanctions, $0.perks] } == [[0, 0, 0, 2], [0, 0, 0, 0]])
    }

    @Test func theTableThePageAndTheJSONSayIt() throws {
        let report = try report(asksSensitivity: true)
        for text in [report.table(), report.page()] {
            for part in [
                "A closer look", "Measures at the end", "back within 90 days", "Without each rule of the candidate",
            ] {
                #expect(text.contains(part), "\(part)")
            }
        }
        let json = report.json()
        #expect(json.contains(#""bandChanges":2,"bandReturns":[{"band":"A","count":1,"days":6}]"#))
        #expect(json.contains(#""measures":[{"id":"missed","subjects":3,"absent":0,"value":{"mean":0.0,"#))
        #expect(json.contains(#""sensitivity":[{"rule":"paid","gain":0,"#))
        _ = try JSONSerialization.jsonObject(with: Data(json.utf8))
        #expect(try self.report().json().hasSuffix("\"sensitivity\":null}\n"))
    }
}
