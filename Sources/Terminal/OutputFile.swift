internal import CoreFoundation
internal import Foundation

/// Buffered bytes to a file or to standard output (`-`). A file is written beside its final name, under a name of this
/// process (`PATH.PROCESS.partial`), and renamed at the end, so that a reader never sees half of it. A file that is not
/// closed is removed. A special file, such as a device or a pipe, is written directly. A file that is replaced passes on
/// its permissions, and a symbolic link to it remains.
public final class OutputFile {
    private let path: String
    /// The final name: the target of a symbolic link, or the path itself.
    private let target: String
    /// The temporary name; nil for standard output or a special file, and after the renaming.
    private var partial: String?
    /// Nil after it is flushed and closed.
    private var handle: UnsafeMutablePointer<FILE>?

    public init(_ path: String) throws {
        self.path = path
        target = Self.target(path)
        let descriptor: Int32
        if path == "-" {
            descriptor = dup(STDOUT_FILENO)
        } else if Self.isNoFile(path) {
            descriptor = open(path, O_WRONLY | O_CLOEXEC)
        } else {
            let made = Self.make(beside: target)
            descriptor = made.descriptor
            if descriptor >= 0 {
                partial = made.path
                var status = stat()
                if stat(target, &status) == 0 { fchmod(descriptor, status.st_mode & 0o777) }
            }
        }
        guard descriptor >= 0, let file = fdopen(descriptor, "wb") else { throw unwritable }
        handle = file
        setvbuf(file, nil, _IOFBF, 256 * 1024)
    }

    deinit {
        if let handle { fclose(handle) }
        if let partial { unlink(partial) }
    }

    /// Whether there is a special file at the path, which a renaming would replace.
    static func isNoFile(_ path: String) -> Bool {
        let file = URL(filePath: path).resolvingSymlinksInPath().path
        let type = try? FileManager.default.attributesOfItem(atPath: file)[.type] as? FileAttributeType
        return type.map { $0 != .typeRegular && $0 != .typeDirectory } ?? false
    }

    private static func target(_ path: String) -> String {
        let files = FileManager.default
        let isLink = (try? files.destinationOfSymbolicLink(atPath: path)) != nil
        return isLink && files.fileExists(atPath: path) ? URL(filePath: path).resolvingSymlinksInPath().path : path
    }

    /// A file of this name that a killed process has left is not reused.
    private static func make(beside path: String) -> (path: String, descriptor: Int32) {
        var number = 1
        while true {
            let partial = "\(path).\(getpid())\(number == 1 ? "" : "-\(number)").partial"
            let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 || errno != EEXIST { return (partial, descriptor) }
            number += 1
        }
    }

    private var unwritable: any Error {
        let reason = String(cString: strerror(errno))
        return fail(
            path == "-"
                ? "standard output cannot be written: \(reason)" : "\(path): error: cannot be written: \(reason)")
    }

    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard let handle, fwrite(bytes.baseAddress, 1, bytes.count, handle) == bytes.count else { throw unwritable }
    }

    public func write(line bytes: UnsafeRawBufferPointer) throws {
        try write(bytes)
        guard let handle, putc(0x0A, handle) >= 0 else { throw unwritable }
    }

    /// Writes everything. The file gets its final name in `close`.
    public func finish() throws {
        guard let file = handle else { return }
        handle = nil
        guard fclose(file) == 0 else { throw unwritable }
    }

    public func close() throws {
        try finish()
        guard let partial else { return }
        guard rename(partial, target) == 0 else { throw unwritable }
        self.partial = nil
    }
}
