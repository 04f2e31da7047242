/// A ledger partition's frames from its archive. Damage is never passed over: `next` throws `ArchiveDamage`.
///
/// It may read while another process writes. It then returns nil at the end of what is there, and continues from that
/// end when `next` is called again. A segment that has a successor is not written any more, and the directory is
/// listed before a segment is read. So a torn end of the last listed segment may still grow; a torn end of any other
/// segment is damage.
public final class ArchiveFrames: FrameSource {
    private let directory: ArchiveDirectory
    private let start: Int64
    private let end: Int64
    private let rereading: Rereading
    private let segment = LoadedSegment()
    /// Nil before the first segment is opened.
    private var scan: SegmentScan?
    /// True after the segment's header has been checked.
    private var isHeaderGood = false
    /// The end of the segment that was read before this one; nil if this one is the first.
    private var previousEnd: Int64?
    /// The segments after this one, as they were listed before this one was read.
    private var successors: ArraySlice<Int64> = []
    /// How often the current position has been read again.
    private var rereadings = 0
    private var room: UnsafeMutableRawBufferPointer
    /// Bytes of the segment files that have been read, for progress.
    public private(set) var bytesRead: Int64 = 0

    /// Reads the frames from `start` on, before `end`. `rereading` applies before damage is thrown.
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

    /// Whether more may be written to the segment.
    private var mayGrow: Bool { successors.isEmpty }

    /// The next frame, valid until the next call; nil at the end. Throws `ArchiveDamage` or `FileError`.
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

    /// Opens the segment that holds `start`, or the first one. Returns false if there is none yet.
    private func open() throws -> Bool {
        let segments = try directory.segments()
        guard let index = segments.lastIndex(where: { $0 <= start }) ?? segments.indices.first else { return false }
        successors = segments[(index + 1)...]
        guard try load(segments[index]) else { return false }
        begin(behind: nil)
        return true
    }

    /// Continues after the bytes that were read, in this segment or in the next one. Returns false if there is
    /// nothing yet.
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

    /// Returns false if the last segment is gone: it had no record, and a member removed it when it started.
    private func load(_ first: Int64) throws -> Bool {
        do {
            try segment.load(first, in: directory)
        } catch {
            guard error.isNotThere, mayGrow else { throw error }
            return false
        }
        return true
    }

    /// Makes the loaded segment the current one.
    private func begin(behind end: Int64?) {
        bytesRead += Int64(segment.count)
        (previousEnd, scan, isHeaderGood) = (end, SegmentScan(first: segment.first), false)
    }

    /// Checks the header. Throws if it is not the expected one. Returns false if it is not written yet.
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

    /// Reads the segment again, because it may have been written since. Throws `damage` if it has been read again as
    /// often as `rereading` allows.
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
