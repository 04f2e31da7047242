public import Events

/// Where the clock of a ledger partition stands, found by reading its entries once more: as the fold has it, without a fold.
public struct PartitionClock {
    /// Frames at a partition's beginning, and at first at its end, that may say enough.
    public static let edgeFrames: Int64 = 64

    /// The partition's end: the offset behind its last frame.
    private let end: Int64
    private let frames: (_ start: Int64, _ end: Int64) throws -> any FrameSource

    /// `frames`: the partition's from an offset on, before another. Throws what reading throws.
    public init(end: Int64, frames: @escaping (_ start: Int64, _ end: Int64) throws -> any FrameSource) {
        (self.end, self.frames) = (end, frames)
    }

    /// Of the entries before offset `end`, or of so many that the clock stands at `limit`; nil: nothing has moved it.
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

    /// The clock where it stands before `limit`, else any time from `limit` on; nil: nothing has moved it. Reads from the end
    /// backwards as long as that can be less than all, and all only where that proves nothing. `readsAll`: called before all of a
    /// partition is read that is longer than both edges.
    public func time(upTo limit: Timestamp, readsAll: () -> Void) throws -> Timestamp? {
        if end > 2 * Self.edgeFrames {
            if try isCertain(toBeAt: limit) { return limit }
            readsAll()
        }
        return try time(upTo: limit)
    }

    /// True: the clock stands at `limit` or later, as the first and the last frames prove. What lies no further from the first
    /// frames' clock than an entry may has moved it. A tick has in any case: the owner of a partition appends none that lies
    /// further. Of the last frames twice as many are taken each time, up to half of the partition.
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

    /// Whether one of these frames has moved the clock to `limit`.
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
