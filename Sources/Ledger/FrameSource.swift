public import Events

/// A ledger partition's frames in the order of their offsets, for a reader that must not wait.
public protocol FrameFeed: AnyObject {
    /// The next frame, without waiting for it. It is valid until the next call.
    func poll() throws -> NextFrame
}

/// The answer of a `FrameFeed`.
public enum NextFrame {
    case frame(LedgerFrame)
    /// There are no more frames.
    case end
    /// The next frame has not arrived. The feed notifies the caller that opened it when to poll again.
    case notYet
}

/// A feed that has the next frame or waits for it: from the archive, the topic, an export, or memory. Replay,
/// verification and repair read from one.
public protocol FrameSource: FrameFeed {
    /// The next frame, valid until the next call; nil at the end.
    func next() throws -> LedgerFrame?
}

extension FrameSource {
    /// Never returns `notYet`.
    public func poll() throws -> NextFrame { try next().map { .frame($0) } ?? .end }
}

/// A frame and its offset in its ledger partition; borrowed.
public struct LedgerFrame {
    public var offset: Int64
    /// Valid until the source's next frame.
    public var bytes: UnsafeRawBufferPointer

    public init(offset: Int64, bytes: UnsafeRawBufferPointer) {
        self.offset = offset
        self.bytes = bytes
    }

    /// The time of the first entry if that is an event; nil otherwise. The frame is not checked here.
    public var firstEventTime: Timestamp? {
        guard bytes.count > Frame.headerBytes, bytes[Frame.headerBytes] == EntryKind.event.rawValue else { return nil }
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[(Frame.headerBytes + 1)...]))
        return (try? reader.signed()).map { Timestamp(microseconds: $0) }
    }
}
