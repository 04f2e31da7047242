import Events
import Foundation
import Replay
import Testing

/// A subject's file says why an event did not count.
@Suite struct SubjectFileErrorsTests {
    private static let policy = """
        policy: rides
        version: 1
        score: {base: 600, min: 350, max: 950}
        dimensions: {driving: {}}
        rules:
          - {id: ride, dimension: driving, event: ride.finished, points: "int(data.km / 10.0)"}
          - {id: calm, dimension: driving, event: calm.driven, points: 5, per: day, lasts: 1 day}
        bands: [{name: A, from: 350}]
        perks: [{id: ratio, when: 'score == 600 || 100 / (dimension.driving - 2) > 5'}]

        """

    private static let hour: Int64 = 3600

    private func happened(_ type: String, _ number: Int64, hour: Int64, _ data: String = "{}") -> LedgerEntry {
        .event(type: type, subject: "anna", offset: number, second: hour * Self.hour, data: data)
    }

    private func enrolled(_ number: Int64, hour: Int64) -> LedgerEntry {
        happened("standing.subject.enrolled", number, hour: hour, #"{"kind":"individual","terms":"t"}"#)
    }

    /// Of `history`: the last part of each event's id, whether it is unmatched, and its errors.
    private func history(_ entries: [LedgerEntry], asOf hour: Int64) throws -> [String] {
        let history = try SubjectFileTests.archive([
            (offset: Int64(0), bytes: LedgerEntry.frame(session: 9, [.policy(Self.policy)])),
            (offset: Int64(1), bytes: LedgerEntry.frame(session: 1, entries)),
        ])
        let file = try SubjectFile(
            SubjectEntries(of: Array("anna".utf8), in: history),
            asOf: Timestamp(microseconds: hour * Self.hour * 1_000_000))
        var writer = JSONWriter()
        file.write(to: &writer)
        let json = try #require(JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
        let items = try #require(json["history"] as? [[String: Any]])
        return items.filter { $0["id"] as? String != "policy" }.map { item in
            let id = (item["id"] as? String)?.split(separator: "-").last ?? "timer"
            let isUnmatched = item["unmatched"] as? Bool == true ? " unmatched" : ""
            let errors = (item["errors"] as? [[String: Any]] ?? []).map { error in
                error.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            }
            return "\(id)\(isUnmatched)\(errors.joined(separator: ";"))"
        }
    }

    @Test func eachStepHasItsErrors() throws {
        let found = try history(
            [
                enrolled(0, hour: 0), happened("ride.finished", 1, hour: 1, #"{"km":25.0}"#),
                happened("ride.finished", 2, hour: 2, #"{"km":25}"#), happened("ride.finished", 3, hour: 3),
                happened("ride.finishd", 4, hour: 4, #"{"km":25.0}"#),
            ], asOf: 5)
        #expect(
            found == [
                "0", "1 error=division by zero perk=ratio", "2 error=no such overload rule=ride",
                "3 error=no such field rule=ride", "4 unmatched",
            ])
    }

    /// They stand where the event counts from: at the enrolment.
    @Test func anEarlyEventsErrorsNameIt() throws {
        let found = try history(
            [
                happened("ride.finished", 1, hour: 1, #"{"km":25}"#), happened("ride.finishd", 2, hour: 1),
                happened("ride.finished", 3, hour: 1, #"{"km":35}"#), enrolled(4, hour: 1),
            ], asOf: 2)
        #expect(
            found == [
                "1", "2 unmatched", "3", "4 count=2 error=no such overload id=town-0-1 rule=ride source=/town",
            ])
    }

    /// The end of the day takes the 5 points of a calm drive, the 2 of a ride stay.
    @Test func whatTimeBringsHasNoEvent() throws {
        let found = try history(
            [
                enrolled(0, hour: 0), happened("calm.driven", 1, hour: 1),
                happened("ride.finished", 2, hour: 2, #"{"km":25.0}"#),
            ], asOf: 100)
        #expect(found == ["0", "1", "2", "timer error=division by zero perk=ratio"])
    }
}
