import Events
import Foundation
import Ledger
import Testing

@testable import Replay

@Suite struct AppealReviewTests {
    private static let day: Int64 = 86_400
    private static let policy =
        TestPolicy.text + """
            sanctions:
              - {id: no-credit, dimension: payment, measures: [credit], when: points <= -60, notice: 7 days, lasts: 90 days}
            appeals: {stay: true, decide-within: 30 days}

            """

    private func subject(_ entries: [LedgerEntry]) throws -> SubjectEntries {
        let frames = [
            (offset: Int64(0), bytes: LedgerEntry.frame(session: 9, [.policy(Self.policy)])),
            (offset: Int64(1), bytes: LedgerEntry.frame(session: 1, entries)),
        ]
        return try SubjectEntries(of: Array("anna".utf8), in: SubjectFileTests.archive(frames))
    }

    private func happened(_ type: String, _ number: Int64, _ data: String = "{}") -> LedgerEntry {
        .event(type: type, subject: "anna", offset: number, second: number * Self.day, data: data)
    }

    private var appeal: [LedgerEntry] {
        [
            happened("standing.subject.enrolled", 0, #"{"kind":"individual"}"#), happened("bill.paid", 1),
            happened("bill.missed", 2), happened("bill.missed", 3),
            happened("standing.appeal.filed", 4, #"{"sanction":"no-credit","statement":"Not me."}"#),
        ]
    }

    private func decided(_ outcome: String) -> LedgerEntry {
        happened(
            "standing.appeal.decided", 5,
            #"{"sanction":"no-credit","outcome":"\#(outcome)","reason":"It was the bank."}"#)
    }

    private struct NoReview: Error {}

    private func json(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    @Test func withoutTheDisputedEvidenceTheSanctionFalls() throws {
        let history = try subject(appeal)
        guard let review = try AppealReview(history, sanction: "no-credit", asOf: history.clock) else {
            throw NoReview()
        }
        var writer = JSONWriter()
        review.write(to: &writer)
        let json = try json(Array(writer.bytes))
        let (actual, without) = (json["standing"] as? [String: Any], json["without"] as? [String: Any])
        #expect(actual?["score"] as? Int == 495 && without?["score"] as? Int == 615)
        #expect((actual?["sanctions"] as? [Any])?.count == 1 && (without?["sanctions"] as? [Any])?.isEmpty == true)
        #expect((json["statement"] as? [String: Any])?["statement"] as? String == "Not me.")
        let evidence = try #require(json["evidence"] as? [[String: Any]])
        // The newest first; what gave points is no matter of dispute.
        #expect(evidence.map { $0["type"] as? String } == ["bill.missed", "bill.missed", "bill.paid"])
        #expect(evidence.map { $0["disputed"] as? Bool } == [true, true, false])
        #expect(evidence[0]["data"] as? String == "{}" && evidence[0]["offset"] as? Int == 1)
        if try AppealReview(history, sanction: "rail-ban", asOf: history.clock) != nil {
            Issue.record("there is no such sanction")
        }
    }

    @Test func anAppealIsOpenUntilSomebodyDecidesOrItLapses() throws {
        func appeals(_ entries: [LedgerEntry]) throws -> [SubjectAppeals.Appeal] {
            let history = try subject(entries)
            return try SubjectAppeals(history, asOf: history.clock).appeals
        }
        let open = try #require(try appeals(appeal).first)
        #expect(open.state == .open && open.statement == "Not me." && open.reason == nil)
        #expect(open.decideBy == Timestamp(microseconds: 34 * Self.day * 1_000_000))
        let upheld = try appeals(appeal + [decided("upheld")])
        #expect(upheld.map(\.state) == [.upheld] && upheld.first?.reason == "It was the bank.")
        let rejected = try appeals(appeal + [decided("rejected")])
        #expect(rejected.map(\.state) == [.rejected] && rejected.first?.decideBy == nil)
        let lapsed = try appeals(appeal + [happened("bill.paid", 40)])
        #expect(lapsed.map(\.state) == [.lapsed])
        #expect(lapsed.first?.decidedAt == open.decideBy)
        // There is nothing to appeal against.
        #expect(try appeals(Array(appeal.dropLast(3)) + [appeal[4]]).isEmpty)
    }

    @Test func appealsAreWrittenWithWhatCameOfThem() throws {
        let history = try subject(appeal + [decided("upheld")])
        let appeals = try SubjectAppeals(history, asOf: history.clock)
        var writer = JSONWriter()
        appeals.write(to: &writer)
        let json = try json(Array(writer.bytes))
        let item = try #require((json["appeals"] as? [[String: Any]])?.first)
        #expect(item["sanction"] as? String == "no-credit" && item["state"] as? String == "upheld")
        #expect(item["filedAt"] as? String == "1970-01-05T00:00:00Z" && item["decideBy"] is NSNull)
    }
}
