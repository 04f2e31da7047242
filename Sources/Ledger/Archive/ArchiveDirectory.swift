internal import Glibc
internal import Synchronization

/// Where a ledger partition's archive lies: `ROOT/PARTITION/`, with `FIRST.segment` and `FIRST.index` files (numbers of 5
/// and 20 digits), `FIRST.torn-BYTE` for what was cut off, and `lock`. A file that is being made has another name until it is
/// whole: `FIRST.index.new-PROCESS`, `FIRST.segment.new`, `FIRST.torn-BYTE.new`.
public struct ArchiveDirectory: Sendable {
    /// The number in the magic of a segment file.
    public static let format = 1
    /// What a look-up reads at a time where there is no index yet.
    public static let maximumSegmentBytes = 4 * 1024 * 1024

    public let partition: Int32
    public let path: String
    let files: any FileSystem
    /// A segment that has grown to this is closed, and the next one begun.
    let segmentBytes: Int
    /// Nil: the directory is listed whenever somebody asks what is there.
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
    /// Where this process makes an index: another one may be making the same.
    func newIndexPath(_ first: Int64) -> String { "\(indexPath(first)).new-\(getpid())" }
    func tornPath(_ first: Int64, at byte: Int) -> String { "\(path)/\(Self.digits(first, 20)).torn-\(byte)" }
    var lockPath: String { path + "/lock" }

    /// The files. What else has a name there is passed over: see `oddPaths`.
    func names() throws(FileError) -> [String] {
        try files.entries(of: path).filter(\.mayBeFile).map(\.name)
    }

    /// What lies there and is no file: a directory, a pipe or the like. Nobody of us has made it, and nobody reads it.
    public func oddPaths() throws(FileError) -> [String] {
        try files.entries(of: path).filter { !$0.mayBeFile }.map { "\(path)/\($0.name)" }
    }

    /// The first offsets of its segments, ascending.
    func segments() throws(FileError) -> [Int64] {
        if let known = written?.firsts { return known }
        return Self.segments(among: try names())
    }

    /// The same directory for the process that writes it, which knows the segments without listing them.
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

    /// Files that somebody makes, or was making when it ended.
    static func unfinished(among names: [String]) -> [String] { names.filter(isUnfinished) }

    static func isUnfinished(_ name: String) -> Bool {
        guard let kind = numbered(name) else { return false }
        return kind == ".segment.new" || kind.hasPrefix(".index.new")
            || kind.hasPrefix(".torn-") && kind.hasSuffix(".new")
    }

    /// What follows the 20 digits that a file's name begins with; nil if it does not begin so.
    static func numbered(_ name: String) -> Substring? {
        let number = name.prefix(20)
        guard number.utf8.count == 20, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return name.dropFirst(20)
    }

    /// A name of its own, so that nobody writes beside the one that has it. Throws `ArchiveInUse`.
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

/// The segments of an archive that this process writes. While it has the lock, nobody else begins or removes one.
final class WrittenSegments: Sendable {
    private let state: Mutex<[Int64]?>

    init(_ firsts: [Int64]) { state = Mutex(firsts) }

    /// The first offsets, ascending; nil once the archive is not this process's any more.
    var firsts: [Int64]? { state.withLock { $0 } }

    /// The one before must be written to its end: whoever reads takes a segment that has a successor for whole.
    func begin(_ first: Int64) { state.withLock { $0?.append(first) } }

    func removeLast() { state.withLock { _ = $0?.popLast() } }

    func release() { state.withLock { $0 = nil } }
}

/// Another process writes there.
public struct ArchiveInUse: Error, Hashable, Sendable, CustomStringConvertible {
    public let path: String
    public var description: String { "\(path): another process writes this archive" }
}

/// Frames that should be in the archive and are not, or not as they were written.
public struct ArchiveDamage: Error, Hashable, Sendable, CustomStringConvertible {
    public let file: String
    /// Where in the file it shows.
    public let byte: Int
    /// The offsets that may be concerned; without an end: up to the next segment.
    public let offsets: Range<Int64>
    public let reason: String

    public var description: String {
        let end = offsets.upperBound == .max ? "" : "\(offsets.upperBound - 1)"
        return "\(file): \(reason) at byte \(byte); ledger offsets \(offsets.lowerBound)...\(end)"
    }
}
