import Events
import Foundation
import Ledger
import Policy
import Randomness
import Scoring
import Simulation
import Testing

@testable import Replay

@Suite struct SubjectDifferenceTests {
    private typealias Point = SubjectDifference.Point

    private static let day: Int64 = 86_400

    private static let text = """
        policy: town
        version: 1
        score: {base: 600, min: 350, max: 950}
        attributes: {tier: string}
        dimensions: {payment: {min: -200, max: 100}, conduct: {}}
        measures:
          - {id: calls, dimension: conduct, event: call.made, count: true, within: 30 days}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 15}
          - {id: missed, dimension: payment, event: bill.missed, points: -60, per: month, lasts: 2 months}
          - {id: gold, dimension: conduct, points: 'attribute.tier == "gold" ? 40 : 0'}
        bands: [{name: C, from: 350}, {name: B, from: 550}, {name: A, from: 640}]
        sanctions:
          - {id: loans, dimension: payment, measures: [loans], when: points <= -40, lasts: 100 days}

        """

    private func happened(_ type: String, _ number: Int64, day: Int64, data: String = "", subject: String = "anna")
        -> LedgerEntry
    {
        .event(type: type, subject: subject, offset: number, second: day * Self.day, data: data)
    }

    private func enrolled(_ number: Int64, day: Int64, tier: String = "none") -> LedgerEntry {
        happened(
            "standing.subject.enrolled", number, day: day,
            data: #"{"kind":"individual","terms":"t","attributes":{"tier":"\#(tier)"}}"#)
    }

    private func time(_ day: Int64) -> Timestamp { Timestamp(microseconds: day * Self.day * 1_000_000) }

    private func entries(_ entries: [LedgerEntry]) throws -> SubjectEntries {
        let frames =
            [(offset: Int64(0), bytes: LedgerEntry.frame(session: 9, [.policy(Self.text)]))]
            + entries.enumerated().map { number, entry in
                (offset: Int64(number + 1), bytes: LedgerEntry.frame(session: 1, number: UInt64(number), [entry]))
            }
        return try SubjectEntries(of: Array("anna".utf8), in: SubjectFileTests.archive(frames))
    }

    private func difference(_ entries: SubjectEntries, from start: Int64, to end: Int64) throws -> SubjectDifference {
        try SubjectDifference(
            entries, from: Point(time(start), in: entries), to: Point(time(end), in: entries))
    }

    private func scores(_ difference: SubjectDifference) -> [String: Int64] {
        Dictionary(
            uniqueKeysWithValues: difference.parts.filter { $0.steps > 0 }.map { ($0.sort.rawValue, $0.score) })
    }

    // MARK: Sums

    /// Between any two moments of random lives the parts add up to what two replays differ by.
    @Test(arguments: 1...10) func thePartsAddUpToTheDifference(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed)
        let history = try SubjectFileTests.archive(ledger.frames)
        var random = Seeded(seed &* 77)
        let subjects = (0..<7).map { "s\($0)" } + [String(repeating: "a-long-name-", count: 5)]
        var seen: Set<SubjectDifference.Sort> = []
        for subject in subjects {
            let key = Array(subject.utf8)
            let whole = try SubjectEntries(of: key, in: history)
            for _ in 0..<6 {
                /// A moment as two replays see it: what the difference is asked for, and the standing by another way.
                func moment() throws -> (Point, Standing?, ScoringPolicy) {
                    if random.below(2) == 0 {
                        let time = Timestamp(microseconds: Int64(random.below(Int(whole.clock.microseconds) + 1)))
                        let replay = try SubjectReplay(whole, asOf: time)
                        return (Point(time, in: whole), replay.standing, replay.fold.policy)
                    }
                    let offset = Int64(random.below(ledger.frames.count + 4))
                    let until = try SubjectEntries(of: key, in: history, until: offset)
                    let replay = try SubjectReplay(until)
                    return (
                        Point(offset: offset, clock: until.clock, in: whole), replay.standing, replay.fold.policy
                    )
                }
                var (a, b) = (try moment(), try moment())
                if a.0.isAfter(b.0) { swap(&a, &b) }
                guard !a.0.isAfter(b.0) else { continue }
                let difference = try SubjectDifference(whole, from: a.0, to: b.0)
                let (before, after) = (a.1, b.1)
                #expect(difference.from.score == before?.level.score, "seed \(seed), \(subject)")
                #expect(difference.to.score == after?.level.score, "seed \(seed), \(subject)")
                let expected = (after?.level.score ?? 0) - (before?.level.score ?? 0)
                #expect(difference.score == expected)
                let sum = difference.parts.reduce(0) { $0 + $1.score }
                #expect(sum == expected, "seed \(seed), \(subject)")
                func points(_ moment: (Point, Standing?, ScoringPolicy), _ name: String) -> Int64 {
                    guard let standing = moment.1,
                        let index = moment.2.dimensions.firstIndex(where: { $0.name == name })
                    else { return 0 }
                    return standing.dimensions[index]
                }
                for (index, name) in difference.dimensions.enumerated() {
                    let sum = difference.parts.reduce(0) { $0 + $1.dimensions[index] }
                    #expect(sum == points(b, name) - points(a, name), "seed \(seed), \(subject), \(name)")
                    #expect(sum == difference.points(in: name))
                }
                seen.formUnion(difference.parts.filter { $0.steps > 0 }.map(\.sort))
            }
        }
        #expect(seen.contains(.behaviour) && seen.contains(.time))
    }

