internal import Glibc

/// The calls to the operating system that archives, snapshots and exports use. Tests replace them to make the disk
/// fail, which no library of files allows. Each returns what the call of that name returns, or the negated `errno`.
///
/// All other code uses `File`, which handles short writes and interrupted calls.
public protocol FileSystem: Sendable {
    /// Opens for reading and, unless `readOnly`, for writing. `create` makes the file if it is not there.
    func open(_ path: String, create: Bool, readOnly: Bool) -> Int
    func read(_ descriptor: Int, _ bytes: UnsafeMutableRawBufferPointer, at position: Int64) -> Int
    func write(_ descriptor: Int, _ bytes: UnsafeRawBufferPointer, at position: Int64) -> Int
    func size(_ descriptor: Int) -> Int64
    func sync(_ descriptor: Int) -> Int
    func truncate(_ descriptor: Int, to size: Int64) -> Int
    func close(_ descriptor: Int) -> Int
    /// Excludes other processes until the file is closed. -EWOULDBLOCK if another process has the lock.
    func lock(_ descriptor: Int) -> Int
    /// Replaces `target` atomically if it is there.
    func rename(_ path: String, to target: String) -> Int
    func remove(_ path: String) -> Int
    /// Makes one level. 0 if it is already there.
    func makeDirectory(_ path: String) -> Int
    /// Makes the names in a directory last, after creating, renaming and removing.
    func syncDirectory(_ path: String) -> Int
    /// The names in a directory, in the order of their bytes.
    func names(in directory: String) -> Result<[String], FileError>
    /// The same, with the kind of each.
    func entries(in directory: String) -> Result<[DirectoryEntry], FileError>
}

/// A name in a directory.
public struct DirectoryEntry: Hashable, Sendable {
    /// The kind of file that the name leads to.
    public enum Kind: Sendable {
        case file, directory
        /// A pipe, a socket, a device, or a link that leads nowhere.
        case other
        /// The file system does not report the kind.
        case unknown
    }

    public let name: String
    public let kind: Kind

    public init(name: String, kind: Kind) { (self.name, self.kind) = (name, kind) }

    /// True also if the file system does not report kinds.
    public var mayBeFile: Bool { kind == .file || kind == .unknown }
    /// True also if the file system does not report kinds.
    public var mayBeDirectory: Bool { kind == .directory || kind == .unknown }
}

extension FileSystem {
    public func entries(in directory: String) -> Result<[DirectoryEntry], FileError> {
        names(in: directory).map { $0.map { DirectoryEntry(name: $0, kind: .unknown) } }
    }
}

/// A call to the operating system that failed.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call that failed; the raw value is its name in messages.
    public enum Call: String, Sendable {
        case open, read, write, size, sync, truncate, close, lock, rename, remove
        case makeDirectory = "make directory"
        case syncDirectory = "sync directory"
        case list
    }

    public let call: Call
    public let path: String
    /// `errno`
    public let code: Int32

    public init(_ call: Call, _ path: String, _ code: Int32) {
        self.call = call
        self.path = path
        self.code = code
    }

    /// True if nothing has changed and the call may be repeated when there is room. A failed sync is never such an
    /// error, whatever its code.
    public var isDiskFull: Bool { !isFailedSync && (code == ENOSPC || code == EDQUOT) }
    /// The path does not exist.
    public var isNotThere: Bool { code == ENOENT }
    /// The path is a directory, a pipe or the like.
    public var isNoFile: Bool { call == .open && (code == EISDIR || code == EINVAL || code == ENXIO) }
    /// The process has no permission for the file.
    public var isForbidden: Bool { code == EACCES || code == EPERM }
    /// The written bytes may be gone even if a later sync succeeds (fsyncgate). Nothing may rely on the file any
    /// more.
    public var isFailedSync: Bool { call == .sync || call == .syncDirectory }

    public var description: String {
        let reason = isNoFile ? "it is no regular file" : String(cString: strerror(code))
        return "\(path): cannot \(call.rawValue): \(reason)"
    }
}

