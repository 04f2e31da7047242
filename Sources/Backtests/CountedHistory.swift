internal import Ledger
internal import Replay

/// Adds the offsets of the frames that are read to a progress.
final class CountedHistory: FrameSource {
    private let frames: any FrameSource
    private let progress: ReplayProgress
    private var nextOffset: Int64 = 0

    init(_ frames: any FrameSource, _ progress: ReplayProgress) { (self.frames, self.progress) = (frames, progress) }

    func next() throws -> LedgerFrame? {
        let frame = try frames.next()
        if let frame {
            progress.add(offsets: frame.offset + 1 - nextOffset, entries: 0)
            nextOffset = frame.offset + 1
        }
        return frame
    }
}
