public import Ledger

/// A ledger partition's frames in memory, by their offsets.
public final class MemoryFrames: FrameSource {
    private let frames: [(offset: Int64, bytes: [UInt8])]
    private var index = 0
    private var lent: UnsafeMutableRawBufferPointer?

    public init(_ frames: [(offset: Int64, bytes: [UInt8])]) { self.frames = frames }

    deinit { lent?.deallocate() }

    public func next() -> LedgerFrame? {
        lent?.deallocate()
        lent = nil
        guard index < frames.count else { return nil }
        defer { index += 1 }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: frames[index].bytes.count, alignment: 1)
        bytes.copyBytes(from: frames[index].bytes)
        lent = bytes
        return LedgerFrame(offset: frames[index].offset, bytes: UnsafeRawBufferPointer(bytes))
    }
}
