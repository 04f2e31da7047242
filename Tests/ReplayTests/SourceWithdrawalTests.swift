import Events
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Testing

@Suite struct SourceWithdrawalTests {
    private static let silent = "rail"

    private func fold(_ ledger: RandomLedger, without topics: [String] = []) throws -> PartitionFold {
        var fold = ledger.fold()
        fold.leaveOut(topics.map { Array($0.utf8) })
        _ = try ledger.apply(0..<ledger.frames.count, to: &fold)
        // What is due at the clock happens at the next entry.
        var facts = EncodedFacts()
        fold.finish(at: fold.fold.clock, above: [0, 0, 0], into: &facts)
        return fold
    }

    private func standings(_ fold: borrowing PartitionFold) -> [Standing] {
        var standings: [Standing] = []
        fold.fold.forEachStanding { standings.append($0) }
        return standings.sorted { $0.subject.lexicographicallyPrecedes($1.subject) }
    }

    /// Duplicates, early events, voids, appeals and policies that are switched to included.
    @Test(arguments: 1...12) func aSourceThatIsLeftOutIsOneThatHasNeverSpoken(seed: UInt64) throws {
        let whole = RandomLedger(seed: seed, topics: 3)
        let never = RandomLedger(seed: seed, topics: 3, without: Self.silent)
        let left = try fold(whole, without: [Self.silent])
        let other = try fold(never)
        let (clock, otherClock) = (left.fold.clock, other.fold.clock)
        #expect(clock == otherClock)
        #expect(standings(left) == standings(other), "seed \(seed)")
        let (sequences, otherSequences) = (left.sequences, other.sequences)
        #expect(sequences == otherSequences, "seed \(seed): facts")
        let count = left.leftOutEntries
        #expect(count > 0)
    }

    @Test func aStateWithoutASourceIsNotKept() throws {
        let fold = try fold(RandomLedger(seed: 1, topics: 3), without: [Self.silent])
        #expect(throws: PartitionFold.SnapshotError.self) {
            try fold.writeSnapshot(chainHead: [UInt8](repeating: 0, count: 32)) { _ in }
        }
    }

    @Test(arguments: 1...4) func theDifferenceCountsWhoGainsAndWhoLosesAndNamesNobody(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed, topics: 3)
        let frames = ledger.frames
        let difference = try SourceWithdrawal(of: Self.silent).run(
            partitions: [RandomLedger.partition],
            source: { _, start, end in MemoryFrames(frames.filter { $0.offset >= start && $0.offset < end }) })
        var without = try fold(ledger, without: [Self.silent])
        let now = try fold(ledger)
        var facts = EncodedFacts()
        if now.fold.clock > without.fold.clock {
            without.finish(at: now.fold.clock, above: [0, 0, 0], into: &facts)
        }
        let (before, after) = (standings(now), standings(without))
        let scores = Dictionary(uniqueKeysWithValues: after.map { ($0.subject, $0.level.score) })
        let differences = before.compactMap { old in scores[old.subject].map { $0 - old.level.score } }
        let change = difference.comparison
        let entries = without.leftOutEntries
        #expect(difference.entries == entries)
        #expect(change.gain == Int64(differences.count { $0 > 0 }))
        #expect(change.lose == Int64(differences.count { $0 < 0 }))
        #expect(change.pointsGained + change.pointsLost == differences.reduce(0, +))
        let names = Set((change.gainers + change.losers).map(\.subject))
        #expect(names.allSatisfy { $0.hasPrefix("gainer ") || $0.hasPrefix("loser ") })
        #expect(!difference.json.contains("\"s1\"") && difference.page.hasPrefix("Without rail: \(entries) entries"))
    }

    @Test func aSourceThatTheLedgerDoesNotKnowChangesNothing() throws {
        let frames = RandomLedger(seed: 3).frames
        let difference = try SourceWithdrawal(of: "nowhere").run(
            partitions: [RandomLedger.partition],
            source: { _, start, end in MemoryFrames(frames.filter { $0.offset >= start && $0.offset < end }) })
        #expect(difference.entries == 0 && difference.comparison.gain + difference.comparison.lose == 0)
    }
}
