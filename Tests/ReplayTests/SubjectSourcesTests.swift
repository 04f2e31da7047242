import Events
import Foundation
import Ledger
import Replay
import Scoring
import Testing

/// What a file says about the sources of its subject.
@Suite struct SubjectSourcesTests {
    private struct File: Decodable {
        struct Source: Decodable {
            struct Rule: Decodable {
                var rule: String
                var points: Int64
                var events: Int
            }

            var topic: String
            var owner: String?
            var sector: String?
            var entries: Int
            var points: Int64
            var rules: [Rule]
        }

        struct Parts: Decodable {
            var base, sources, caps, rulesOverMeasures, dimensionLimits, scoreLimits, score: Int64
        }

        struct Item: Decodable {
            struct Origin: Decodable {
                var topic: String
                var owner: String?
            }

            var origin: Origin?
            var source: String?
        }

        struct Standing: Decodable { var score: Int64 }

        var standing: Standing?
        var history: [Item]
        var sources: [Source]
        var parts: Parts?
    }

    private static let declared = SourceDeclaration(
        owner: "The railway", sector: .public, purpose: "p", types: ["hours"], sources: ["/town"], contact: "c")

    private func file(
        of subject: String, in frames: [(offset: Int64, bytes: [UInt8])], asOf time: Timestamp, source: String? = nil
    ) throws -> File {
        let entries = try SubjectEntries(of: Array(subject.utf8), in: SubjectFileTests.archive(frames))
        let file = try SubjectFile(entries, asOf: time, declarations: ["rail": Self.declared])
        var writer = JSONWriter()
        file.write(to: &writer, source: source.map { Array($0.utf8) })
        return try JSONDecoder().decode(File.self, from: Data(writer.bytes))
    }

    /// Whatever the policy caps, fades, limits and takes from measures, and whatever was voided.
    @Test func thePartsOfAScoreAddUpToItExactly() throws {
        var (capped, shared) = (0, 0)
        for seed in 1...8 as ClosedRange<UInt64> {
            let found = try checkParts(seed: seed)
            (capped, shared) = (capped + found.capped, shared + found.shared)
        }
        #expect(capped > 0 && shared > 0)
    }

    /// Counts subjects whose caps take something, and those whose points come from more than one source.
    private func checkParts(seed: UInt64) throws -> (capped: Int, shared: Int) {
        let ledger = RandomLedger(seed: seed, topics: 3)
        var fold = ledger.fold()
        _ = try ledger.apply(0..<ledger.frames.count, to: &fold)
        let clock = fold.fold.clock
        var (capped, shared) = (0, 0)
        for subject in (0..<7).map({ "s\($0)" }) {
            let file = try file(of: subject, in: ledger.frames, asOf: clock)
            #expect((file.parts == nil) == (file.standing == nil))
            guard let parts = file.parts else { continue }
            #expect(parts.score == file.standing?.score)
            let sum =
                parts.base + parts.sources + parts.caps + parts.rulesOverMeasures + parts.dimensionLimits
                + parts.scoreLimits
            #expect(sum == parts.score, "seed \(seed), \(subject)")
            #expect(file.sources.reduce(0) { $0 + $1.points } == parts.sources, "seed \(seed), \(subject)")
            for source in file.sources {
                #expect(source.points == source.rules.reduce(0) { $0 + $1.points })
            }
            if parts.caps != 0 { capped += 1 }
            if file.sources.filter({ $0.points != 0 }).count > 1 { shared += 1 }
        }
        return (capped, shared)
    }

    private static let policy = """
        policy: town
        version: 1
        score: {base: 600, min: 350, max: 650}
        dimensions: {payment: {max: 60}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 15, cap: 40}
          - {id: helped, dimension: payment, event: hours, points: 30}
        bands: [{name: C, from: 350}]

        """

    private static let frames: [(offset: Int64, bytes: [UInt8])] = [
        (0, LedgerEntry.frame(session: 9, [.policy(policy)])),
        (
            1,
            LedgerEntry.frame(
                session: 1,
                [
                    .enrolled("anna", offset: 0), .happened("bill.paid", "anna", offset: 1),
                    .happened("bill.paid", "anna", offset: 2), .happened("bill.paid", "anna", offset: 3),
                    .happened("hours", "anna", offset: 4, topic: "rail"),
                    .happened("tea", "anna", offset: 5, topic: "rail"),
                ])
        ),
    ]

    @Test func eachSourceHasItsOwnerAndItsPart() throws {
        let file = try file(of: "anna", in: Self.frames, asOf: Timestamp(microseconds: 60_000_000))
        #expect(file.sources.map(\.topic) == ["rail", "town"])
        #expect(file.sources.map(\.owner) == ["The railway", nil] && file.sources[0].sector == "public")
        #expect(file.sources.map(\.points) == [30, 45] && file.sources.map(\.entries) == [2, 4])
        #expect(file.sources[1].rules.map(\.rule) == ["paid"] && file.sources[1].rules.map(\.events) == [3])
        let parts = try #require(file.parts)
        // 45 + 30 = 75; the rule's cap takes 5, the dimension's limit 10, the score's 10.
        #expect(
            [parts.base, parts.sources, parts.caps, parts.dimensionLimits, parts.scoreLimits, parts.score]
                == [600, 75, -5, -10, -10, 650])
        #expect(file.history.compactMap(\.origin?.owner) == ["The railway", "The railway"])
    }

    @Test func aFileIsSearchedByTopicAndBySource() throws {
        func found(_ source: String) throws -> [String] {
            try file(of: "anna", in: Self.frames, asOf: Timestamp(microseconds: 60_000_000), source: source)
                .history.map { $0.origin?.topic ?? "" }
        }
        #expect(try found("rail") == ["rail", "rail"])
        #expect(try found("town").count == 4)
        #expect(try found("/town").count == 6)
        #expect(try found("nowhere") == [])
    }
}