    @Test func betweenAMomentAndItselfThereIsNothing() throws {
        let entries = try entries([enrolled(0, day: 0), happened("bill.paid", 1, day: 1)])
        let difference = try difference(entries, from: 2, to: 2)
        #expect(difference.score == 0 && difference.parts.allSatisfy { $0.steps == 0 && $0.reasons.isEmpty })
        #expect(difference.from == difference.to)
    }

    // MARK: Sorts

    @Test func whatAnEventGivesIsBehaviour() throws {
        let entries = try entries([
            enrolled(0, day: 0), happened("bill.paid", 1, day: 1), happened("bill.missed", 2, day: 2),
            happened("bill.paid", 3, day: 3), happened("tea.drunk", 4, day: 4),
        ])
        let difference = try difference(entries, from: 1, to: 5)
        #expect(scores(difference) == ["behaviour": -45])
        let part = try #require(difference.parts.first { $0.sort == .behaviour })
        #expect(part.steps == 2)
        #expect(part.reasons.map(\.rule) == ["missed", "paid"] && part.reasons.map(\.points) == [-60, 15])
        #expect(part.reasons.compactMap { difference.entry($0)?.offset } == [3, 4])
    }

    @Test func whatPassesIsTime() throws {
        let entries = try entries([
            enrolled(0, day: 0), happened("bill.missed", 1, day: 1), happened("tea.drunk", 2, day: 120),
        ])
        let difference = try difference(entries, from: 10, to: 120)
        #expect(scores(difference) == ["time": 60])
        let reason = try #require(difference.parts.first { $0.sort == .time }?.reasons.first)
        #expect(reason.rule == "missed" && reason.points == 60 && difference.entry(reason) == nil)
    }

    /// The months end before an event that comes long after them: that is not up to the event.
    @Test func whatFallsDueBeforeAnEventIsTime() throws {
        let entries = try entries([
            enrolled(0, day: 0), happened("bill.missed", 1, day: 1), happened("bill.paid", 2, day: 120),
        ])
        #expect(scores(try difference(entries, from: 10, to: 130)) == ["time": 60, "behaviour": 15])
    }

