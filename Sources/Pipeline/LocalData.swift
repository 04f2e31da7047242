internal import Events
public import Ledger
internal import Logging
public import Replay
internal import Scoring

/// The folder with a process's copy of ledger partitions: `archive/` and `snapshots/`. The copy can be deleted without
/// losing data.
public struct LocalData: Sendable {
    public let path: String
    let files: any FileSystem

    public init(_ path: String, on files: any FileSystem = PosixFileSystem()) {
        self.path = path
        self.files = files
    }

    /// The prefix of files that only test whether a file can be made in the folder.
    public static let trialPrefix = ".standing-"

    public var archiveRoot: String { path + "/archive" }

    public func archive(_ partition: Int32) -> ArchiveDirectory {
        ArchiveDirectory(root: archiveRoot, partition: partition, on: files)
    }

    public func snapshots(_ partition: Int32) -> SnapshotStore {
        SnapshotStore(root: path + "/snapshots", partition: partition, on: files)
    }

    /// The files beside the snapshots: subjects by band over time (`BandHistory`).
    func bands(_ partition: Int32) -> SnapshotStore {
        SnapshotStore(root: path + "/snapshots", partition: partition, suffix: "bands", on: files)
    }

    /// Called at the start of a member. Removes the incomplete files of every partition that a crash has left, and
    /// nothing else. A partition that another process writes is skipped. Failures are only logged, because the files do
    /// no harm.
    func removeUnfinished(_ logger: Logger) {
        var count = 0
        do {
            for entry in try files.entries(of: path) where entry.mayBeFile && entry.name.hasPrefix(Self.trialPrefix) {
                try files.removeIfThere("\(path)/\(entry.name)")
                count += 1
            }
            for partition in try ArchiveDirectory.partitions(under: archiveRoot, on: files) {
                do {
                    count += try Archive(archive(partition))
                        .removeUnfinished(with: snapshots(partition), bands(partition))
                } catch is ArchiveInUse {
                    continue
                }
            }
        } catch {
            logger.warning("files that were half made at a crash are not removed", metadata: ["reason": "\(error)"])
        }
        guard count > 0 else { return }
        logger.notice("files that were half made at a crash are removed", metadata: ["files": "\(count)"])
    }
}

extension LocalData {
    /// A state and its chain.
    struct Restored: ~Copyable {
        var fold: PartitionFold
        let chain: FrameChain
    }

    /// The state of a partition's newest good snapshot; nil if there is none.
    func restored(
        _ partition: Int32, history: @escaping PartitionFold.History, maximumSessions: Int,
        known: KnownFoldVersions = KnownFoldVersions(), retainsRejected: Bool = false,
        rejected: (SnapshotStore.Rejected) -> Void
    ) throws -> Restored? {
        try snapshots(partition).newest(retainsRejected: retainsRejected, rejected: rejected) { offset, reader in
            var head: [UInt8] = []
            let fold = try PartitionFold(
                partition: partition, history: history, snapshot: &reader, chainHead: &head,
                maximumSessions: maximumSessions, known: known)
            guard fold.nextOffset == offset else {
                throw PartitionFold.SnapshotError("it is of offset \(fold.nextOffset)")
            }
            return Restored(fold: fold, chain: FrameChain(head: head))
        }
    }

    /// As above, for a reader beside a running member: nothing is removed. Nil also if folding cannot continue from the
    /// state without look-ups of earlier events.
    public func restoredBesideMember(
        _ partition: Int32, history: @escaping PartitionFold.History, rejected: (SnapshotStore.Rejected) -> Void
    ) throws -> PartitionFold? {
        let restored = try Rereading.besideMember.run { () throws -> Restored? in
            try self.restored(
                partition, history: history, maximumSessions: Acceptance.maximumSessions, retainsRejected: true,
                rejected: rejected)
        }
        guard let restored, restored.fold.hasAllTexts else { return nil }
        return restored.fold
    }
}
