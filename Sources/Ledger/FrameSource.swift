/// A ledger partition's frames in the order of their offsets: from the archive, the topic, an export, or memory. Where a
/// replay, a verification or a repair gets its frames from.
public protocol FrameSource: AnyObject {
    /// The next frame, valid until the next call; nil at the end.
    func next() throws -> LedgerFrame?
}

/// A frame and where in its ledger partition it lies; borrowed.
public struct LedgerFrame {
    public var offset: Int64
    public var bytes: UnsafeRawBufferPointer

    public init(offset: Int64, bytes: UnsafeRawBufferPointer) {
        self.offset = offset
        self.bytes = bytes
    }
}
