public import Events

/// A ledger partition's frames in the order of their offsets, for whoever must not wait for them.
public protocol FrameFeed: AnyObject {
    /// The next frame, valid until the next call, without waiting for it.
    func poll() throws -> NextFrame
}

public enum NextFrame {
    case frame(LedgerFrame)
    /// There are no more.
    case end
    /// It is not here yet. Whoever opened the feed hears when it is to be asked again.
    case notYet
}

/// A feed that always has the next frame, or waits for it: from the archive, the topic, an export, or memory. Where a replay, a
/// verification or a repair gets its frames from.
public protocol FrameSource: FrameFeed {
    /// The next frame, valid until the next call; nil at the end.
    func next() throws -> LedgerFrame?
}

extension FrameSource {
    /// Never `notYet`.
    public func poll() throws -> NextFrame { try next().map { .frame($0) } ?? .end }
}

/// A frame and where in its ledger partition it lies; borrowed.
public struct LedgerFrame {
    public var offset: Int64
    public var bytes: UnsafeRawBufferPointer

    public init(offset: Int64, bytes: UnsafeRawBufferPointer) {
        self.offset = offset
        self.bytes = bytes
    }

    /// The time of its first entry, if that is an event; nil otherwise. The frame is not checked: it was, or will be.
    public var firstEventTime: Timestamp? {
        guard bytes.count > Frame.headerBytes, bytes[Frame.headerBytes] == EntryKind.event.rawValue else { return nil }
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[(Frame.headerBytes + 1)...]))
        return (try? reader.signed()).map { Timestamp(microseconds: $0) }
    }
}
