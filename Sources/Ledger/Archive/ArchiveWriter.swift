internal import Events

/// Appends a ledger partition's frames to its archive. Only one process writes to an archive.
///
/// The archive is a cache: frames that were not synced may be gone after a crash, and are read from the topic again
/// from `nextOffset` on. A frame that is in the archive is always the topic's frame.
public final class ArchiveWriter {
    /// Bytes that a crash left half written.
    public struct TornTail: Hashable, Sendable {
        /// The file with the bytes that were cut off.
        public let path: String
        public let bytes: Int
    }

    /// Files that a writer has open: the lock, and the segment that is being written.
    public static let openFiles = 2
    /// Bytes that are gathered before a write.
    private static let flushBytes = 256 * 1024

    /// The offset after the last frame; 0 in an empty archive.
    public private(set) var nextOffset: Int64 = 0
    /// What was cut off when the writer was opened.
    public private(set) var torn: [TornTail] = []
    /// The first offset of the segment that is being written; nil if there is none yet.
    public private(set) var segment: Int64?

    /// For readers in this process: while the writer is open, they know its segments without listing the directory.
    public let directory: ArchiveDirectory

    private let segments: WrittenSegments
    private let lock: File
    private var file: File?
    /// Bytes of the segment that have been written to its file.
    private var written: Int64 = 0
    private var pending = ByteWriter(capacity: 2 * flushBytes)
    private var namesChanged = false
    private var failedSync: FileError?

    /// Takes the archive over: cuts a torn tail, writes what it cut to another file, and removes unfinished files.
    /// Throws `ArchiveInUse`, `FileError`, or `ArchiveDamage` if the last segment is damaged before its end.
    public init(_ directory: ArchiveDirectory) throws {
        lock = try directory.locked()
        let names = try directory.names()
        for name in ArchiveDirectory.unfinished(among: names) {
            try directory.files.removeIfThere("\(directory.path)/\(name)")
        }
        segments = WrittenSegments(ArchiveDirectory.segments(among: names))
        self.directory = directory.written(segments)
        let loaded = LoadedSegment()
        while let last = segments.firsts?.last {
            try loaded.load(last, in: directory)
            let whole = try wholeBytes(loaded)
            if whole < loaded.count { try moveAside(loaded, from: whole) }
            if whole > Segment.headerBytes {
                segment = last
                written = Int64(whole)
                file = try File(directory.path(last), on: directory.files)
                if whole < loaded.count {
                    try file?.truncate(to: written)
                    try syncFile()
                }
                return
            }
            try directory.files.removeIfThere(directory.path(last))
            segments.removeLast()
            namesChanged = true
        }
    }

    deinit { segments.release() }

    /// The number of intact bytes from a segment's start. Sets `nextOffset`.
    private func wholeBytes(_ loaded: LoadedSegment) throws -> Int {
        var scan = SegmentScan(first: loaded.first)
        let hasHeader = loaded.header.map { $0.first == loaded.first && $0.partition == directory.partition } ?? false
        while loaded.count > Segment.headerBytes {
            switch scan.next(in: loaded.bytes) {
            case .record:
                guard hasHeader else {
                    throw ArchiveDamage(
                        file: directory.path(loaded.first), byte: 0, offsets: loaded.first..<Int64.max,
                        reason: "no header of this segment")
                }
                nextOffset = scan.end
            case .damage(let byte, _, isTail: true): return hasHeader ? byte : 0
            case .damage(let byte, let offsets, isTail: false):
                throw ArchiveDamage(
                    file: directory.path(loaded.first), byte: byte, offsets: offsets, reason: "no whole record")
            case .end: return scan.position
            }
        }
        return hasHeader ? loaded.count : 0
    }

    private func moveAside(_ loaded: LoadedSegment, from byte: Int) throws {
        let path = directory.tornPath(loaded.first, at: byte)
        let cut = UnsafeRawBufferPointer(rebasing: loaded.bytes[byte...])
        try directory.files.replace(path, with: cut)
        torn.append(TornTail(path: path, bytes: cut.count))
    }

    /// Appends a frame; a frame that is already there is ignored. Throws `FileError`. After `isDiskFull` nothing has
    /// changed, and the append may be repeated when there is room. After any other error the writer cannot be used
    /// any more.
    public func append(_ frame: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        guard offset >= nextOffset else { return }
        if pending.count >= Self.flushBytes { try flush() }
        if isSegmentFull { try closeSegment() }
        if file == nil {
            let begun = try File(directory.path(offset), create: true, on: directory.files)
            try begun.truncate(to: 0)
            file = begun
            segments.begin(offset)
            namesChanged = true
            segment = offset
            written = 0
            pending.removeAll()
            Segment.Header(partition: directory.partition, first: offset, previousEnd: nextOffset).write(to: &pending)
        }
        Segment.append(frame, at: offset, to: &pending)
        nextOffset = offset + 1
    }

    /// Writes the gathered bytes to the file, without a sync.
    public func flush() throws(FileError) {
        if let failedSync { throw failedSync }
        guard let file, pending.count > 0 else { return }
        try file.write(pending.bytes, at: written)
        written += Int64(pending.count)
        pending.removeAll()
    }

    /// Returns after everything that was appended is on the disk. After a failure it throws on every call, because
    /// nothing in this process may rely on the archive any more.
    public func sync() throws(FileError) {
        try flush()
        try syncFile()
    }

    private func syncFile() throws(FileError) {
        if let failedSync { throw failedSync }
        do throws(FileError) {
            try file?.sync()
            if namesChanged { try directory.files.makeNamesLast(in: directory.path) }
            namesChanged = false
        } catch {
            failedSync = error
            throw error
        }
    }

    /// True if the next append closes the segment first, which takes a sync.
    public var isSegmentFull: Bool { file != nil && written + Int64(pending.count) >= directory.segmentBytes }

    /// Closes the segment that is being written. Everything in it is on the disk then.
    public func closeSegment() throws(FileError) {
        try sync()
        try file?.close()
        file = nil
    }

    /// Syncs and releases the archive for other processes.
    public func close() throws(FileError) {
        try sync()
        try file?.close()
        file = nil
        segments.release()
        try lock.close()
    }
}
