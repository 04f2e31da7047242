internal import Events

/// The bytes of a segment file in memory. Reused, it allocates only for a longer file.
final class LoadedSegment {
    private var room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 8)
    private(set) var count = 0
    private(set) var first: Int64 = -1

    deinit { room.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: room[..<count]) }
    var header: Segment.Header? { Segment.Header(bytes) }

    /// Throws EFBIG if the file is longer than a segment can be.
    func load(_ first: Int64, in directory: ArchiveDirectory) throws(FileError) {
        let path = directory.path(first)
        let file = try File(path, readOnly: true, on: directory.files)
        let size = try file.size()
        guard size <= Segment.readerMaximumBytes else { throw FileError.tooLarge(path) }
        if size > room.count {
            room.deallocate()
            room = .allocate(byteCount: Int(size), alignment: 8)
        }
        count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<Int(size)]), at: 0)
        self.first = first
    }
}

/// Reads the records of a segment in order.
struct SegmentScan {
    enum Step {
        case record(SegmentRecord)
        /// No intact record begins at `byte`. The next one, if there is any, has the offset after `offsets`.
        /// `isTail`: there is none.
        case damage(byte: Int, offsets: Range<Int64>, isTail: Bool)
        case end
    }

    /// The maximum number of positions after damage that are tried as a record's start.
    private static let maximumCandidates = 4096

    private(set) var position = Segment.headerBytes
    /// The last record's offset plus one; the segment's first offset before the first record.
    private(set) var end: Int64

    init(first: Int64) { end = first }

    mutating func next(in bytes: UnsafeRawBufferPointer) -> Step {
        guard position < bytes.count else { return .end }
        if let record = record(bytes, at: position) {
            position = record.end
            end = record.offset + 1
            return .record(record)
        }
        let (byte, first) = (position, end)
        let behind = find(bytes, from: position + 1)
        position = behind?.position ?? bytes.count
        end = behind?.offset ?? end
        return .damage(byte: byte, offsets: first..<(behind?.offset ?? .max), isTail: behind == nil)
    }

    /// Returns to the start of damage, so that the next step reads it again.
    mutating func goBack(to byte: Int, end: Int64) { (position, self.end) = (byte, end) }

    private func record(_ bytes: UnsafeRawBufferPointer, at position: Int) -> SegmentRecord? {
        guard let record = SegmentRecord(bytes, at: position), record.offset >= end, record.offset < .max else {
            return nil
        }
        return record
    }

    private func find(_ bytes: UnsafeRawBufferPointer, from start: Int) -> SegmentRecord? {
        var candidates = 0
        var position = start
        while bytes.count - position >= Segment.recordHeaderBytes, candidates < Self.maximumCandidates {
            if bytes.integer(at: position, as: UInt32.self) == Segment.recordMagic {
                candidates += 1
                if let record = record(bytes, at: position) { return record }
            }
            position += 1
        }
        return nil
    }
}

extension FileError {
    static func tooLarge(_ path: String) -> FileError { FileError(.read, path, 27 /* EFBIG */) }
}
