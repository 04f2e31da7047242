public import Events

/// Moves borrowed bytes from a frame to a copy of it. A frame that is folded in parts may be at another address for
/// the next part.
public struct FrameMove {
    private let old: UnsafeRawBufferPointer
    private let new: UnsafeRawBufferPointer

    /// Nil if both addresses are equal. Both frames have the same bytes; those of `old` are not read, and may be
    /// freed.
    init?(from old: UnsafeRawBufferPointer, to new: UnsafeRawBufferPointer) {
        guard old.baseAddress != new.baseAddress else { return nil }
        (self.old, self.new) = (old, new)
    }

    public func move(_ event: inout EventView) {
        move(&event.id)
        move(&event.source)
        move(&event.type)
        move(&event.subject)
        move(&event.data)
    }

    public func move(_ entry: inout Entry) {
        move(&entry.origin.topic)
        move(&entry.event)
    }

    /// Bytes outside of the old frame stay as they are.
    func move(_ bytes: inout UnsafeRawBufferPointer) {
        guard let from = old.baseAddress, let to = new.baseAddress, let start = bytes.baseAddress, start >= from,
            start + bytes.count <= from + old.count
        else { return }
        bytes = UnsafeRawBufferPointer(start: to + (start - from), count: bytes.count)
    }
}