    @Test func whatAnActivationChangesIsPolicy() throws {
        let next = Self.text.replacing("version: 1", with: "version: 2").replacing("points: 15", with: "points: 25")
            .replacing("base: 600", with: "base: 620")
        let entries = try entries([
            enrolled(0, day: 0), happened("bill.paid", 1, day: 1), happened("bill.paid", 2, day: 2),
            .event(
                type: "standing.policy.activated", subject: "", offset: 3, second: 3 * Self.day,
                data: LedgerEntry.policyData(next)),
        ])
        let difference = try difference(entries, from: 2, to: 3)
        #expect(scores(difference) == ["policy": 40])
        #expect(difference.points(in: "payment") == 20)
        #expect(difference.from.policy?.version == 1 && difference.to.policy?.version == 2)
    }

    @Test func whatAVoidGivesBackIsCorrection() throws {
        let entries = try entries([
            enrolled(0, day: 0), happened("bill.missed", 1, day: 1), happened("bill.paid", 2, day: 2),
            happened("standing.event.voided", 3, day: 4, data: #"{"source":"/town","id":"town-0-1","reason":"wrong"}"#),
        ])
        #expect(scores(try difference(entries, from: 3, to: 5)) == ["correction": 60])
        #expect(scores(try difference(entries, from: 0, to: 5)) == ["behaviour": -45, "correction": 60])
    }

    @Test func enrolmentsWithdrawalsAndAttributesAreIdentity() throws {
        let entries = try entries([
            enrolled(0, day: 1), happened("bill.paid", 1, day: 2), enrolled(2, day: 3, tier: "gold"),
            happened("standing.subject.withdrawn", 3, day: 5),
        ])
        let whole = try difference(entries, from: 0, to: 2)
        #expect(whole.from.score == nil && whole.to.score == 615)
        #expect(scores(whole) == ["identity": 600, "behaviour": 15])
        #expect(scores(try difference(entries, from: 2, to: 4)) == ["identity": 40])
        let end = try difference(entries, from: 4, to: 6)
        #expect(end.to.score == nil && scores(end) == ["identity": -655])
    }

    @Test func earlyEventsThatAnEnrolmentLetCountAreBehaviour() throws {
        let entries = try entries([
            happened("tea.drunk", 0, day: 1, subject: "bert"), happened("bill.paid", 1, day: 1),
            happened("bill.missed", 2, day: 1), enrolled(3, day: 1, tier: "gold"),
        ])
        let difference = try difference(entries, from: 0, to: 2)
        #expect(difference.to.score == 595)
        #expect(scores(difference) == ["identity": 640, "behaviour": -45])
    }

    @Test func aDifferenceIsWrittenAsJSON() throws {
        let entries = try entries([enrolled(0, day: 0), happened("bill.paid", 1, day: 1)])
        var writer = JSONWriter()
        try difference(entries, from: 0, to: 1).write(to: &writer)
        let json = try #require(JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
        #expect(json["subject"] as? String == "anna" && json["score"] as? Int == 15)
        #expect((json["from"] as? [String: Any])?["clock"] as? String == "1970-01-01T00:00:00Z")
        #expect(((json["to"] as? [String: Any])?["dimensions"] as? [String: Int])?["payment"] == 15)
        let part = try #require((json["parts"] as? [[String: Any]])?.first)
        #expect(part["part"] as? String == "behaviour" && part["score"] as? Int == 15)
        let event = try #require((part["reasons"] as? [[String: Any]])?.first?["event"] as? [String: Any])
        #expect(event["type"] as? String == "bill.paid" && event["offset"] as? Int == 2)
    }

    @Test func aPartHasItsLargestReasons() throws {
        let missed = (0..<40).map { happened("bill.paid", Int64($0 + 1), day: 1 + Int64($0)) }
        let entries = try entries([enrolled(0, day: 0)] + missed + [happened("bill.missed", 50, day: 50)])
        let part = try #require(try difference(entries, from: 0, to: 60).parts.first { $0.sort == .behaviour })
        #expect(part.reasons.count == SubjectDifference.maximumReasons)
        #expect(part.reasons.first?.rule == "missed" && part.steps == 41)
        // The dimension is clamped: what is beyond gives nothing, and costs nothing when it goes.
        #expect(part.score == 100)
    }
}
