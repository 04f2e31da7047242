internal import Glibc

/// An open file. A read or a write is complete or fails: interrupted calls are repeated, and short writes continue.
public final class File {
    public let path: String
    private let files: any FileSystem
    private let descriptor: Int
    private var isOpen = true

    /// Opens for reading and writing; `create` makes the file if it is not there.
    public init(_ path: String, create: Bool = false, readOnly: Bool = false, on files: any FileSystem)
        throws(FileError)
    {
        self.path = path
        self.files = files
        descriptor = try Self.check(.open, path) { files.open(path, create: create, readOnly: readOnly) }
    }

    deinit { if isOpen { _ = files.close(descriptor) } }

    /// Repeats an interrupted call.
    static func check(_ call: FileError.Call, _ path: String, _ body: () -> Int) throws(FileError) -> Int {
        while true {
            let result = body()
            if result >= 0 { return result }
            if result != -Int(EINTR) { throw FileError(call, path, Int32(-result)) }
        }
    }

    /// In bytes.
    public func size() throws(FileError) -> Int64 {
        Int64(try Self.check(.size, path) { Int(files.size(descriptor)) })
    }

    /// Fills `bytes` from `position` on. Returns the number of bytes read, which is smaller only at the file's end.
    public func read(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
            let count = try Self.check(.read, path) { files.read(descriptor, rest, at: position + Int64(done)) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes all bytes. They are on the disk only after `sync`.
    public func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = try Self.check(.write, path) { files.write(descriptor, rest, at: position + Int64(done)) }
            guard count > 0 else { throw FileError(.write, path, EIO) }
            done += count
        }
    }

    /// Returns after the written bytes are on the disk. After a failure nothing may rely on the file any more.
    public func sync() throws(FileError) { _ = try Self.check(.sync, path) { files.sync(descriptor) } }

    /// Cuts the file off, or extends it with zeros.
    public func truncate(to size: Int64) throws(FileError) {
        _ = try Self.check(.truncate, path) { files.truncate(descriptor, to: size) }
    }

    /// Excludes every other process until the file is closed. Throws EWOULDBLOCK if another process has the lock.
    public func lock() throws(FileError) { _ = try Self.check(.lock, path) { files.lock(descriptor) } }

    /// The descriptor is closed even if the call fails or is interrupted.
    public func close() throws(FileError) {
        guard isOpen else { return }
        isOpen = false
        let result = files.close(descriptor)
        if result < 0, result != -Int(EINTR) { throw FileError(.close, path, Int32(-result)) }
    }
}

/// Whole-file operations.
extension FileSystem {
    /// A small file's bytes; nil if there is no such file. Throws EFBIG if the file is longer than `limit`.
    public func contents(of path: String, limit: Int) throws(FileError) -> [UInt8]? {
        let file: File
        do {
            file = try File(path, readOnly: true, on: self)
        } catch {
            if error.isNotThere { return nil }
            throw error
        }
        let size = try file.size()
        guard size <= limit else { throw FileError(.read, path, EFBIG) }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        var count = 0
        var failure: FileError?
        bytes.withUnsafeMutableBytes { buffer in
            do throws(FileError) { count = try file.read(into: buffer, at: 0) } catch { failure = error }
        }
        if let failure { throw failure }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Replaces a file as a whole or leaves it unchanged: writes and syncs another file, renames it, and syncs the
    /// directory. The other file is `beside`, by default the path with `.new`. Two processes must not use the same
    /// one.
    public func replace(
        _ path: String, with bytes: UnsafeRawBufferPointer, beside: String? = nil
    ) throws(FileError) {
        let beside = beside ?? path + ".new"
        let file = try File(beside, create: true, on: self)
        try file.truncate(to: 0)
        try file.write(bytes, at: 0)
        try file.sync()
        try file.close()
        try rename(beside, over: path)
    }

    /// Renames a file, and makes the new name last.
    public func rename(_ path: String, over target: String) throws(FileError) {
        _ = try File.check(.rename, target) { rename(path, to: target) }
        try makeNamesLast(in: Self.directory(of: target))
    }

    public func makeNamesLast(in directory: String) throws(FileError) {
        _ = try File.check(.syncDirectory, directory) { syncDirectory(directory) }
    }

    /// The names in a directory, in the order of their bytes; empty if there is no such directory.
    public func list(_ directory: String) throws(FileError) -> [String] { try entries(of: directory).map(\.name) }

    /// The same, with the kind of each.
    public func entries(of directory: String) throws(FileError) -> [DirectoryEntry] {
        while true {
            do {
                return try entries(in: directory).get()
            } catch {
                if error.isNotThere { return [] }
                if error.code != EINTR { throw error }
            }
        }
    }

    /// Removes a file. It is no error if there is no such file.
    public func removeIfThere(_ path: String) throws(FileError) {
        do {
            _ = try File.check(.remove, path) { remove(path) }
        } catch {
            if !error.isNotThere { throw error }
        }
    }

    /// Makes a directory and those above it.
    public func makeDirectories(_ path: String) throws(FileError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            let directory = made
            _ = try File.check(.makeDirectory, directory) { makeDirectory(directory) }
        }
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
