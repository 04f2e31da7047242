import Events
import Ledger
import Simulation
import Testing

/// Where a partition's clock stands, and how much is read to find it.
@Suite struct PartitionClockTests {
    private static let now: Int64 = 1_700_000_000_000_000
    private static let hour: Int64 = 3_600_000_000
    private static let limit = Timestamp(microseconds: now - hour)
    /// Years before the limit.
    private static let old = now - 20_000 * hour

    /// A partition with one entry a frame, and what is read of it.
    private final class Partition {
        private let frames: [(offset: Int64, bytes: [UInt8])]
        private(set) var ranges: [Range<Int64>] = []
        private(set) var announced = 0
        /// Frames handed out.
        private(set) var read = 0

        private final class Counted: FrameSource {
            private let frames: MemoryFrames
            private let count: () -> Void

            init(_ frames: MemoryFrames, _ count: @escaping () -> Void) { (self.frames, self.count) = (frames, count) }

            func next() -> LedgerFrame? {
                let frame = frames.next()
                if frame != nil { count() }
                return frame
            }
        }

        init(_ entries: [OwnedEntry]) {
            frames = entries.enumerated().map {
                (Int64($0), OwnedFrame(session: 1, number: UInt64($0), entries: [$1]).bytes)
            }
        }

        private var clock: PartitionClock {
            let end = Int64(frames.count)
            return PartitionClock(end: end) { [self] start, limit in
                let range = start..<min(limit, end)
                ranges.append(range)
                return Counted(MemoryFrames(frames.filter { range.contains($0.offset) })) { self.read += 1 }
            }
        }

        func time() throws -> Timestamp? { try clock.time() }

        func time(upTo limit: Timestamp) throws -> Timestamp? {
            try clock.time(upTo: limit) { self.announced += 1 }
        }
    }

    private func events(_ count: Int, at time: Int64, from first: Int = 0) -> [OwnedEntry] {
        (first..<first + count).map { .event(time, offset: Int64($0)) }
    }

    /// So many old events, a new one, and old ones again.
    private func backlog(before: Int, behind: Int) -> Partition {
        Partition(
            events(before, at: Self.old) + events(1, at: Self.now, from: before)
                + events(behind, at: Self.old, from: before + 1))
    }

    @Test func theLastFramesAreEnoughWhereTheyAreNew() throws {
        let partition = backlog(before: 1000, behind: 10)
        let time = try #require(try partition.time(upTo: Self.limit))
        #expect(time >= Self.limit && partition.announced == 0)
        #expect(partition.ranges == [0..<64, 947..<1011])
    }

    /// A source that catches up has put old events after the new one.
    @Test func twiceAsManyOfTheLastFramesAreReadEachTime() throws {
        let partition = backlog(before: 1000, behind: 200)
        let time = try #require(try partition.time(upTo: Self.limit))
        #expect(time >= Self.limit && partition.announced == 0)
        #expect(partition.ranges == [0..<64, 1137..<1201, 1073..<1137, 945..<1073], "none twice")
    }

    /// The entries before the half are found by reading all, up to there.
    @Test func aFullReadIsAnnouncedAndEndsAtTheLimit() throws {
        let partition = backlog(before: 100, behind: 900)
        let time = try #require(try partition.time(upTo: Self.limit))
        #expect(time >= Self.limit && partition.announced == 1)
        #expect(partition.ranges == [0..<64, 937..<1001, 873..<937, 745..<873, 0..<1001])
        #expect(partition.read == 64 + 256 + 101, "nothing behind the new event")
    }

    @Test func aLedgerThatIsOldThroughoutIsReadToItsEnd() throws {
        let partition = Partition(events(300, at: Self.old) + events(1, at: Self.old + 5, from: 300))
        #expect(try partition.time(upTo: Self.limit) == Timestamp(microseconds: Self.old + 5))
        #expect(partition.announced == 1 && partition.ranges.last == 0..<301)
    }

    @Test func aShortPartitionIsReadWithoutAWord() throws {
        let partition = backlog(before: 60, behind: 60)
        let time = try #require(try partition.time(upTo: Self.limit))
        #expect(time >= Self.limit && partition.announced == 0 && partition.read == 61)
        #expect(try Partition([]).time(upTo: Self.limit) == nil)
    }

    /// An event that lies further than an entry may moves no clock; a tick is its owner's word.
    @Test func whatCannotHaveMovedTheClockProvesNothing() throws {
        let ancient = Self.now - 200_000 * Self.hour
        let beginning = OwnedEntry(
            kind: .system, time: .min, source: Array("/standing".utf8), type: Array("standing.policy.activated".utf8),
            data: Array(#"{"policy":"","ledger":"","fold-version":4}"#.utf8))
        let stray = Partition([beginning] + events(200, at: ancient) + events(1, at: Self.now, from: 200))
        #expect(try stray.time(upTo: Self.limit) == Timestamp(microseconds: ancient))
        #expect(stray.announced == 1)
        let ticking = Partition(events(200, at: ancient) + [.tick(Self.now)])
        #expect(try ticking.time(upTo: Self.limit) == Self.limit)
        #expect(ticking.announced == 0)
    }

    @Test func theWholeClockIsTheGreatestTimeThatCounts() throws {
        #expect(try backlog(before: 3, behind: 3).time() == Timestamp(microseconds: Self.now))
        #expect(try Partition([]).time() == nil)
    }
}
