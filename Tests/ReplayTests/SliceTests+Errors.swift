import Ledger
import Replay
import Simulation
import Testing

extension SliceTests {
    private struct Unreadable: Error, Equatable {}

    /// Gives so many frames, then throws.
    private final class Failing: FrameSource {
        private let frames: MemoryFrames
        private var left: Int

        init(_ frames: Frames, after count: Int) { (self.frames, left) = (MemoryFrames(frames), count) }

        func next() throws -> LedgerFrame? {
            guard left > 0 else { throw Unreadable() }
            left -= 1
            return frames.next()
        }
    }

    @Test(arguments: [1, 7, 100]) func aHistoryThatCannotBeReadIsTheSameErrorAsInTheWhole(units: Int) throws {
        let frames = Self.ledgerWithASwitch()
        for count in [0, 5, 20] {
            func begun() throws -> PartitionFold {
                var fold = PartitionFold(
                    partition: RandomLedger.partition,
                    history: { end in Failing(frames.filter { $0.offset < end }, after: count) })
                _ = try Self.whole(Array(frames.dropLast()), &fold)
                return fold
            }
            var fold = try begun()
            #expect(throws: Unreadable.self) { _ = try Self.whole([frames[21]], &fold) }
            var other = try begun()
            #expect(throws: Unreadable.self) { _ = try Self.slices([frames[21]], Self.slice(units), &other) }
            let (spoiled, within, step) = (other.isSpoiled, other.isWithinFrame, other.policySwitch)
            #expect(spoiled && !within && step == nil)
        }
    }

    @Test(arguments: [1, 7, 100]) func aHistoryWithAGapIsTheSameProblemAsInTheWhole(units: Int) throws {
        let frames = Self.ledgerWithASwitch()
        func problem(_ apply: (inout PartitionFold) throws -> Void) -> String {
            var fold = PartitionFold(
                partition: RandomLedger.partition,
                history: { end in MemoryFrames(frames.filter { $0.offset < end && $0.offset != 0 }) })
            do {
                _ = try Self.whole(Array(frames.dropLast()), &fold)
                try apply(&fold)
                return ""
            } catch {
                return "\(error)"
            }
        }
        let expected = problem { _ = try Self.whole([frames[21]], &$0) }
        #expect(expected.contains("the history gives 0 subjects"))
        #expect(problem { _ = try Self.slices([frames[21]], Self.slice(units), &$0) } == expected)
    }

    /// An operator may pass such a frame over as a whole: no fact of it may have been published before.
    @Test func aFrameThatCannotBeReadToItsEndGivesNoFactsBefore() throws {
        let start = LedgerEntry.frame([.policy(TestPolicy.text), .enrolled("s0", offset: 0)])
        let bytes = SkipSearchTests.Stray.malformedEntry.bytes(after: [])
        var fold = Self.fold([])
        _ = try Self.whole([(0, start)], &fold)
        var other = Self.fold([])
        _ = try Self.whole([(0, start)], &other)
        let expected = #expect(throws: PartitionFold.Problem.self) { _ = try Self.whole([(1, bytes)], &fold) }
        let found = #expect(throws: PartitionFold.Problem.self) { _ = try Self.part((1, bytes), Self.slice(1), &other) }
        #expect(expected?.description == found?.description && expected != nil)
        let (spoiled, within, next) = (other.isSpoiled, other.isWithinFrame, other.nextOffset)
        #expect(spoiled && !within && next == 1)
    }
}
