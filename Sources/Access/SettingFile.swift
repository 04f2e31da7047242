internal import Foundation

/// A small file that a setting names.
public struct SettingFile: Sendable {
    /// Changes when the file is replaced or written again.
    public struct Stamp: Hashable, Sendable {
        fileprivate let inode, size: UInt64
        fileprivate let changed: Date
    }

    public let path: String
    /// The setting's name in messages, such as `--access-users`.
    let setting: String
    /// Whether the file is refused if every user of the machine may read it.
    let isSecret: Bool

    private static let permissionsOfOthers = 0o007

    public init(path: String, setting: String, isSecret: Bool) {
        (self.path, self.setting, self.isSecret) = (path, setting, isSecret)
    }

    /// Nil if the file cannot be examined.
    public var stamp: Stamp? { attributes.map(Stamp.init) }

    /// The attributes of the file at the end of links.
    private var attributes: [FileAttributeKey: Any]? {
        try? FileManager.default.attributesOfItem(atPath: URL(filePath: path).resolvingSymlinksInPath().path)
    }

    /// Reads the whole file. A file above `limit` bytes is refused. A pipe or another special file is not opened.
    public func read(limit: Int) throws(AccessMistake) -> (bytes: [UInt8], stamp: Stamp) {
        guard let attributes else {
            throw mistake("cannot be read: there is no such file, or this user may not enter its folder")
        }
        guard attributes[.type] as? FileAttributeType == .typeRegular else { throw mistake("is not a file") }
        let permissions = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? Self.permissionsOfOthers
        if isSecret, permissions & Self.permissionsOfOthers != 0 {
            throw mistake("is open to every user of this machine; run `chmod o= \(path)`")
        }
        let stamp = Stamp(attributes)
        guard stamp.size <= limit else { throw mistake("is larger than \(limit) bytes") }
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? handle.close() }
            return (Array(try handle.read(upToCount: limit) ?? Data()), stamp)
        } catch {
            throw mistake("cannot be read; give this user the file")
        }
    }

    public func mistake(_ what: String) -> AccessMistake { AccessMistake("\(setting) \(path) \(what)") }
}

extension SettingFile.Stamp {
    fileprivate init(_ attributes: [FileAttributeKey: Any]) {
        inode = (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
        size = (attributes[.size] as? NSNumber)?.uint64Value ?? 0
        changed = attributes[.modificationDate] as? Date ?? .distantPast
    }
}