/// The disk of this machine.
public struct PosixFileSystem: FileSystem {
    public init() {}

    private static func result(_ value: Int) -> Int { value < 0 ? -Int(errno) : value }

    /// Opens only regular files: -EISDIR for a directory, -EINVAL for anything else. It never waits for the other end
    /// of a pipe.
    public func open(_ path: String, create: Bool, readOnly: Bool) -> Int {
        let flags = (readOnly ? O_RDONLY : O_RDWR) | (create ? O_CREAT : 0) | O_CLOEXEC | O_NONBLOCK
        let descriptor = Glibc.open(path, flags, 0o640)
        guard descriptor >= 0 else { return -Int(errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            _ = Glibc.close(descriptor)
            return -Int(code)
        }
        let kind = Self.kind(of: status)
        guard kind == .file else {
            _ = Glibc.close(descriptor)
            return kind == .directory ? -Int(EISDIR) : -Int(EINVAL)
        }
        return Int(descriptor)
    }

    private static func kind(of status: stat) -> DirectoryEntry.Kind {
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .directory
        default: .other
        }
    }

    public func read(_ descriptor: Int, _ bytes: UnsafeMutableRawBufferPointer, at position: Int64) -> Int {
        Self.result(pread(Int32(descriptor), bytes.baseAddress, bytes.count, off_t(position)))
    }

    public func write(_ descriptor: Int, _ bytes: UnsafeRawBufferPointer, at position: Int64) -> Int {
        Self.result(pwrite(Int32(descriptor), bytes.baseAddress, bytes.count, off_t(position)))
    }

    public func size(_ descriptor: Int) -> Int64 {
        var status = stat()
        return fstat(Int32(descriptor), &status) < 0 ? -Int64(errno) : Int64(status.st_size)
    }

    public func sync(_ descriptor: Int) -> Int { Self.result(Int(fdatasync(Int32(descriptor)))) }

    public func truncate(_ descriptor: Int, to size: Int64) -> Int {
        Self.result(Int(ftruncate(Int32(descriptor), off_t(size))))
    }

    public func close(_ descriptor: Int) -> Int { Self.result(Int(Glibc.close(Int32(descriptor)))) }

    public func lock(_ descriptor: Int) -> Int { Self.result(Int(flock(Int32(descriptor), LOCK_EX | LOCK_NB))) }

    public func rename(_ path: String, to target: String) -> Int { Self.result(Int(Glibc.rename(path, target))) }

    public func remove(_ path: String) -> Int { Self.result(Int(unlink(path))) }

    public func makeDirectory(_ path: String) -> Int {
        let result = Self.result(Int(mkdir(path, 0o750)))
        return result == -Int(EEXIST) ? 0 : result
    }

    public func syncDirectory(_ path: String) -> Int {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return -Int(errno) }
        defer { _ = Glibc.close(descriptor) }
        return Self.result(Int(fsync(descriptor)))
    }

    public func names(in directory: String) -> Result<[String], FileError> {
        entries(in: directory).map { $0.map(\.name) }
    }

    public func entries(in directory: String) -> Result<[DirectoryEntry], FileError> {
        guard let stream = opendir(directory) else { return .failure(FileError(.list, directory, errno)) }
        defer { closedir(stream) }
        var entries: [DirectoryEntry] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." {
                let kind: DirectoryEntry.Kind
                switch Int32(entry.pointee.d_type) {
                case Int32(DT_REG): kind = .file
                case Int32(DT_DIR): kind = .directory
                case Int32(DT_UNKNOWN), Int32(DT_LNK):
                    var status = stat()
                    kind = stat("\(directory)/\(name)", &status) == 0 ? Self.kind(of: status) : .other
                default: kind = .other
                }
                entries.append(DirectoryEntry(name: name, kind: kind))
            }
            errno = 0
        }
        guard errno == 0 else { return .failure(FileError(.list, directory, errno)) }
        return .success(entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    }
}
