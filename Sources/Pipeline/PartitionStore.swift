internal import Ledger
internal import Logging
internal import Replay
internal import Scoring
internal import Synchronization

/// A ledger partition's archive and snapshots on this member's disk. The folding thread's own.
final class PartitionStore {
    let partition: Int32
    private(set) var lastSnapshot: (time: ContinuousClock.Instant, offset: Int64)

    private let data: LocalData?
    private let host: any Host
    private let archive: ArchiveWriter?
    private var lastSegment: Int64?
    private var snapshot: (pending: SnapshotStore.Pending, offset: Int64)?
    /// A snapshot that is being made to last, on another thread.
    private var commit: Commit?

    private final class Commit: @unchecked Sendable {
        // The pending snapshot belongs to the thread that makes it last.
        private let pending: SnapshotStore.Pending
        private let result = Mutex<Result<Void, FileError>?>(nil)

        init(_ pending: SnapshotStore.Pending) { self.pending = pending }

        func run() {
            let outcome: Result<Void, FileError>
            do throws(FileError) {
                try pending.commit()
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            result.withLock { $0 = outcome }
        }

        var outcome: Result<Void, FileError>? { result.withLock { $0 } }
    }

    /// Opens the archive; damage in it is fetched again from the topic. Throws `PipelineError` where that cannot be, or where
    /// another process writes there.
    init(
        _ partition: Int32, data: LocalData?, host: any Host, logger: Logger,
        topic: (Range<Int64>) throws -> any FrameSource
    ) throws {
        self.partition = partition
        self.data = data
        self.host = host
        lastSnapshot = (host.now, 0)
        guard let data else {
            archive = nil
            return
        }
        let directory = data.archive(partition)
        for path in try directory.oddPaths() + data.snapshots(partition).oddPaths() {
            logger.warning("what lies in the data folder is no file, and is passed over", metadata: ["path": "\(path)"])
        }
        do {
            do {
                archive = try ArchiveWriter(directory)
            } catch let damage as ArchiveDamage {
                logger.error("the archive is damaged and fetched again", metadata: ["reason": "\(damage)"])
                let fetched = try Archive(directory).repair(fetch: topic)
                logger.notice("the archive is whole again", metadata: ["ranges": "\(fetched.count)"])
                archive = try ArchiveWriter(directory)
            }
        } catch let lost as Archive.Lost {
            throw PipelineError(.ledgerDamaged, "ledger partition \(partition): \(lost)")
        } catch let inUse as ArchiveInUse {
            throw PipelineError(.storage, inUse.description)
        }
        for tail in archive?.torn ?? [] {
            logger.notice(
                "the archive's torn tail is cut and kept aside",
                metadata: ["file": "\(tail.path)", "bytes": "\(tail.bytes)"])
        }
    }

    /// What reads here does not list the directory, as long as the archive is open.
    var directory: ArchiveDirectory? { archive?.directory }

    /// The first offset that the archive has not; nil: there is no archive.
    var archiveEnd: Int64? { archive?.nextOffset }

    // MARK: Archive

    /// Takes a frame into the archive. Throws `FileError`; after `isDiskFull` the same call may be made again.
    func keep(_ frame: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        try archive?.append(frame, at: offset)
    }

    func flush() throws(FileError) { try archive?.flush() }

    /// True once for each segment that was begun, so that there is one more that is closed.
    var hasNewSegment: Bool {
        guard let segment = archive?.segment, segment != lastSegment else { return false }
        lastSegment = segment
        return true
    }

    func close() throws(FileError) { try archive?.close() }

    // MARK: Snapshots

    /// The newest good snapshot; nil: there is none.
    func restore(
        history: @escaping PartitionFold.History, maximumSessions: Int, logger: Logger
    ) throws -> LocalData.Restored? {
        try data?.restored(partition, history: history, maximumSessions: maximumSessions) { rejected in
            logger.error(
                "a snapshot is thrown away", metadata: ["file": "\(rejected.path)", "reason": "\(rejected.reason)"])
        }
    }

    /// The state came from a snapshot, or begins anew.
    func begin(at offset: Int64) { lastSnapshot = (host.now, offset) }

    /// Removes snapshots that cannot be used.
    func dropSnapshots() throws(FileError) { try data?.snapshots(partition).drop() }

    var isSnapshotUnderWay: Bool { snapshot != nil || commit != nil }

    /// Writes the state and the head of the chain that led to it. It counts once `commitSnapshot` has been called and has ended
    /// well.
    func takeSnapshot(of fold: borrowing PartitionFold, chainHead: [UInt8]) throws {
        guard let data, !isSnapshotUnderWay, fold.nextOffset > lastSnapshot.offset, fold.policy != nil,
            !fold.isSpoiled, !fold.isWithinFrame
        else { return }
        let pending = try data.snapshots(partition).begin(nextOffset: fold.nextOffset)
        do {
            try fold.writeSnapshot(chainHead: chainHead) { try pending.write($0) }
        } catch {
            try? pending.abandon()
            throw error
        }
        snapshot = (pending, fold.nextOffset)
        lastSnapshot = (host.now, fold.nextOffset)
    }

    /// Makes the snapshot last, once every fact before it is out (`committable` is a ledger offset): else whoever starts from
    /// it would leave some out. `waits`: on this thread. Throws `FileError` of an earlier one that failed.
    func commitSnapshot(committable: Int64, waits: Bool = false) throws(FileError) {
        if let outcome = commit?.outcome {
            commit = nil
            if case .failure(let error) = outcome { throw error }
        }
        guard let (pending, offset) = snapshot, commit == nil, committable >= offset else { return }
        snapshot = nil
        guard !waits else { return try pending.commit() }
        let commit = Commit(pending)
        self.commit = commit
        host.background { commit.run() }
    }

    /// The snapshot under way is given up.
    func abandonSnapshot() {
        try? snapshot?.pending.abandon()
        snapshot = nil
    }
}
