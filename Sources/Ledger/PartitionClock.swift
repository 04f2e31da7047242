public import Events

/// Finds the clock of a ledger partition as the fold has it, by reading the entries without folding them.
public struct PartitionClock {
    /// The number of frames that are read at a partition's beginning, and first at its end, to find the clock.
    public static let edgeFrames: Int64 = 64

    /// The partition's end: the offset after its last frame.
    private let end: Int64
    private let frames: (_ start: Int64, _ end: Int64) throws -> any FrameSource

    /// `frames` opens the partition's frames from one offset up to another, and throws what reading throws.
    public init(end: Int64, frames: @escaping (_ start: Int64, _ end: Int64) throws -> any FrameSource) {
        (self.end, self.frames) = (end, frames)
    }

    /// The clock after the entries before offset `end`, or after as many of them as move it to `limit`; nil if
    /// nothing has moved it.
    public func time(before end: Int64 = .max, upTo limit: Timestamp? = nil) throws -> Timestamp? {
        var (reader, entry) = (EntryReader(), FrameReader.blank)
        let frames = try frames(0, end)
        reading: while let frame = try frames.next() {
            guard try reader.openOrPass(frame.bytes) else { continue }
            while try reader.next(&entry) {
                // A clock never goes back.
                if let limit, reader.acceptance.clock >= limit { break reading }
            }
        }
        let clock = reader.acceptance.clock
        return clock == .distantPast ? nil : clock
    }

    /// The clock if it is before `limit`, otherwise a time at or after `limit`; nil if nothing has moved it. It reads
    /// backwards from the end while that may be less than the whole, and reads the whole only if that proves nothing.
    /// `readsAll` is called before the whole of a partition is read that is longer than both edges.
    public func time(upTo limit: Timestamp, readsAll: () -> Void) throws -> Timestamp? {
        if end > 2 * Self.edgeFrames {
            if try isCertain(toBeAt: limit) { return limit }
            readsAll()
        }
        return try time(upTo: limit)
    }

    /// True if the first and the last frames prove that the clock is at `limit` or later. An entry has moved the
    /// clock if its time is within the maximum jump of the first frames' clock. A tick always has, because a
    /// partition's owner appends no tick beyond that. Each step reads twice as many of the last frames, up to half of
    /// the partition.
    private func isCertain(toBeAt limit: Timestamp) throws -> Bool {
        let reach = try time(before: Self.edgeFrames).map { EntryTime.latest(at: $0) }
        var (width, read) = (Self.edgeFrames, end)
        while width <= end / 2 {
            if try has(end - width, read, limit, reach) { return true }
            read = end - width
            width *= 2
        }
        return false
    }

    /// Whether one of these frames has certainly moved the clock to `limit` or later.
    private func has(_ start: Int64, _ end: Int64, _ limit: Timestamp, _ reach: Timestamp?) throws -> Bool {
        var (reader, entry) = (FrameReader(), FrameReader.blank)
        let frames = try frames(start, end)
        while let frame = try frames.next() {
            guard EntryReader.defect(in: frame.bytes) == nil else { continue }
            try reader.open(frame.bytes)
            while try reader.next(&entry) {
                let time = entry.event.time
                guard entry.kind != .system, time >= limit else { continue }
                if entry.kind == .tick { return true }
                if let reach, time <= reach { return true }
            }
        }
        return false
    }
}
