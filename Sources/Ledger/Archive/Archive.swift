internal import Events

/// The archive of one ledger partition as a whole: its status, verification, repair and removal.
public struct Archive {
    /// The sums over a partition's segments.
    public struct Status: Hashable, Sendable {
        public var partition: Int32
        public var segments = 0
        public var indexes = 0
        /// Bytes of the segment files.
        public var bytes: Int64 = 0
        public var frames: Int64 = 0
        public var entries: Int64 = 0
        /// The first frame's offset and the offset after the last frame. They are equal in an empty archive.
        public var firstOffset: Int64 = 0
        public var nextOffset: Int64 = 0
        /// Paths of the files with bytes that were cut off after a crash.
        public var torn: [String] = []
        /// In the order of offsets.
        public var damages: [ArchiveDamage] = []
    }

    public let directory: ArchiveDirectory

    public init(_ directory: ArchiveDirectory) { self.directory = directory }

    /// The status from the indexes and the last segment, without damages. A segment without an index is read.
    /// `rereading` applies where a listed file is missing.
    public func status(rereading: Rereading = .none) throws -> Status { try rereading.run(readStatus) }

    private func readStatus() throws -> Status {
        var status = Status(partition: directory.partition)
        let names = try directory.names()
        status.torn = torn(among: names)
        let segments = ArchiveDirectory.segments(among: names)
        status.firstOffset = segments.first ?? 0
        let loaded = LoadedSegment()
        for first in segments {
            status.segments += 1
            status.bytes += try File(directory.path(first), readOnly: true, on: directory.files).size()
            if first != segments.last, let index = try SegmentIndex(first, in: directory) {
                status.indexes += 1
                status.frames += Int64(index.frames.count)
                status.entries += index.entryCount
                status.nextOffset = index.end
                continue
            }
            // Counts every entry. Which entries count is known only from an index.
            try loaded.load(first, in: directory)
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Frame.readerMaximumBytes, alignment: 8)
            defer { room.deallocate() }
            var scan = SegmentScan(first: first)
            var reader = FrameReader()
            while case .record(let record) = scan.next(in: loaded.bytes) {
                status.frames += 1
                status.nextOffset = scan.end
                guard let frame = record.frame(in: room), (try? reader.open(frame)) != nil else { continue }
                status.entries += Int64(reader.entryCount)
            }
        }
        return status
    }

    private func torn(among names: [String]) -> [String] {
        names.filter { $0.contains(".torn-") && !ArchiveDirectory.isUnfinished($0) }.map { "\(directory.path)/\($0)" }
    }

    /// The size in bytes of all segments that are there now.
    public func segmentBytes() throws -> Int64 {
        try directory.segments().reduce(0) { sum, first in
            sum + (try File(directory.path(first), readOnly: true, on: directory.files).size())
        }
    }

    /// Reads every segment, checks every record, unpacks and opens every frame and reads its entries, and compares
    /// every index with its segment. `rereading` applies to damage in the last segment, which a member may be
    /// writing. `progress` gets the bytes of each segment after it is read.
    public func verify(rereading: Rereading = .none, progress: (Int64) -> Void = { _ in }) throws -> Status {
        try rereading.run { try readAll(rereading, progress) }
    }

    private func readAll(_ rereading: Rereading, _ progress: (Int64) -> Void) throws -> Status {
        var status = Status(partition: directory.partition)
        let names = try directory.names()
        status.torn = torn(among: names)
        let segments = ArchiveDirectory.segments(among: names)
        let loaded = LoadedSegment()
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Frame.readerMaximumBytes, alignment: 8)
        defer { room.deallocate() }
        var builder = ArchiveIndexBuilder()
        for (number, first) in segments.enumerated() {
            var isLast = number == segments.count - 1
            let (before, acceptance) = (status, builder.acceptance)
            var rereadings = 0
            while true {
                try loaded.load(first, in: directory)
                status.segments += 1
                status.bytes += Int64(loaded.count)
                progress(Int64(loaded.count))
                check(loaded, isFirst: number == 0, isLast: isLast, room, &builder, &status)
                guard isLast, status.damages.count > before.damages.count, rereadings < rereading.times else { break }
                rereadings += 1
                rereading.wait()
                // The directory is listed before the segment is read: a segment that has a successor is not written
                // any more.
                isLast = try directory.segments().last == first
                status = before
                builder = ArchiveIndexBuilder(acceptance)
            }
            guard !isLast, status.damages.count == before.damages.count,
                let index = try directory.files.contents(
                    of: directory.indexPath(first), limit: ArchiveIndex.maximumBytes)
            else { continue }
            status.indexes += 1
            let expected = builder.finish(of: loaded)
            if index != expected {
                status.damages.append(
                    ArchiveDamage(
                        file: directory.indexPath(first), byte: zip(index, expected).prefix { $0 == $1 }.count,
                        offsets: first..<status.nextOffset, reason: "an index that is not its segment's"))
            }
        }
        return status
    }

    private func check(
        _ loaded: LoadedSegment, isFirst: Bool, isLast: Bool, _ room: UnsafeMutableRawBufferPointer,
        _ builder: inout ArchiveIndexBuilder, _ status: inout Status
    ) {
        let path = directory.path(loaded.first)
        func damaged(_ byte: Int, _ offsets: Range<Int64>, _ reason: String) {
            status.damages.append(ArchiveDamage(file: path, byte: byte, offsets: offsets, reason: reason))
        }
        builder.begin(loaded.first)
        // The segment has been created, and nothing is written to it yet.
        if isLast, loaded.count == 0 { return }
        if isFirst { status.firstOffset = loaded.first }
        if let header = loaded.header, header.first == loaded.first, header.partition == directory.partition {
            let end = isFirst ? header.previousEnd : status.nextOffset
            if header.previousEnd != end {
                damaged(
                    0, min(end, header.previousEnd)..<max(end, loaded.first), "what lies before this segment is missing"
                )
            }
        } else {
            damaged(0, loaded.first..<loaded.first + 1, "no header of this segment")
        }
        var scan = SegmentScan(first: loaded.first)
        loop: while true {
            switch scan.next(in: loaded.bytes) {
            case .record(let record):
                status.nextOffset = scan.end
                do {
                    guard let frame = record.frame(in: room) else {
                        damaged(record.position, record.offset..<scan.end, "a record that cannot be unpacked")
                        continue
                    }
                    status.frames += 1
                    status.entries += try builder.add(frame, of: record)
                } catch {
                    damaged(record.position, record.offset..<scan.end, "\(error)")
                }
            case .damage(let byte, let offsets, let isTail):
                damaged(byte, offsets, isTail && isLast ? "a torn record" : "no whole record")
            case .end: break loop
            }
        }
    }

    /// Offsets whose frames are neither in the archive nor where `repair` fetches them.
    public struct Lost: Error, Hashable, Sendable, CustomStringConvertible {
        /// In ascending order.
        public let offsets: [Range<Int64>]
        public var description: String {
            "gone from archive and topic: ledger offsets "
                + offsets.map { "\($0.lowerBound)...\($0.upperBound - 1)" }.joined(separator: ", ")
        }
    }

    /// Fetches damaged frames again, rewrites their segments, and removes damaged indexes. Returns the offsets that
    /// were fetched. `fetch` opens the frames of a range of offsets, as far as they exist. `progress` gets the bytes
    /// of each segment after it is read. Throws `Lost` if frames are gone; nothing has changed then.
    public func repair(
        progress: (Int64) -> Void = { _ in }, fetch: (Range<Int64>) throws -> any FrameSource
    ) throws -> [Range<Int64>] {
        let lock = try directory.locked()
        var fetched: [Range<Int64>] = []
        var lost: [Range<Int64>] = []
        var rewritten: [(first: Int64, bytes: ByteBox)] = []
        let segments = try directory.segments()
        let loaded = LoadedSegment()
        var end: Int64 = 0
        for (number, first) in segments.enumerated() {
            try loaded.load(first, in: directory)
            progress(Int64(loaded.count))
            if number > 0, let known = loaded.header?.previousEnd, known > end {
                rewritten += try replace(end..<known, fetch, &fetched, &lost)
                end = known
            }
            let next = number + 1 < segments.count ? segments[number + 1] : nil
            let repaired = try repairSegment(
                loaded, previousEnd: &end, isFirst: number == 0, next: next, fetch, &fetched, &lost)
            if let repaired { rewritten.append((first, repaired)) }
        }
        guard lost.isEmpty else { throw Lost(offsets: lost) }
        for first in segments.dropLast() where try !isIndexWhole(first) {
            try directory.files.removeIfThere(directory.indexPath(first))
        }
        for (first, box) in rewritten {
            try directory.files.removeIfThere(directory.indexPath(first))
            try directory.files.replace(directory.path(first), with: box.writer.bytes)
        }
        try lock.close()
        return fetched
    }

    /// False also if there is no index. An index follows from its segment and is made again.
    private func isIndexWhole(_ first: Int64) throws -> Bool {
        do {
            guard let index = try SegmentIndex(first, in: directory) else { return false }
            try index.check(File(directory.indexPath(first), readOnly: true, on: directory.files))
            return true
        } catch is ArchiveDamage {
            return false
        }
    }

    private final class ByteBox { var writer = ByteWriter(capacity: 1 << 20) }

    /// Makes the segments that are missing in a range of offsets.
    private func replace(
        _ range: Range<Int64>, _ fetch: (Range<Int64>) throws -> any FrameSource, _ fetched: inout [Range<Int64>],
        _ lost: inout [Range<Int64>]
    ) throws -> [(first: Int64, bytes: ByteBox)] {
        var segments: [(first: Int64, bytes: ByteBox)] = []
        var end = range.lowerBound
        let frames = try fetch(range)
        while let frame = try frames.next(), frame.offset < range.upperBound {
            if segments.last.map({ $0.bytes.writer.count >= directory.segmentBytes }) ?? true {
                segments.append((frame.offset, ByteBox()))
                Segment.Header(partition: directory.partition, first: frame.offset, previousEnd: end)
                    .write(to: &segments[segments.count - 1].bytes.writer)
            }
            Segment.append(frame.bytes, at: frame.offset, to: &segments[segments.count - 1].bytes.writer)
            end = frame.offset + 1
        }
        if end == range.upperBound { fetched.append(range) } else { lost.append(end..<range.upperBound) }
        return segments
    }

    /// The bytes of a segment as it should be; nil if it is so already. Sets `previousEnd` to the segment's end.
    private func repairSegment(
        _ loaded: LoadedSegment, previousEnd: inout Int64, isFirst: Bool, next: Int64?,
        _ fetch: (Range<Int64>) throws -> any FrameSource, _ fetched: inout [Range<Int64>], _ lost: inout [Range<Int64>]
    ) throws -> ByteBox? {
        let box = ByteBox()
        var isChanged = false
        let header = loaded.header
        let isHeaderGood = header.map { $0.first == loaded.first && $0.partition == directory.partition } ?? false
        if isFirst, isHeaderGood { previousEnd = header?.previousEnd ?? 0 }
        let known = isHeaderGood ? header?.previousEnd : nil
        if known != previousEnd { isChanged = true }
        Segment.Header(partition: directory.partition, first: loaded.first, previousEnd: previousEnd)
            .write(to: &box.writer)
        var written: Int64?
        func take(_ range: Range<Int64>) throws {
            isChanged = true
            let frames = try fetch(range)
            var count = 0
            while let frame = try frames.next(), frame.offset < range.upperBound {
                Segment.append(frame.bytes, at: frame.offset, to: &box.writer)
                written = frame.offset
                count += 1
            }
            if count == 0 { lost.append(range) } else { fetched.append(range) }
        }
        var scan = SegmentScan(first: loaded.first)
        loop: while true {
            switch scan.next(in: loaded.bytes) {
            case .record(let record):
                box.writer.append(
                    UnsafeRawBufferPointer(rebasing: loaded.bytes[record.position..<record.end]))
                written = record.offset
            case .damage(_, let offsets, let isTail):
                if isTail, next == nil {
                    // A torn tail is cut. Its frames are read from the topic when the archive continues.
                    isChanged = true
                } else {
                    try take(offsets.lowerBound..<(isTail ? next ?? offsets.lowerBound : offsets.upperBound))
                }
            case .end: break loop
            }
        }
        previousEnd = written.map { $0 + 1 } ?? previousEnd
        return isChanged ? box : nil
    }

    /// Removes the unfinished files that processes have left which ended while they wrote the archive or a snapshot,
    /// and nothing else. Returns the number of files. Throws `ArchiveInUse` while a member runs, because it may be
    /// writing them.
    @discardableResult public func removeUnfinished(with snapshots: SnapshotStore...) throws -> Int {
        let lock = try directory.locked()
        let names = ArchiveDirectory.unfinished(among: try directory.names())
        for name in names { try directory.files.removeIfThere("\(directory.path)/\(name)") }
        let count = try snapshots.reduce(names.count) { $0 + (try $1.removeUnfinished()) }
        try lock.close()
        return count
    }

    /// Removes every file except the lock. The ledger loses nothing by it. Returns the number of files.
    @discardableResult public func drop() throws -> Int {
        let lock = try directory.locked()
        let names = try directory.names().filter { $0 != "lock" }
        for name in names { try directory.files.removeIfThere("\(directory.path)/\(name)") }
        try directory.files.makeNamesLast(in: directory.path)
        try lock.close()
        return names.count
    }
}
