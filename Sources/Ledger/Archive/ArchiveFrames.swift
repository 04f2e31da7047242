/// A ledger partition's frames as the archive has them. Damage is never passed over: `next` throws `ArchiveDamage`.
///
/// It may read while another process writes. Then it ends somewhere in what is there, and goes on from that end when `next`
/// is called once more. A segment that has a successor is not written any more. So the directory is listed before a segment
/// is read: only where the last segment of the list is torn may there be more to come, and everywhere else it is damage.
public final class ArchiveFrames: FrameSource {
    private let directory: ArchiveDirectory
    private let start: Int64
    private let end: Int64
    private let rereading: Rereading
    private let segment = LoadedSegment()
    /// Nil until there is a segment to begin with.
    private var scan: SegmentScan?
    /// The segment's header is there, and is the one that must be.
    private var isHeaderGood = false
    /// The end of the segment that was read before this one; nil if it is the first.
    private var previousEnd: Int64?
    /// The segments behind this one, as they were listed before this one was read.
    private var successors: ArraySlice<Int64> = []
    /// How often the place that is read now was read again.
    private var rereadings = 0
    private var room: UnsafeMutableRawBufferPointer
    /// Segment files read, for whoever measures how far it is.
    public private(set) var bytesRead: Int64 = 0

    /// The frames at `start` and behind it, before `end`. `rereading`: before damage is thrown.
    public init(
        _ directory: ArchiveDirectory, from start: Int64 = 0, until end: Int64 = .max, rereading: Rereading = .none
    ) {
        self.directory = directory
        self.start = start
        self.end = end
        self.rereading = rereading
        room = .allocate(byteCount: 64 * 1024, alignment: 8)
    }

    deinit { room.deallocate() }

    /// Whether more of the segment may be written.
    private var mayGrow: Bool { successors.isEmpty }

    public func next() throws -> LedgerFrame? {
        while true {
            guard try scan != nil || open() else { return nil }
            guard try hasHeader() else {
                guard try goOn() else { return nil }
                continue
            }
            switch scan!.next(in: segment.bytes) {
            case .record(let record):
                rereadings = 0
                if record.offset < start { continue }
                if record.offset >= end { return nil }
                return LedgerFrame(offset: record.offset, bytes: try frame(of: record))
            case .damage(let byte, let offsets, let isTail):
                scan!.goBack(to: byte, end: offsets.lowerBound)
                if offsets.lowerBound >= end { return nil }
                if isTail, mayGrow {
                    guard try goOn() else { return nil }
                } else {
                    try readAgain(or: damage(byte, offsets, "no whole record"))
                }
            case .end:
                guard try goOn() else { return nil }
            }
        }
    }

    /// The segment that holds `start`. False: there is none yet.
    private func open() throws -> Bool {
        let segments = try directory.segments()
        guard let index = segments.lastIndex(where: { $0 <= start }) ?? segments.indices.first else { return false }
        successors = segments[(index + 1)...]
        guard try load(segments[index]) else { return false }
        begin(behind: nil)
        return true
    }

    /// On to what lies behind that which was read: in this segment, or in the next one. False: there is nothing yet.
    private func goOn() throws -> Bool {
        if mayGrow {
            let before = segment.count
            try listSuccessors()
            guard try load(segment.first) else { return false }
            if mayGrow { return segment.count != before }
            if !isHeaderGood || segment.count > scan!.position { return true }
        }
        guard let next = successors.popFirst() else { return false }
        let end = scan!.end
        guard try load(next) else { return false }
        begin(behind: end)
        return true
    }

    private func listSuccessors() throws {
        let first = segment.first
        successors = try directory.segments().drop { $0 <= first }
    }

    /// False: the last segment was begun and had no record, and a member that starts has removed it.
    private func load(_ first: Int64) throws -> Bool {
        do {
            try segment.load(first, in: directory)
        } catch {
            guard error.isNotThere, mayGrow else { throw error }
            return false
        }
        return true
    }

    /// The segment that was loaded is the next one.
    private func begin(behind end: Int64?) {
        bytesRead += Int64(segment.count)
        (previousEnd, scan, isHeaderGood) = (end, SegmentScan(first: segment.first), false)
    }

    /// Throws where the header is another one than it must be. False: it is not written yet.
    private func hasHeader() throws -> Bool {
        if isHeaderGood { return true }
        if mayGrow, segment.count < Segment.headerBytes { return false }
        let first = segment.first
        guard let header = segment.header, header.first == first, header.partition == directory.partition else {
            try readAgain(or: damage(0, first..<Int64.max, "no header of this segment"))
            return try hasHeader()
        }
        if let previousEnd, header.previousEnd != previousEnd {
            throw damage(
                0, min(previousEnd, header.previousEnd)..<max(previousEnd, first),
                "what lies before this segment is missing")
        }
        if previousEnd == nil, first > start, header.previousEnd > start, header.previousEnd > 0 {
            throw damage(0, start..<first, "the archive begins behind what is asked for")
        }
        isHeaderGood = true
        return true
    }

    /// Reads the segment once more, because it may have been written meanwhile. Throws `damage` where that was done as often
    /// as it is to be.
    private func readAgain(or damage: ArchiveDamage) throws {
        guard rereadings < rereading.times else { throw damage }
        rereadings += 1
        rereading.wait()
        try listSuccessors()
        _ = try load(segment.first)
    }

    private func frame(of record: SegmentRecord) throws -> UnsafeRawBufferPointer {
        if record.frameBytes > room.count {
            room.deallocate()
            room = .allocate(byteCount: record.frameBytes, alignment: 8)
        }
        guard let frame = record.frame(in: room) else {
            throw damage(record.position, record.offset..<record.offset + 1, "a record that cannot be unpacked")
        }
        return frame
    }

    private func damage(_ byte: Int, _ offsets: Range<Int64>, _ reason: String) -> ArchiveDamage {
        ArchiveDamage(file: directory.path(segment.first), byte: byte, offsets: offsets, reason: reason)
    }
}
