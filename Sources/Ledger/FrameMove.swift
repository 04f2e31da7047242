public import Events

/// What was borrowed from a frame, and is to be borrowed from a copy of it: a frame that is folded in parts may lie elsewhere at
/// the next part.
public struct FrameMove {
    private let old: UnsafeRawBufferPointer
    private let new: UnsafeRawBufferPointer

    /// Nil if both are the same place. They have the same bytes; those of `old` are not looked at, and may be gone.
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

    /// What does not lie in the old place stays.
    func move(_ bytes: inout UnsafeRawBufferPointer) {
        guard let from = old.baseAddress, let to = new.baseAddress, let start = bytes.baseAddress, start >= from,
            start + bytes.count <= from + old.count
        else { return }
        bytes = UnsafeRawBufferPointer(start: to + (start - from), count: bytes.count)
    }
}
