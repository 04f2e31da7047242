/// The number of events and the subjects of each frame of one partition, between two offsets.
struct FrameCounts {
    private struct Frame {
        let offset: Int64
        /// Nil if the record is not a frame.
        let events: Int64?
        /// Hashes, each once; nil if they are not stored. Two subjects with equal hashes, which one pair in 10^13 has,
        /// count as one.
        let subjects: [UInt64]?
    }

    private(set) var start: Int64
    /// Every frame from `start` to before this is counted.
    private(set) var next: Int64
    private var frames: [Frame] = []

    init(at offset: Int64) { (start, next) = (offset, offset) }

    /// The number of hashes that are stored.
    var rememberedSubjects: Int { frames.reduce(0) { $0 + ($1.subjects?.count ?? 0) } }

    /// Drops everything before `offset`. Starts anew if it was not counted from there on.
    mutating func move(to offset: Int64) {
        guard (start...next).contains(offset) else {
            self = FrameCounts(at: offset)
            return
        }
        start = offset
        frames.removeAll { $0.offset < offset }
    }

    mutating func add(_ offset: Int64, events: Int?, subjects: [UInt64]? = nil) {
        guard offset >= next else { return }
        frames.append(Frame(offset: offset, events: events.map { Int64($0) }, subjects: subjects))
        next = offset + 1
    }

    /// Records that there is no frame from `next` to before `end`.
    mutating func skip(to end: Int64) { next = max(next, end) }

    /// Nil if not all frames from `offset` to before `end` are counted, or if one of the records is not a frame.
    func events(from offset: Int64, to end: Int64) -> Int64? {
        guard offset >= start, end <= next else { return nil }
        var sum: Int64 = 0
        for frame in frames where frame.offset >= offset && frame.offset < end {
            guard let events = frame.events else { return nil }
            sum += events
        }
        return sum
    }

    /// The subjects of all frames from `offset` to before `end`. They are exact if `events` is known and every frame's
    /// subjects are stored. Otherwise the stored ones are the lower bound, and one per event is the upper bound.
    func subjects(from offset: Int64, to end: Int64) -> CountBounds {
        var seen: Set<UInt64> = []
        var isComplete = true
        for frame in frames where frame.offset >= offset && frame.offset < end {
            guard let subjects = frame.subjects else {
                isComplete = false
                continue
            }
            seen.formUnion(subjects)
        }
        let events = events(from: offset, to: end)
        let count = Int64(seen.count)
        if let events, !isComplete { return CountBounds(atLeast: count, atMost: max(count, events)) }
        return CountBounds(atLeast: count, atMost: events == nil ? nil : count)
    }
}
