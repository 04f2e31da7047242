import Ledger
import Randomness
import Replay
import Scoring
import Testing

extension PartitionFoldTests {
    /// Frames of a ledger in which things happen: repeats, gaps, ticks, comings and goings.
    static func randomLedger(seed: Int, frames: Int, entries: ClosedRange<Int>) -> [[UInt8]] {
        var random = Seeded(UInt64(seed))
        var offset: Int64 = 0
        var session: UInt64 = 1
        var number: UInt64 = 0
        var all = [LedgerEntry.frame([.policy(TestPolicy.text)])]
        for _ in 0..<frames {
            let content = (0..<Int.random(in: entries, using: &random)).map { _ -> LedgerEntry in
                offset += Int64.random(in: 1...5_000, using: &random)
                let subject = "subject-\(Int.random(in: 0..<20, using: &random))"
                switch Int.random(in: 0..<20, using: &random) {
                case 0: return .tick(offset)
                case 1: return .happened("standing.subject.withdrawn", subject, offset: offset)
                case 2...5: return .enrolled(subject, offset: offset)
                case 6: return .happened("bill.paid", subject, offset: max(0, offset - 20_000))
                case 7...12: return .happened("bill.missed", subject, offset: offset)
                default: return .happened("bill.paid", subject, offset: offset)
                }
            }
            switch Int.random(in: 0..<10, using: &random) {
            case 0: (session, number) = (session + 1, 0)
            case 1: number += 2
            case 2: break
            default: number += 1
            }
            all.append(LedgerEntry.frame(session: session, number: number, content))
        }
        return all
    }

    @Test(arguments: 0..<20) func sequencesHaveNoGap(seed: Int) throws {
        var seen: [Substring: Int] = [:]
        for (offset, frame) in Self.randomLedger(seed: seed, frames: 100, entries: 0...40).enumerated() {
            for fact in try ledger.apply(frame, at: Int64(offset)) {
                let parts = fact.split(separator: " ")
                seen[parts[0], default: 0] += 1
                #expect(Int(parts[1]) == seen[parts[0]])
            }
        }
        #expect(ledger.sequences == [Int64(seen["scoreChanges"] ?? 0), 0, Int64(seen["perks"] ?? 0)])
        #expect(ledger.sequences[0] > 0 && ledger.sequences[2] > 0)
    }

    /// A new owner folds from the beginning and hands on only what is not out yet.
    @Test(arguments: 0..<20) func whatIsPublishedIsNotHandedOnAgain(seed: Int) throws {
        let frames = Self.randomLedger(seed: seed, frames: 60, entries: 0...30)
        var all: [String] = []
        var lengths: [Int] = []
        for (offset, frame) in frames.enumerated() {
            let facts = try ledger.apply(frame, at: Int64(offset))
            all += facts
            lengths.append(facts.count)
        }
        var random = Seeded(UInt64(seed))
        let published = ledger.sequences.map { Int64.random(in: 0...$0, using: &random) }
        let owner = LedgerPartition()
        var handedOn: [String] = []
        for (offset, frame) in frames.enumerated() {
            handedOn += try owner.apply(frame, at: Int64(offset), above: published)
        }
        let topics = FactTopic.allCases.map { "\($0)" }
        let expected = all.filter { fact in
            let parts = fact.split(separator: " ")
            guard let topic = topics.firstIndex(of: String(parts[0])), let sequence = Int64(parts[1]) else {
                return false
            }
            return sequence > published[topic]
        }
        #expect(handedOn == expected)
        #expect(owner.sequences == ledger.sequences)
        #expect(owner.standings == ledger.standings)
    }

    @Test func theSameLedgerGivesTheSameBytes() throws {
        let other = LedgerPartition()
        for (offset, frame) in Self.randomLedger(seed: 77, frames: 50, entries: 0...600).enumerated() {
            let once = try ledger.values(frame, at: Int64(offset)).map(\.json)
            #expect(try other.values(frame, at: Int64(offset)).map(\.json) == once)
        }
        #expect(ledger.fold.acceptance.brokenFrames > 0 && ledger.fold.acceptance.repeatedFrames > 0)
    }

    @Test func aFactNamesItsPositionInTheLedger() throws {
        try ledger.apply(LedgerEntry.frame([.policy(TestPolicy.text)]), at: 0)
        let frame = LedgerEntry.frame(number: 1, [.tick(0), .tick(0), .enrolled("anna", offset: 1)])
        let facts = try ledger.values(frame, at: 41)
        #expect(facts.map(\.name) == ["scoreChanges 1 anna", "perks 1 anna", "perks 2 anna"])
        for (number, fact) in facts.enumerated() {
            #expect(
                fact.json.hasPrefix(#"{"specversion":"1.0","id":"4-41-2-\#(number)","source":"/standing/city/town","#))
            #expect(
                fact.json.contains(#""time":"1970-01-01T00:00:01Z","sequence":"\#(max(1, number))","data":{"policy":{"#)
            )
        }
    }

    /// More entries than a batch of the fold, more texts than a frame's dictionary: the same as one entry a frame.
    @Test func howEntriesAreFramedChangesNoStanding() throws {
        var entries = [LedgerEntry.policy(TestPolicy.text)]
        for number in Int64(0)..<700 {
            entries.append(.enrolled("subject-\(number)", offset: 3 * number, topic: "topic-\(number % 300)"))
            entries.append(
                .happened(
                    "type-\(number % 290)", "subject-\(number)", offset: 3 * number + 1, topic: "t\(number % 300)"))
            entries.append(.happened("bill.paid", "subject-\(number)", offset: 3 * number + 2))
        }
        let whole = LedgerPartition()
        let facts = try whole.apply(LedgerEntry.frame(entries), at: 0)
        var single: [String] = []
        for (offset, entry) in entries.enumerated() {
            single += try ledger.apply(LedgerEntry.frame(number: UInt64(offset), [entry]), at: Int64(offset))
        }
        #expect(facts == single)
        #expect(facts.count == 700 * 4)
        #expect(whole.standings == ledger.standings)
        #expect(whole.counters == ledger.counters)
        #expect(whole.counters.unmatched == 700)
    }
}
