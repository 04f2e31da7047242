import Ledger
import Replay
import Simulation
import Synchronization

/// A history that notes the offsets from which it was opened.
final class Opened: Sendable {
    struct Unreadable: Error {}

    private let frames: SliceTests.Frames
    private let failsAfter: Int
    private let asked = Mutex<[Int64]>([])

    /// `failsAfter`: so many frames each source gives before it throws.
    init(_ frames: SliceTests.Frames, failsAfter: Int = .max) { (self.frames, self.failsAfter) = (frames, failsAfter) }

    var starts: [Int64] { asked.withLock { $0 } }

    var history: PartitionFold.RangeHistory {
        { range in
            self.asked.withLock { $0.append(range.lowerBound) }
            return Source(self.frames.filter { range.contains($0.offset) }, self.failsAfter)
        }
    }

    private final class Source: FrameSource {
        private let frames: MemoryFrames
        private var left: Int

        init(_ frames: SliceTests.Frames, _ left: Int) { (self.frames, self.left) = (MemoryFrames(frames), left) }

        func next() throws -> LedgerFrame? {
            guard left > 0 else { throw Unreadable() }
            left -= 1
            return frames.next()
        }
    }
}
