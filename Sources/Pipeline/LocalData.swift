public import Ledger

/// The folder in which a process keeps its copy of ledger partitions: `archive/` and `snapshots/`. Deleting it loses
/// nothing.
public struct LocalData: Sendable {
    public let path: String
    let files: any FileSystem

    public init(_ path: String, on files: any FileSystem = PosixFileSystem()) {
        self.path = path
        self.files = files
    }

    public var archiveRoot: String { path + "/archive" }

    public func archive(_ partition: Int32) -> ArchiveDirectory {
        ArchiveDirectory(root: archiveRoot, partition: partition, on: files)
    }

    public func snapshots(_ partition: Int32) -> SnapshotStore {
        SnapshotStore(root: path + "/snapshots", partition: partition, on: files)
    }
}
