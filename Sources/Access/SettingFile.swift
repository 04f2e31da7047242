internal import Foundation

/// A small file that a setting names.
public struct SettingFile: Sendable {
    /// What changes when the file is replaced or written again.
    public struct Stamp: Hashable, Sendable {
        let inode, size, seconds, nanoseconds: Int64
    }

    public let path: String
    /// The setting, as a sentence names it: `--access-users`.
    let setting: String
    /// Whether the file is refused if every user of the machine may read it.
    let isSecret: Bool

    public init(path: String, setting: String, isSecret: Bool) {
        (self.path, self.setting, self.isSecret) = (path, setting, isSecret)
    }

    private static let readByOthers = mode_t(S_IROTH | S_IWOTH | S_IXOTH)

    /// Nil if the file cannot be examined.
    public var stamp: Stamp? {
        var found = stat()
        return stat(path, &found) == 0 ? Stamp(found) : nil
    }

    /// Reads the whole file. A file above `limit` bytes is refused.
    public func read(limit: Int) throws(AccessMistake) -> (bytes: [UInt8], stamp: Stamp) {
        // A pipe without a writer would block.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw mistake("cannot be read (\(String(cString: strerror(errno))))") }
        defer { close(descriptor) }
        var found = stat()
        guard fstat(descriptor, &found) == 0 else {
            throw mistake("cannot be read (\(String(cString: strerror(errno))))")
        }
        guard found.st_mode & S_IFMT == S_IFREG else { throw mistake("is not a file") }
        if isSecret, found.st_mode & Self.readByOthers != 0 {
            throw mistake("is open to every user of this machine; run `chmod o= \(path)`")
        }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count <= limit {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + count, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw mistake("cannot be read (\(String(cString: strerror(errno))))") }
            if got == 0 { break }
            count += got
        }
        guard count <= limit else { throw mistake("is larger than \(limit) bytes") }
        return (Array(bytes.prefix(count)), Stamp(found))
    }

    public func mistake(_ what: String) -> AccessMistake { AccessMistake("\(setting) \(path) \(what)") }
}

extension SettingFile.Stamp {
    fileprivate init(_ found: stat) {
        inode = Int64(bitPattern: UInt64(found.st_ino))
        size = Int64(found.st_size)
        (seconds, nanoseconds) = (Int64(found.st_mtim.tv_sec), Int64(found.st_mtim.tv_nsec))
    }
}
