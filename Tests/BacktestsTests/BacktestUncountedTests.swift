import Backtests
import Events
import Foundation
import Policy
import Scoring
import Testing

/// A backtest says what did not count, and why.
@Suite struct BacktestUncountedTests {
    private static let old = """
        policy: rides
        version: 1
        early: 0 hours
        score: {base: 600, min: 350, max: 950}
        kinds: [individual]
        dimensions: {driving: {}}
        rules:
          - {id: ride, dimension: driving, event: ride.finished, points: 2}
        bands: [{name: A, from: 350}]

        """
    /// A whole number of kilometres is an int, which a double does not divide.
    private static let new = old.replacing("version: 1", with: "version: 2")
        .replacing("points: 2", with: #"points: "int(data.km / 10.0)""#)

    private static func line(
        _ type: String, _ id: String, _ subject: String = "anna", _ data: String = "{}"
    ) -> String {
        #"{"specversion":"1.0","id":"\#(id)","source":"/rides","type":"\#(type)","subject":"\#(subject)","#
            + #""time":"2026-01-02T00:00:00Z","data":\#(data)}"#
    }

    private static let lines = [
        line("standing.subject.enrolled", "e1", "anna", #"{"kind":"individual","terms":"1"}"#),
        line("ride.finished", "r1", "anna", #"{"km":25.0}"#), line("ride.finished", "r2", "anna", #"{"km":25}"#),
        line("ride.finished", "r3", "anna", #"{"km":40}"#), line("ride.finished", "r4"), line("ride.finishd", "r5"),
        line("tea.drunk", "r6"), line("ride.finished", "r1"), line("ride.finished", "r7", "bert"),
    ]

    private func report(listLimit: Int = 10) throws -> BacktestReport {
        var story = try BacktestStory(policy: Self.new, against: Self.old, lines: Self.lines)
        story.backtest.listLimit = listLimit
        return try story.report()
    }

    @Test func errorsAndTypesAndSubjects() throws {
        let report = try report()
        #expect(
            report.policy.diagnosis.failures == [
                .init(
                    part: .rule, id: "ride", reason: "no such overload", count: 2,
                    example: .init(source: "/rides", id: "r2")),
                .init(
                    part: .rule, id: "ride", reason: "no such field", count: 1,
                    example: .init(source: "/rides", id: "r4")),
            ])
        #expect(report.against?.diagnosis.failures == [])
        let types: [Diagnosis.UnmatchedType] = [
            .init(type: "ride.finishd", events: 1, nearest: "ride.finished"), .init(type: "tea.drunk", events: 1),
        ]
        #expect(report.policy.diagnosis.unmatchedTypes == types)
        #expect(report.against?.diagnosis.unmatchedTypes == types)
        #expect(report.policy.notEnrolledByFile == [1])
        #expect(report.policy.diagnosis.waiting == 0)
    }

    @Test func whatComesTooEarlyWaitsAtTheEnd() throws {
        let text = Self.old.replacing("early: 0 hours", with: "early: 1 hour")
        let report = try BacktestStory(policy: text, against: nil, lines: Self.lines).report()
        #expect(report.policy.diagnosis.waiting == 1)
        #expect(report.policy.notEnrolledByFile == [0])
        #expect(report.table().contains("that wait for an enrolment at the end"))
    }

    @Test func theTableSaysIt() throws {
        let table = try report().table()
        #expect(
            table.hasSuffix(
                """

                What did not count, and why

                Events
                                                     candidate  baseline
                  of subjects who are not enrolled           1         1
                  that no rule and no sanction took          5         2
                  that came once more                        1         1

                Expressions that had no value, and the first event without one
                                        error             event's source  its id  times
                  rule ride  candidate  no such overload  /rides          r2          2
                  rule ride  candidate  no such field     /rides          r4          1

                Event types that no rule and no sanction names
                                                                        events
                  ride.finishd  candidate  did you mean ride.finished?       1
                  tea.drunk     candidate                                    1
                  ride.finishd  baseline   did you mean ride.finished?       1
                  tea.drunk     baseline                                     1

                Events of subjects who are not enrolled, by file
                                           events
                  events.jsonl  candidate       1
                  events.jsonl  baseline        1

                """), "\(table)")
    }

    @Test func thePageSaysIt() throws {
        let page = try report().page()
        for text in [
            "What did not count, and why", "no such overload", "/rides", "r2", "did you mean ride.finished?",
            "Events of subjects who are not enrolled, by file",
        ] {
            #expect(page.contains(text), "\(text)")
        }
    }

    @Test func theJSONSaysIt() throws {
        let json = try report().json()
        #expect(
            json.contains(
                #""evaluationErrors":3,"errors":[{"rule":"ride","error":"no such overload","count":2,"source":"/rides","#
                    + #""id":"r2"},{"rule":"ride","error":"no such field","count":1,"source":"/rides","id":"r4"}],"#
                    + #""unmatchedTypes":[{"type":"ride.finishd","events":1},{"type":"tea.drunk","events":1}],"#
                    + #""notEnrolledByFile":[{"file":"events.jsonl","events":1}],"waiting":0,"score":{"#))
        #expect(json.contains(#""evaluationErrors":0,"errors":[],"unmatchedTypes":"#))
        _ = try JSONSerialization.jsonObject(with: Data(json.utf8))
    }

    /// Without lists of subjects no event is named either: its id can be that of a person.
    @Test func withoutListsNoEventIsNamed() throws {
        let report = try report(listLimit: 0)
        #expect(report.policy.diagnosis.failures.map(\.count) == [2, 1])
        #expect(report.json().contains(#""count":2,"source":null,"id":null}"#))
        for text in [report.table(), report.page(), report.json()] {
            #expect(!text.contains("/rides") && !text.contains("r2"))
            #expect(text.contains("no such overload"))
        }
    }

    @Test func whereEverythingCountsThereIsNoSuchSection() throws {
        let report = try BacktestStory(policy: Self.old, against: nil, lines: Array(Self.lines.prefix(3))).report()
        #expect(!report.table().contains("What did not count"))
        #expect(!report.page().contains("What did not count"))
    }
}
