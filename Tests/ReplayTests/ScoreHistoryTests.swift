import Events
import Foundation
import Ledger
import Testing

@testable import Replay

@Suite struct ScoreHistoryTests {
    private static let day: Int64 = 86_400

    private func history(_ entries: [LedgerEntry], maximum: Int = 100) throws -> ScoreHistory {
        let frames = [
            (offset: Int64(0), bytes: LedgerEntry.frame(session: 9, [.policy(TestPolicy.text)])),
            (offset: Int64(1), bytes: LedgerEntry.frame(session: 1, entries)),
        ]
        let subject = try SubjectEntries(of: Array("anna".utf8), in: SubjectFileTests.archive(frames))
        return try ScoreHistory(subject, maximum: maximum)
    }

    private func happened(_ type: String, _ number: Int64) -> LedgerEntry {
        .event(type: type, subject: "anna", offset: number, second: number * Self.day, data: #"{"kind":"individual"}"#)
    }

    @Test func everyStepOfTheScoreHasItsCause() throws {
        let history = try history([
            happened("standing.subject.enrolled", 0), happened("bill.paid", 1), happened("tea.drunk", 2),
            happened("bill.missed", 3), happened("standing.subject.withdrawn", 4),
        ])
        #expect(history.steps == 4)
        #expect(history.points.map(\.score) == [600, 615, 555, nil])
        #expect(history.points.map(\.band) == ["B", "B", "B", nil])
        #expect(history.points.map { $0.reasons.map(\.rule) } == [[], ["paid"], ["missed"], []])
        var writer = JSONWriter()
        history.write(to: &writer)
        let json = try #require(JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
        let points = try #require(json["points"] as? [[String: Any]])
        #expect(
            points.compactMap { ($0["cause"] as? [String: Any])?["id"] as? String }
                == [0, 1, 3, 4].map { "town-0-\($0)" })
        #expect(points[1]["time"] as? String == "1970-01-02T00:00:00Z" && points[3]["score"] is NSNull)
    }

    private func point(_ number: Int, _ score: Int64) -> ScoreHistory.Point {
        ScoreHistory.Point(
            time: Timestamp(microseconds: Int64(number)), score: score, band: "B", reasons: [], entry: number)
    }

    @Test func whatIsLeftOutIsNoExtreme() {
        let scores = (0..<1000).map { Int64($0 * 7919 % 613) }
        let points = scores.enumerated().map { point($0, $1) }
        for maximum in [4, 10, 40, 999] {
            let thinned = ScoreHistory.thinned(points, to: maximum)
            #expect(thinned.count <= maximum && thinned.count >= maximum / 8)
            #expect(thinned.first == points.first && thinned.last == points.last)
            #expect(thinned.compactMap(\.score).min() == scores.min())
            #expect(thinned.compactMap(\.score).max() == scores.max())
            #expect(thinned.map(\.time) == thinned.map(\.time).sorted())
        }
        #expect(ScoreHistory.thinned(points, to: 1000) == points)
    }
}
