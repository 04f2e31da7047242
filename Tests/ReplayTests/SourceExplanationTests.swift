import Events
import Foundation
import Ledger
import Randomness
import Scoring
import Simulation
import Testing

@testable import Replay

/// A subject's file, its sources and the trace of its events against the fold, where sources are withdrawn and restored
/// among early events, voids and duplicates.
@Suite struct SourceExplanationTests {
    private struct File: Decodable {
        struct Source: Decodable, Equatable {
            struct Rule: Decodable, Equatable {
                var rule: String
                var points: Int64
                var events: Int
            }

            var topic: String
            var entries: Int
            var points: Int64
            var rules: [Rule]
        }

        struct Parts: Decodable {
            var base, sources, caps, rulesOverMeasures, dimensionLimits, scoreLimits, score: Int64

            var sum: Int64 { base + sources + caps + rulesOverMeasures + dimensionLimits + scoreLimits }
        }

        var sources: [Source]
        var parts: Parts?
    }

    typealias Frames = [(offset: Int64, bytes: [UInt8])]

    private static func entries(_ frames: Frames) throws -> SubjectEntries {
        try SubjectEntries(of: Array("anna".utf8), in: MemoryFrames(frames))
    }

    /// The part of a file that is about sources.
    private static func file(_ entries: SubjectEntries, _ replay: borrowing SubjectReplay) throws -> File {
        var writer = JSONWriter()
        writer.open()
        SubjectSources(entries, replay).write(to: &writer, [:])
        writer.close()
        return try JSONDecoder().decode(File.self, from: Data(writer.bytes))
    }

    private static func file(_ frames: Frames) throws -> File {
        let entries = try entries(frames)
        return try file(entries, try SubjectReplay(entries))
    }

    /// What anna has in the partition's fold; nil if she is not enrolled.
    private static func standing(_ frames: Frames) throws -> Standing? {
        var fold = PartitionFold(
            partition: 4, history: { end in MemoryFrames(frames.filter { $0.offset < end }) })
        var facts = EncodedFacts()
        for frame in frames {
            try frame.bytes.withUnsafeBytes {
                try fold.apply(frame: $0, at: frame.offset, above: [0, 0, 0], into: &facts)
            }
        }
        // What is due at the clock happens at the next entry.
        fold.finish(at: fold.fold.clock, above: [0, 0, 0], into: &facts)
        return Array("anna".utf8).withUnsafeBytes { fold.fold.standing(of: $0) }
    }

    // MARK: One early event

    /// Each entry at the next second, in the ledger's order.
    enum Step {
        case early, enrolled, withdrawn, restored

        func entry(_ number: Int64) -> LedgerEntry {
            switch self {
            case .early:
                .event(
                    type: "bill.paid", subject: "anna", id: "e", offset: number, topic: "rail", second: 20 + number,
                    data: "")
            case .enrolled:
                .event(
                    type: "standing.subject.enrolled", subject: "anna", offset: number, second: 10,
                    data: #"{"kind":"individual","terms":"t"}"#)
            case .withdrawn, .restored:
                RandomLedger.SourceAct(frame: 0, topic: "rail", isWithdrawal: self == .withdrawn)
                    .entry(number: Int(number), second: 20 + number)
            }
        }
    }

    private static func frames(_ steps: [Step]) -> Frames {
        [
            (0, beginning),
            (1, LedgerEntry.frame(steps.enumerated().map { $1.entry(Int64($0)) })),
        ]
    }

    private static let beginning = LedgerEntry.frame(
        session: 9,
        [.system(type: "standing.policy.activated", data: LedgerEntry.policyData(LedgerOfActs.texts[0], version: 8))])

    /// The source is withdrawn and restored between the early event, or after it, and the enrolment.
    @Test(arguments: [
        [Step.early, .withdrawn, .restored, .enrolled], [.early, .withdrawn, .enrolled, .restored],
        [.early, .enrolled, .withdrawn, .restored], [.withdrawn, .early, .restored, .enrolled],
        [.withdrawn, .early, .enrolled, .restored],
    ])
    func anEarlyEventOfARestoredSourceCounts(steps: [Step]) throws {
        let frames = Self.frames(steps)
        #expect(try Self.standing(frames)?.level.score == 615)
        let file = try Self.file(frames)
        let paid = File.Source.Rule(rule: "paid", points: 15, events: 1)
        #expect(file.sources.first { $0.topic == "rail" }?.rules == [paid])
        #expect(file.parts?.sources == 15 && file.parts?.sum == 615)
        let trace = try EventTrace(Self.entries(frames), source: Array("/town".utf8), id: Array("e".utf8))
        let found = try #require(trace.occurrences.first)
        let enrolment = try #require(steps.firstIndex(of: .enrolled))
        #expect(trace.occurrences.count == 1 && !found.isWithdrawn)
        #expect(found.countedBy == .init(offset: 1, entry: enrolment))
        // An event that came while its source was withdrawn says so.
        #expect(found.outcome == (steps[0] == .early ? .early : .sourceWithdrawn))
    }

