import Events
import Ledger
import Randomness
import Replay
import Scoring
import Simulation
import Testing

@Suite struct SnapshotTests {
    private static let head = (0..<32).map { UInt8($0) }

    private func snapshot(_ fold: borrowing PartitionFold) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try fold.writeSnapshot(chainHead: Self.head) { bytes += Array($0) }
        return bytes
    }

    private func restored(_ bytes: [UInt8], _ ledger: RandomLedger) throws -> PartitionFold {
        var head: [UInt8] = []
        let fold = try Self.fold(bytes, history: ledger.history, head: &head)
        #expect(head == Self.head)
        return fold
    }

    private static func fold(
        _ bytes: [UInt8], partition: Int32 = RandomLedger.partition, history: PartitionFold.History? = nil,
        head: inout [UInt8]
    ) throws -> PartitionFold {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        var reader = ByteReader(UnsafeRawBufferPointer(copy))
        return try PartitionFold(partition: partition, history: history, snapshot: &reader, chainHead: &head)
    }

    /// A snapshot and the tail give the facts, sequence numbers and digest of the whole.
    @Test(arguments: 1...12) func snapshotAndTailAreTheWhole(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed)
        var whole = ledger.fold()
        var random = Seeded(seed &* 31)
        var cut = 1
        while cut < ledger.frames.count {
            _ = try ledger.apply(
                whole.nextOffset == 0 ? 0..<cut : placesBehind(whole.nextOffset, ledger)..<cut, to: &whole)
            let bytes = try snapshot(whole)
            var other = try restored(bytes, ledger)
            let (digest, nextOffset, counters) = (whole.fold.digest(), whole.nextOffset, whole.fold.counters)
            #expect(other.fold.digest() == digest)
            #expect(other.nextOffset == nextOffset && other.fold.counters == counters)
            let byBand = whole.fold.subjectsByBand
            #expect(other.fold.subjectsByBand == byBand && byBand.reduce(0, +) == whole.fold.subjectCount)
            #expect(try snapshot(other).count == bytes.count)
            // The tail, by the one and the other.
            var again = try restored(bytes, ledger)
            let rest = cut..<ledger.frames.count
            let facts = try ledger.apply(rest, to: &other)
            try #require(try ledger.apply(rest, to: &again) == facts)
            var uninterrupted = ledger.fold()
            _ = try ledger.apply(0..<cut, to: &uninterrupted)
            try #require(try ledger.apply(rest, to: &uninterrupted) == facts, "seed \(seed), cut \(cut)")
            let (end, sequences) = (uninterrupted.fold.digest(), uninterrupted.sequences)
            try #require(other.fold.digest() == end && other.sequences == sequences)
            cut += 1 + random.below(25)
        }
    }

    /// What lay in memory before is no part of a snapshot.
    @Test func twoFoldsOfALedgerWriteTheSameBytes() throws {
        let ledger = RandomLedger(seed: 5)
        let snapshots = try [0x55, 0xAA].map { (remains: UInt8) in
            // As large as the pools' chunks, which come to lie where these did.
            let chunks = (0..<64).map { number in
                UnsafeMutableRawBufferPointer.allocate(byteCount: (24 + number % 2 * 24) << 10, alignment: 8)
            }
            for chunk in chunks {
                chunk.initializeMemory(as: UInt8.self, repeating: remains)
                chunk.deallocate()
            }
            var fold = ledger.fold()
            _ = try ledger.apply(0..<ledger.frames.count, to: &fold)
            return try snapshot(fold)
        }
        let differing = zip(snapshots[0], snapshots[1]).count { $0 != $1 }
        #expect(snapshots[0].count == snapshots[1].count && differing == 0)
    }

    private func placesBehind(_ offset: Int64, _ ledger: RandomLedger) -> Int {
        ledger.frames.firstIndex { $0.offset >= offset } ?? ledger.frames.count
    }

    @Test func theLedgersHaveEverythingInThem() throws {
        var sum = FoldCounters()
        for seed in 1...12 as ClosedRange<UInt64> {
            let ledger = RandomLedger(seed: seed)
            var fold = ledger.fold()
            _ = try ledger.apply(0..<ledger.frames.count, to: &fold)
            sum = sum + fold.fold.counters
            let acceptance = fold.acceptance
            #expect(acceptance.repeatedFrames > 0 && acceptance.repeatedOrigins > 0)
        }
        #expect(sum.policySwitches > 12 && sum.sanctionsImposed > 12 && sum.voids > 12 && sum.withdrawals > 12)
        #expect(sum.evaluationErrors > 0)
    }

    @Test func whatIsNotOfThisPartitionOrVersionIsRefused() throws {
        let ledger = RandomLedger(seed: 3)
        var fold = ledger.fold()
        _ = try ledger.apply(0..<50, to: &fold)
        let bytes = try snapshot(fold)
        func reason(_ bytes: [UInt8], partition: Int32 = RandomLedger.partition) -> String {
            var head: [UInt8] = []
            do {
                _ = try Self.fold(bytes, partition: partition, head: &head)
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(reason(bytes) == "")
        #expect(reason(bytes, partition: 5) == "a snapshot of another partition")
        var other = bytes
        other[8] = 1
        #expect(reason(other) == "version 1 of the state, not \(Fold.stateVersion)")
        other = bytes
        other[0] = 0
        #expect(reason(other) == "no snapshot of a partition")
        other = bytes
        other[30] ^= 1
        #expect(reason(other) == "the state is not what its digest says")
        #expect(reason(Array(bytes.dropLast())) != "")
        #expect(reason([]) == "malformed at byte 0")
        let empty = PartitionFold(partition: 4)
        #expect(throws: PartitionFold.SnapshotError.self) { try snapshot(empty) }
    }

    /// A state that is taken is folded on, to the ledger's end.
    private func isTaken(_ bytes: [UInt8], _ ledger: RandomLedger, from frame: Int) throws -> Bool {
        var head: [UInt8] = []
        var fold: PartitionFold
        do {
            fold = try Self.fold(bytes, history: ledger.history, head: &head)
        } catch is PartitionFold.SnapshotError { return false }
        _ = try? ledger.apply(frame..<ledger.frames.count, to: &fold)
        return true
    }

    /// What follows from the rest is held against it: a sum that is next to overflowing is refused, not added to.
    @Test func everyWordMadeTheGreatest() throws {
        let ledger = RandomLedger(seed: 5, frames: 24)
        var fold = ledger.fold()
        _ = try ledger.apply(0..<3, to: &fold)
        let good = try snapshot(fold)
        var taken = 0
        // Subjects come first; after them is hardly more than free slots of tables.
        for index in 0..<6000 {
            var bytes = good
            withUnsafeBytes(of: Int64.max.littleEndian) { bytes.replaceSubrange(index..<index + 8, with: $0) }
            if try isTaken(bytes, ledger, from: 3) { taken += 1 }
        }
        #expect(taken > 0)
    }

    /// Without the file's checksum: most changes the digest finds, none traps, and what is taken can be folded on.
    @Test func statesOfAnyBytes() throws {
        var fuzz = Fuzz("snapshot", count: 4000, long: 1_000_000)
        let ledger = RandomLedger(seed: 5, frames: 40)
        var fold = ledger.fold()
        _ = try ledger.apply(0..<30, to: &fold)
        let good = try snapshot(fold)
        var random = Seeded(fuzz.seed)
        var taken = 0
        for _ in 0..<fuzz.count {
            var bytes = good
            for _ in 0..<(1 + random.below(3)) {
                let index = random.below(bytes.count)
                switch random.below(5) {
                case 0: bytes[index] ^= 1 << UInt8(random.below(8))
                case 1: bytes[index] = UInt8(random.below(256))
                case 2 where index + 8 < bytes.count:
                    bytes.replaceSubrange(index..<index + 8, with: [UInt8](repeating: 0xFF, count: 8))
                case 3: bytes = Array(bytes.prefix(max(1, index)))
                default: bytes.swapAt(index, random.below(bytes.count))
                }
            }
            try fuzz.run("\(bytes.count) bytes") {
                if try isTaken(bytes, ledger, from: 30) { taken += 1 }
            }
        }
        fuzz.report("\(taken) taken")
        #expect(taken > 0)
    }
}
