import Events
import Ledger
import Replay
import Scoring
import Simulation
import Testing

/// Frames of which each, and the end, is here only after it has been asked for some times.
final class HaltingFrames: FrameFeed {
    private let frames: MemoryFrames
    private let times: Int
    private var left: Int

    init(_ frames: SliceTests.Frames, times: Int) {
        (self.frames, self.times, left) = (MemoryFrames(frames), times, times)
    }

    func poll() -> NextFrame {
        guard left == 0 else {
            left -= 1
            return .notYet
        }
        left = times
        return frames.next().map { .frame($0) } ?? .end
    }
}

extension SliceTests {
    /// A call ends where the history has no frame yet, and the switch comes to what it comes to without waiting.
    @Test(arguments: [1, 7, 100]) func aSwitchWaitsForItsHistory(units: Int) throws {
        let frames = Self.ledgerWithASwitch()
        let times = 2
        func begun(times: Int) throws -> PartitionFold {
            var fold = PartitionFold(
                partition: RandomLedger.partition,
                history: { end in HaltingFrames(frames.filter { $0.offset < end }, times: times) })
            _ = try Self.whole(Array(frames.dropLast()), &fold)
            return fold
        }
        var fold = try begun(times: 0)
        let expected = try Self.whole([frames[21]], &fold)
        #expect(expected.counters.policySwitches == 1)

        var other = try begun(times: times)
        var emitted: [String] = []
        var waits = 0
        while true {
            let part = try Self.part(frames[21], Self.slice(units), &other)
            emitted += part.facts
            let (isWaiting, step) = (other.waitsForHistory, other.policySwitch)
            if isWaiting {
                waits += 1
                #expect(part.progress == .unfinished && step != nil)
            }
            if part.progress == .done { break }
        }
        // Before each of the 21 frames, of which the last is known to be that.
        #expect(waits == 21 * times)
        #expect(Outcome(emitted, other) == expected)
    }

    /// A caller that folds in slices may move the state before a switch elsewhere; another caller has no such state.
    @Test func theStateThatASwitchReplacesIsGivenOutOnce() throws {
        let frames = Self.ledgerWithASwitch()
        @Sendable func history(_ end: Int64) -> MemoryFrames { MemoryFrames(frames.filter { $0.offset < end }) }
        var fold = PartitionFold(partition: RandomLedger.partition, history: { history($0) })
        _ = try Self.whole(Array(frames.dropLast()), &fold)
        while try Self.part(frames[21], Self.slice(7), &fold).progress == .unfinished {}
        let (first, second) = (fold.takeRetired() != nil, fold.takeRetired() != nil)
        #expect(first && !second)

        var other = PartitionFold(partition: RandomLedger.partition, history: { history($0) })
        _ = try Self.whole(frames, &other)
        let isStored = other.takeRetired() != nil
        #expect(!isStored)
    }

    /// The state comes from a snapshot, so that only the history knows of the record: the folding begins anew where it is met.
    @Test(arguments: [1, 7, 100]) func aRecordThatIsSkippedInTheHistoryOfASwitch(units: Int) throws {
        let plain = RandomLedger(seed: 3, frames: 30, switches: false).frames
        let (one, first) = Self.with(.malformedEntry, behind: 8, in: plain)
        let (two, second) = Self.with(.unknownSystemEntry, behind: 20, in: one)
        var frames = two
        for (record, session) in [(first, 81), (second, 82)] as [(Int64, UInt64)] {
            frames.append((frames[frames.count - 1].offset + 1, SkipSearchTests.skip(record, session: session)))
        }
        let switching = (
            offset: frames[frames.count - 1].offset + 1,
            bytes: LedgerEntry.frame(
                session: 80,
                [
                    .event(
                        type: "standing.policy.activated", subject: "", offset: 1, topic: "policies",
                        second: 100 * 86_400, data: LedgerEntry.policyData(RandomLedger.others[0]))
                ])
        )
        var before = Self.fold(frames)
        before.skip(first)
        before.skip(second)
        _ = try Self.whole(frames, &before)
        var bytes: [UInt8] = []
        try before.writeSnapshot(chainHead: [UInt8](repeating: 1, count: 32)) { bytes += Array($0) }
        let history = frames
        func restored(halts times: Int) throws -> PartitionFold {
            var head: [UInt8] = []
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            defer { copy.deallocate() }
            copy.copyBytes(from: bytes)
            var reader = ByteReader(UnsafeRawBufferPointer(copy))
            return try PartitionFold(
                partition: RandomLedger.partition,
                history: { end in HaltingFrames(history.filter { $0.offset < end }, times: times) },
                snapshot: &reader, chainHead: &head)
        }
        var fold = try restored(halts: 0)
        let expected = try Self.whole([switching], &fold)
        #expect(expected.counters.policySwitches == 1)

        var other = try restored(halts: 1)
        var emitted: [String] = []
        var folded: [Int64] = []
        while true {
            let part = try Self.part(switching, Self.slice(units), &other)
            emitted += part.facts
            if let step = other.policySwitch { folded.append(step.folded) }
            if part.progress == .done { break }
        }
        #expect(Outcome(emitted, other) == expected)
        let restarts = zip(folded, folded.dropFirst()).filter { $0 > $1 }.count
        if units == 1 { #expect(restarts == 2) }
    }
}
