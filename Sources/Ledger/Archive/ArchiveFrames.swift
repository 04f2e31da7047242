/// A ledger partition's frames as the archive has them. Damage is never passed over: `next` throws `ArchiveDamage`. May
/// read while another writes: then it ends somewhere in what is there.
public final class ArchiveFrames: FrameSource {
    private let directory: ArchiveDirectory
    private let start: Int64
    private let end: Int64
    private let segment = LoadedSegment()
    private var scan: SegmentScan?
    private var room: UnsafeMutableRawBufferPointer
    /// Segment files read, for whoever measures how far it is.
    public private(set) var bytesRead: Int64 = 0

    /// The frames at `start` and behind it, before `end`.
    public init(_ directory: ArchiveDirectory, from start: Int64 = 0, until end: Int64 = .max) {
        self.directory = directory
        self.start = start
        self.end = end
        room = .allocate(byteCount: 64 * 1024, alignment: 8)
    }

    deinit { room.deallocate() }

    public func next() throws -> LedgerFrame? {
        while true {
            guard try scan != nil || open() else { return nil }
            switch scan!.next(in: segment.bytes) {
            case .record(let record):
                if record.offset < start { continue }
                if record.offset >= end { return nil }
                return LedgerFrame(offset: record.offset, bytes: try frame(of: record))
            case .damage(let byte, let offsets, let isTail):
                if offsets.lowerBound >= end { return nil }
                // What lies behind everything whole may be on its way.
                if isTail, try directory.segments().last == segment.first { return nil }
                throw damage(byte, offsets, "no whole record")
            case .end:
                guard try advance() else { return nil }
            }
        }
    }

    /// The segment that holds `start`.
    private func open() throws -> Bool {
        let segments = try directory.segments()
        guard let first = segments.last(where: { $0 <= start }) ?? segments.first else { return false }
        try load(first)
        guard let header = segment.header else { return false }
        if first > start, header.previousEnd > start, header.previousEnd > 0 {
            throw damage(0, start..<first, "the archive begins behind what is asked for")
        }
        return true
    }

    private func load(_ first: Int64) throws {
        try segment.load(first, in: directory)
        bytesRead += Int64(segment.count)
        scan = SegmentScan(first: first)
        guard let header = segment.header, header.first == first, header.partition == directory.partition else {
            if try directory.segments().last == first, segment.count < Segment.headerBytes { return scan = nil }
            throw damage(0, first..<Int64.max, "no header of this segment")
        }
    }

    /// On to the next segment; false: there is none.
    private func advance() throws -> Bool {
        let (first, end) = (segment.first, scan!.end)
        guard let next = try directory.segments().first(where: { $0 > first }) else { return false }
        // The writer may have gone on in this one before it began the next.
        let position = segment.count
        try segment.load(first, in: directory)
        if segment.count > position { return true }
        try load(next)
        guard scan != nil, let header = segment.header else { return false }
        guard header.previousEnd == end else {
            throw damage(0, min(end, header.previousEnd)..<max(end, next), "what lies before this segment is missing")
        }
        return true
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
