import Events
import Foundation
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Testing

@Suite struct SubjectFileTests {
    static func archive(_ frames: [(offset: Int64, bytes: [UInt8])]) throws -> SubjectHistory {
        let directory = ArchiveDirectory(root: "/a", partition: 4, segmentBytes: 4000, on: FaultyFileSystem())
        let writer = try ArchiveWriter(directory)
        for frame in frames { try frame.bytes.withUnsafeBytes { try writer.append($0, at: frame.offset) } }
        try writer.close()
        return SubjectHistory(directory)
    }

    private func key<Result>(_ subject: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try Array(subject.utf8).withUnsafeBytes(body)
    }

    /// A subject's own entries give its standing in the partition, wherever one stops.
    @Test(arguments: 1...8) func aSubjectsOwnEntriesGiveItsStanding(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed)
        let history = try Self.archive(ledger.frames)
        let subjects = (0..<7).map { "s\($0)" } + [String(repeating: "a-long-name-", count: 5)]
        var fold = ledger.fold()
        for index in ledger.frames.indices {
            _ = try ledger.apply(index..<index + 1, to: &fold)
            guard index % 23 == 22 || index == ledger.frames.count - 1 else { continue }
            let next = fold.nextOffset
            let clock = fold.fold.clock
            for subject in subjects {
                let entries = try SubjectEntries(of: Array(subject.utf8), in: history, until: next)
                let replay = try SubjectReplay(entries)
                let own = replay.fold.clock
                #expect(own == clock)
                let expected = key(subject) { fold.fold.standing(of: $0) }
                try #require(replay.standing == expected, "seed \(seed), \(subject) before \(next)")
            }
        }
    }

    @Test(arguments: 1...4) func asOfATimeItIsThatOfTheLedger(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed)
        let history = try Self.archive(ledger.frames)
        let frames = ledger.frames
        let subjects = try (0..<7).map { try SubjectEntries(of: Array("s\($0)".utf8), in: history) }
        for step in 1...9 as ClosedRange<Int64> {
            let time = Timestamp(microseconds: 3_000_000_000_000 / 10 * step)
            for policy in [nil, try ScoringPolicy(yaml: RandomLedger.others[1], file: "")] {
                var replay = LedgerReplay()
                replay.asOf = time
                replay.policy = policy
                _ = try replay.run(
                    partitions: [4],
                    source: { _, start, end in MemoryFrames(frames.filter { $0.offset >= start && $0.offset < end }) }
                ) { fold in
                    for entries in subjects {
                        let own = try SubjectReplay(entries, policy: policy, asOf: time)
                        let expected = entries.subject.withUnsafeBytes { fold.fold.standing(of: $0) }
                        #expect(own.standing == expected, "seed \(seed), as of \(time)")
                    }
                }
            }
        }
    }

    // MARK: Make-good

    private static let text = """
        policy: town
        version: 1
        score: {base: 600, min: 350, max: 950}
        dimensions: {payment: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 15}
          - {id: missed, dimension: payment, event: bill.missed, points: -60}
        bands: [{name: C, from: 350}, {name: B, from: 550}, {name: A, from: 640}]
        perks:
          - {id: bikes, when: score >= 590}
          - {id: pool, when: score >= 650}
        sanctions:
          - {id: loans, dimension: payment, measures: [loans], when: points <= -40, lasts: 100 days}

        """

    private static let day: Int64 = 86_400

    private func happened(_ type: String, _ number: Int64, day: Int64, data: String = "") -> LedgerEntry {
        .event(type: type, subject: "anna", offset: number, second: day * Self.day, data: data)
    }

    private func file(_ entries: [LedgerEntry], asOf day: Int64, policy: String = text) throws -> SubjectFile {
        let frames = [
            (offset: Int64(0), bytes: LedgerEntry.frame(session: 9, [.policy(policy)])),
            (offset: Int64(1), bytes: LedgerEntry.frame(session: 1, entries)),
        ]
        let history = try Self.archive(frames)
        return try SubjectFile(
            SubjectEntries(of: Array("anna".utf8), in: history),
            asOf: Timestamp(microseconds: day * Self.day * 1_000_000))
    }

    private func time(_ day: Int64) -> Timestamp { Timestamp(microseconds: day * Self.day * 1_000_000) }

    /// A perk or a sanction from day to day, as the subject file has it.
    private func spell(_ kind: String, _ id: String, _ from: Int64, _ until: Int64) -> [String: String] {
        [kind: id, "from": "\(time(from))", "until": "\(time(until))"]
    }

    @Test func aVoidTellsWhatWouldHaveBeen() throws {
        let file = try file(
            [
                happened("standing.subject.enrolled", 0, day: 0, data: #"{"kind":"individual","terms":"t"}"#),
                happened("bill.paid", 1, day: 1), happened("bill.missed", 2, day: 2), happened("bill.paid", 3, day: 3),
                happened("bill.paid", 4, day: 4), happened("bill.paid", 5, day: 5),
                happened(
                    "standing.event.voided", 6, day: 10,
                    data: #"{"source":"/town","id":"town-0-2","reason":"it was somebody else"}"#),
            ], asOf: 12)
        var writer = JSONWriter()
        file.write(to: &writer)
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
        let history = try #require(json["history"] as? [[String: Any]])
        #expect(history.compactMap { $0["type"] as? String }.last == "standing.event.voided")
        let void = try #require((json["voided"] as? [[String: Any]])?.first)
        #expect(void["reason"] as? String == "it was somebody else")
        let perks = [spell("perk", "bikes", 2, 5), spell("perk", "pool", 5, 10)]
        #expect(void["wouldHaveHad"] as? [[String: String]] == perks)
        #expect(void["wouldNotHaveBeenUnder"] as? [[String: String]] == [spell("sanction", "loans", 2, 3)])
        #expect((json["standing"] as? [String: Any])?["score"] as? Int == 660)
    }

    @Test func aVoidThatCostNothingMakesNothingGood() throws {
        let file = try file(
            [
                happened("standing.subject.enrolled", 0, day: 0, data: #"{"kind":"individual"}"#),
                happened("bill.paid", 1, day: 1),
                happened("standing.event.voided", 2, day: 2, data: #"{"source":"/town","id":"town-0-1"}"#),
            ], asOf: 3)
        var writer = JSONWriter()
        file.write(to: &writer)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self).contains(#""wouldHaveHad":[],"wouldNotHaveBeenUnder":[]"#))
    }

    /// What a measure is, and the events that make it: those that were voided or have left the window are not among them.
    @Test func measuresAreShownWithTheirEvents() throws {
        let text = Self.text.replacing(
            "rules:",
            with: """
                attributes: {tier: string, rooms: int}
                measures:
                  - {id: missed, dimension: payment, event: bill.missed, count: true, within: 10 days}
                  - {id: streak, dimension: payment, event: bill.paid, streak: [bill.missed]}
                  - {id: least, dimension: payment, event: bill.paid, min: data.cents, within: 1 day}
                rules:
                """)
        let attributes = #"{"kind":"individual","attributes":{"tier":"gold","rooms":"three"}}"#
        let file = try file(
            [
                happened("standing.subject.enrolled", 0, day: 0, data: attributes),
                happened("bill.missed", 1, day: 1), happened("bill.paid", 2, day: 2),
                happened("bill.missed", 3, day: 9),
                happened("bill.paid", 4, day: 10), happened("bill.paid", 5, day: 11),
                happened("bill.missed", 6, day: 12),
                happened("standing.event.voided", 7, day: 13, data: #"{"source":"/town","id":"town-0-6"}"#),
            ], asOf: 14, policy: text)
        var writer = JSONWriter()
        file.write(to: &writer)
        let json = try #require(JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
        let measures = try #require(json["measures"] as? [[String: Any]])
        let emitted = measures.map { measure in
            let events = (measure["events"] as? [[String: Any]] ?? []).map { $0["id"] as? String ?? "" }
            return "\(measure["measure"] ?? "") \(measure["value"] ?? "") of \(events.joined(separator: " "))"
        }
        #expect(
            emitted == [
                "missed 1 of town-0-3", "streak 2 of town-0-1 town-0-2 town-0-3 town-0-4 town-0-5", "least <null> of ",
            ])
        let standing = try #require(json["standing"] as? [String: Any])
        #expect(standing["attributes"] as? [String: String] == ["tier": "gold"])
        let values = (standing["measures"] as? [[String: Any]] ?? []).map {
            "\($0["value"] ?? "") \($0["events"] ?? "")"
        }
        #expect(values == ["1 1", "2 5", "<null> 0"])
    }

    /// An event that counted in an earlier enrolment and came again is shown as it came in this one: early, or after the enrolment.
    @Test func measuresAreShownWithTheEventsOfTheirEnrolment() throws {
        let text = Self.text.replacing(
            "rules:",
            with: """
                measures:
                  - {id: missed, dimension: payment, event: bill.missed, count: true}
                rules:
                """)
        let file = try file(
            [
                happened("standing.subject.enrolled", 0, day: 0, data: #"{"kind":"individual","terms":"t"}"#),
                happened("bill.missed", 1, day: 1), happened("bill.missed", 2, day: 2),
                happened("standing.subject.withdrawn", 3, day: 3),
                .event(
                    type: "standing.source.reset", subject: "", offset: 0, topic: "control", second: 3 * Self.day,
                    data: #"{"topic":"town"}"#),
                happened("bill.missed", 1, day: 4),
                .event(
                    type: "standing.subject.enrolled", subject: "anna", offset: 1, topic: "control",
                    second: 4 * Self.day, data: #"{"kind":"individual","terms":"t"}"#),
                happened("bill.missed", 2, day: 5),
            ], asOf: 6, policy: text)
        var writer = JSONWriter()
        file.write(to: &writer)
        let json = try #require(JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
        let measure = try #require((json["measures"] as? [[String: Any]])?.first)
        #expect(measure["value"] as? Int == 2)
        let events = (measure["events"] as? [[String: Any]] ?? []).map { "\($0["id"] ?? "") \($0["time"] ?? "")" }
        #expect(events == ["town-0-1 1970-01-05T00:00:00Z", "town-0-2 1970-01-06T00:00:00Z"])
    }

    @Test func whoIsNotEnrolledHasAFileAllTheSame() throws {
        let file = try file([happened("bill.paid", 1, day: 1)], asOf: 3)
        var writer = JSONWriter()
        file.write(to: &writer)
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(text.hasPrefix(#"{"subject":"anna","clock":"1970-01-04T00:00:00Z","standing":null,"history":["#))
    }
}