    @Test func anEarlyEventOfAWithdrawnSourceSaysWhatItDidBefore() throws {
        func occurrence(_ steps: [Step]) throws -> EventTrace.Occurrence {
            let frames = Self.frames(steps)
            #expect(try Self.standing(frames)?.level.score == 600)
            #expect(try Self.file(frames).sources.first { $0.topic == "rail" }?.rules == [])
            let trace = try EventTrace(Self.entries(frames), source: Array("/town".utf8), id: Array("e".utf8))
            return try #require(trace.occurrences.first)
        }
        let counted = try occurrence([.early, .enrolled, .withdrawn])
        #expect(counted.isWithdrawn && counted.outcome == .early && counted.countedBy == .init(offset: 1, entry: 1))
        let waited = try occurrence([.early, .withdrawn, .enrolled])
        #expect(waited.isWithdrawn && waited.outcome == .sourceWithdrawn && waited.countedBy == nil)
    }

    // MARK: Any ledger

    @Test func theExplanationGivesTheFoldsScoreAndEverySourcesPart() throws {
        var seen = LedgerOfActs.Seen()
        for seed in 1...150 as ClosedRange<UInt64> { try check(seed, &seen) }
        // The ledgers have what they are made for.
        #expect(seen.enrolled > 30 && seen.early > 30 && seen.restored > 4 && seen.withdrawn > 30)
        #expect(seen.repeatedVoids > 10)
    }

    private func check(_ seed: UInt64, _ seen: inout LedgerOfActs.Seen) throws {
        let ledger = LedgerOfActs(seed: seed)
        let (frames, never) = (ledger.frames(), ledger.frames(without: ledger.withdrawn))
        let (entries, others) = (try Self.entries(frames), try Self.entries(never))
        let replay = try SubjectReplay(entries)
        let other = try SubjectReplay(others)
        let (standing, found) = (try Self.standing(frames), replay.standing)
        #expect(found?.level == standing?.level, "seed \(seed)")
        #expect(found?.contributions == standing?.contributions, "seed \(seed)")

        let file = try Self.file(entries, replay)
        let without = try Self.file(others, other)
        #expect(file.parts?.score == standing?.level.score, "seed \(seed)")
        #expect(file.parts?.sum == file.parts?.score, "seed \(seed)")
        let points = file.sources.reduce(0) { $0 + $1.points }
        #expect(file.parts?.sources ?? 0 == points, "seed \(seed)")
        // Sources that are not withdrawn have given what they would have given if the others had never spoken.
        let counting = file.sources.filter { !ledger.withdrawn.contains($0.topic) }
        #expect(counting == without.sources, "seed \(seed)")
        let silent = file.sources.filter { ledger.withdrawn.contains($0.topic) }
        #expect(silent.allSatisfy { $0.points == 0 && $0.rules.isEmpty }, "seed \(seed)")

        // Early events wait, count and expire as in a history without the acts.
        func position(_ entry: SubjectEntries.Entry) -> EventTrace.Position {
            EventTrace.Position(offset: entry.offset, entry: entry.entry)
        }
        let pairs = others.entries.indices.map { (position(others.entries[$0]), $0) }
        let numbers = Dictionary(uniqueKeysWithValues: pairs)
        for step in replay.steps {
            guard let number = step.entry, !replay.leavesOut(entries.entries[number]),
                let same = numbers[position(entries.entries[number])]
            else { continue }
            let enrolment = replay.countedBy[number].map { position(entries.entries[$0]) }
            let expected = other.countedBy[same].map { position(others.entries[$0]) }
            #expect(enrolment == expected, "seed \(seed), entry \(number)")
            if step.outcome == .sourceWithdrawn, enrolment != nil { seen.restored += 1 }
            guard step.outcome == .early else { continue }
            seen.early += 1
            let (outcome, expectedOutcome) = (replay.outcome(ofEarly: number), other.outcome(ofEarly: same))
            #expect(outcome == expectedOutcome, "seed \(seed), entry \(number)")
        }
        seen.enrolled += standing == nil ? 0 : 1
        seen.withdrawn += ledger.withdrawn.isEmpty ? 0 : 1
        seen.repeatedVoids += ledger.repeatedVoids
    }
}
