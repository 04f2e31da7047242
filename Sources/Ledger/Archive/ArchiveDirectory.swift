internal import Glibc
internal import Synchronization

/// The directory of a ledger partition's archive, `ROOT/PARTITION/`. It has the files `FIRST.segment` and
/// `FIRST.index`, `FIRST.torn-BYTE` with bytes that were cut off, and `lock`. PARTITION has 5 digits and FIRST has
/// 20. A file that is being written has another name until it is complete: `FIRST.index.new-PROCESS`,
/// `FIRST.segment.new`, `FIRST.torn-BYTE.new`.
public struct ArchiveDirectory: Sendable {
    /// The format's number in the magic of a segment file.
    public static let format = 1
    /// The greatest size at which a segment is closed: a look-up reads so much where there is no index yet.
    public static let maximumSegmentBytes = 4 * 1024 * 1024

    public let partition: Int32
    /// The folder of the partition's files.
    public let path: String
    let files: any FileSystem
    /// A segment that has reached this size is closed, and the next one begun.
    let segmentBytes: Int
    /// The segments that this process writes; nil if the directory is listed whenever they are asked for.
    private var written: WrittenSegments?

    /// `segmentBytes`: at most `maximumSegmentBytes`.
    public init(
        root: String, partition: Int32, segmentBytes: Int = maximumSegmentBytes,
        on files: any FileSystem = PosixFileSystem()
    ) {
        self.partition = partition
        self.segmentBytes = min(segmentBytes, Self.maximumSegmentBytes)
        path = root + "/" + Self.digits(Int64(partition), 5)
        self.files = files
    }

    static func digits(_ number: Int64, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    /// The partitions that have a directory under `root`, ascending.
    public static func partitions(under root: String, on files: any FileSystem = PosixFileSystem()) throws(FileError)
        -> [Int32]
    {
        try files.entries(of: root).compactMap { entry in
            entry.mayBeDirectory && entry.name.utf8.count == 5 ? Int32(entry.name) : nil
        }
    }

    func path(_ first: Int64) -> String { "\(path)/\(Self.digits(first, 20)).segment" }
    func indexPath(_ first: Int64) -> String { "\(path)/\(Self.digits(first, 20)).index" }
    /// Where this process writes a new index. Another process may be writing the same index.
    func newIndexPath(_ first: Int64) -> String { "\(indexPath(first)).new-\(getpid())" }
    func tornPath(_ first: Int64, at byte: Int) -> String { "\(path)/\(Self.digits(first, 20)).torn-\(byte)" }
    var lockPath: String { path + "/lock" }

    /// The names of files. `oddPaths` has the others.
    func names() throws(FileError) -> [String] {
        try files.entries(of: path).filter(\.mayBeFile).map(\.name)
    }

    /// The paths that are not files: directories, pipes and the like. Standing neither makes nor reads them.
    public func oddPaths() throws(FileError) -> [String] {
        try files.entries(of: path).filter { !$0.mayBeFile }.map { "\(path)/\($0.name)" }
    }

    /// The first offsets of the segments, ascending.
    func segments() throws(FileError) -> [Int64] {
        if let known = written?.firsts { return known }
        return Self.segments(among: try names())
    }

    /// The same directory for the process that writes it. It knows the segments without listing the directory.
    func written(_ segments: WrittenSegments) -> ArchiveDirectory {
        var copy = self
        copy.written = segments
        return copy
    }

    static func segments(among names: [String]) -> [Int64] {
        names.compactMap { name in
            name.hasSuffix(".segment") && name.utf8.count == 28 ? Int64(name.prefix(20)) : nil
        }
    }

    /// The files that a process is writing, or was writing when it ended.
    static func unfinished(among names: [String]) -> [String] { names.filter(isUnfinished) }

    static func isUnfinished(_ name: String) -> Bool {
        guard let kind = numbered(name) else { return false }
        return kind == ".segment.new" || kind.hasPrefix(".index.new")
            || kind.hasPrefix(".torn-") && kind.hasSuffix(".new")
    }

    /// The part of a file's name after its first 20 digits; nil if it does not begin with them.
    static func numbered(_ name: String) -> Substring? {
        let number = name.prefix(20)
        guard number.utf8.count == 20, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return name.dropFirst(20)
    }

    /// Takes the lock of the archive, so that no other process writes to it. Throws `ArchiveInUse` if another process
    /// has it.
    func locked() throws -> File {
        try files.makeDirectories(path)
        let file = try File(lockPath, create: true, on: files)
        do {
            try file.lock()
        } catch {
            if error.code == 11 /* EWOULDBLOCK */ { throw ArchiveInUse(path: path) }
            throw error
        }
        return file
    }
}

/// The segments of an archive that this process writes. While it has the lock, no other process makes or removes one.
final class WrittenSegments: Sendable {
    private let state: Mutex<[Int64]?>

    init(_ firsts: [Int64]) { state = Mutex(firsts) }

    /// The first offsets, ascending; nil after this process has released the archive.
    var firsts: [Int64]? { state.withLock { $0 } }

    /// Adds a segment. The one before must be complete: a reader takes a segment that has a successor for complete.
    func begin(_ first: Int64) { state.withLock { $0?.append(first) } }

    func removeLast() { state.withLock { _ = $0?.popLast() } }

    func release() { state.withLock { $0 = nil } }
}

/// Another process writes to the archive.
public struct ArchiveInUse: Error, Hashable, Sendable, CustomStringConvertible {
    public let path: String
    public var description: String { "\(path): another process writes this archive" }
}

/// Frames of the archive are missing or damaged.
public struct ArchiveDamage: Error, Hashable, Sendable, CustomStringConvertible {
    public let file: String
    /// The byte of the file at which the damage shows.
    public let byte: Int
    /// The offsets that may be affected. `Int64.max` as the upper bound means up to the next segment.
    public let offsets: Range<Int64>
    public let reason: String

    public var description: String {
        let end = offsets.upperBound == .max ? "" : "\(offsets.upperBound - 1)"
        return "\(file): \(reason) at byte \(byte); ledger offsets \(offsets.lowerBound)...\(end)"
    }
}
