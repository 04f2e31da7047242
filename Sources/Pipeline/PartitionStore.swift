internal import CoreMetrics
internal import Events
internal import Ledger
internal import Logging
internal import Replay
internal import Scoring
internal import Synchronization

/// The metrics of snapshots, of all partitions together.
private struct SnapshotMetrics: Sendable {
    let written = Counter(.snapshotsWritten)
    let failed = Counter(.snapshotsFailed)
    let bytes = Counter(.snapshotBytes)
    let time = LatencyMetric(.snapshotSeconds)
}

/// A ledger partition's archive and snapshots on this member's disk. It is owned by the partition.
final class PartitionStore {
    let partition: Int32
    private(set) var lastSnapshot: (time: ContinuousClock.Instant, offset: Int64)

    private let data: LocalData?
    private let runtime: any Runtime
    private let archive: ArchiveWriter?
    private let snapshotMetrics = SnapshotMetrics()
    private var lastSegment: Int64?
    /// A copied state that is not written yet.
    private var snapshot: Snapshot?
    /// A snapshot that is being written in the storage line.
    private var commit: Commit?

    private struct Snapshot: Sendable {
        let offset: Int64
        let store: SnapshotStore
        let metrics: SnapshotMetrics
        let runtime: any Runtime
        var content: [[UInt8]] = []
        /// Subjects by band over time, and their file.
        let bands: (bytes: [UInt8], store: SnapshotStore)

        /// Writes and syncs it. Throws `FileError`; no file is left then.
        func write() throws {
            let start = runtime.now
            do {
                try writeUncounted()
            } catch {
                metrics.failed.increment()
                throw error
            }
            metrics.written.increment()
            metrics.bytes.increment(by: content.reduce(0) { $0 + $1.count })
            metrics.time.record(runtime.now - start)
        }

        private func writeUncounted() throws {
            // The bands are written first, so that every snapshot has them.
            try Self.write([bands.bytes], at: offset, to: bands.store)
            try Self.write(content, at: offset, to: store)
        }

        private static func write(_ content: [[UInt8]], at offset: Int64, to store: SnapshotStore) throws {
            let pending = try store.begin(nextOffset: offset)
            do {
                for part in content { try part.withUnsafeBytes { try pending.write($0) } }
            } catch {
                try? pending.abandon()
                throw error
            }
            try pending.commit()
        }
    }

    private final class Commit: Sendable {
        let outcome = Mutex<Result<Void, any Error>?>(nil)

        func run(_ snapshot: Snapshot) {
            let result = Result(catching: snapshot.write)
            outcome.withLock { $0 = result }
        }
    }

    /// Opens the archive and fetches damaged frames again from the topic. Throws `PipelineError` if that fails, or if
    /// another process writes there.
    init(
        _ partition: Int32, data: LocalData?, runtime: any Runtime, logger: Logger,
        topic: (Range<Int64>) throws -> any FrameSource
    ) throws {
        self.partition = partition
        self.data = data
        self.runtime = runtime
        lastSnapshot = (runtime.now, 0)
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

    /// Its readers need not list the directory while the archive is open.
    var directory: ArchiveDirectory? { archive?.directory }

    /// The offset after the archive's last frame; nil if there is no archive.
    var archiveEnd: Int64? { archive?.nextOffset }

    // MARK: Archive

    /// Appends a frame to the archive. Throws `FileError`. After `isDiskFull` the same call may be repeated.
    func appendToArchive(_ frame: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        try archive?.append(frame, at: offset)
    }

    func flush() throws(FileError) { try archive?.flush() }

    /// Whether `closeSegment` is due, which takes a sync.
    var isSegmentFull: Bool { archive?.isSegmentFull ?? false }

    func closeSegment() throws(FileError) { try archive?.closeSegment() }

    /// Returns true once for each new segment, because another one is closed then.
    var hasNewSegment: Bool {
        guard let segment = archive?.segment, segment != lastSegment else { return false }
        lastSegment = segment
        return true
    }

    func close() throws(FileError) { try archive?.close() }

    // MARK: Snapshots

    /// The newest good snapshot; nil if there is none.
    func restore(
        history: @escaping PartitionFold.History, maximumSessions: Int, known: KnownFoldVersions, logger: Logger
    ) throws -> LocalData.Restored? {
        try data?.restored(partition, history: history, maximumSessions: maximumSessions, known: known) { rejected in
            logger.error(
                "a snapshot is thrown away", metadata: ["file": "\(rejected.path)", "reason": "\(rejected.reason)"])
        }
    }

    /// Subjects by band over time, from the file beside the snapshots; nil if there is no readable one, which has no
    /// other effect.
    func bands() -> BandHistory? {
        let found = try? data?.bands(partition).newest(rejected: { _ in }) { _, reader in try BandHistory(&reader) }
        return found ?? nil
    }

    /// The state is from a snapshot, or empty.
    func begin(at offset: Int64) { lastSnapshot = (runtime.now, offset) }

    /// Removes snapshots that cannot be used.
    func dropSnapshots() throws(FileError) { try data?.snapshots(partition).drop() }

    var isSnapshotUnderWay: Bool { snapshot != nil || commit != nil }

    /// Copies the state, the head of its chain, and `bands` (`BandHistory.bytes`). The snapshot is valid after
    /// `commitSnapshot` has written it.
    func takeSnapshot(of fold: borrowing PartitionFold, chainHead: [UInt8], bands: [UInt8]) throws {
        guard let data, !isSnapshotUnderWay, fold.nextOffset > lastSnapshot.offset, fold.policy != nil,
            !fold.isSpoiled, !fold.isWithinFrame
        else { return }
        var snapshot = Snapshot(
            offset: fold.nextOffset, store: data.snapshots(partition), metrics: snapshotMetrics, runtime: runtime,
            bands: (bands, data.bands(partition)))
        try fold.writeSnapshot(chainHead: chainHead) { snapshot.content.append([UInt8]($0)) }
        self.snapshot = snapshot
        lastSnapshot = (runtime.now, fold.nextOffset)
    }

    /// Writes the snapshot after every earlier fact is published (`committable` is a ledger offset). Otherwise a
    /// process that starts from it would leave facts out. `waits`: writes it before returning. Throws `FileError` of an
    /// earlier snapshot that failed.
    func commitSnapshot(committable: Int64, waits: Bool = false) throws {
        if let outcome = commit?.outcome.withLock({ $0 }) {
            commit = nil
            try outcome.get()
        }
        guard let snapshot, commit == nil, committable >= snapshot.offset else { return }
        self.snapshot = nil
        guard !waits else { return try snapshot.write() }
        let commit = Commit()
        self.commit = commit
        runtime.background(.storage) { commit.run(snapshot) }
    }

    /// Drops the present snapshot, unless it is being written.
    func abandonSnapshot() { snapshot = nil }
}
