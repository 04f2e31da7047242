internal import Kafka
internal import Ledger
internal import Logging
internal import Replay
internal import Synchronization

// The archive and the snapshots of a partition, and the states from them.
extension PartitionRunner {
    /// Opens a standby: its archive, and its state from the newest good snapshot or empty. Called in the storage line.
    func openPartition(countedTo: Int64) throws -> LedgerPartition {
        let (kafka, ledger, stop, number) = (configuration.kafka, configuration.topics.ledger, environment.stop, number)
        let store = try PartitionStore(number, data: configuration.data, runtime: environment.runtime, logger: logger) {
            range in
            try LedgerTopicFrames(
                kafka, topic: ledger, partition: number, from: range.lowerBound, until: range.upperBound,
                isStopped: { stop.isSet })
        }
        let partition = try openPartition(store, countedTo: countedTo)
        if let bands = store.bands() { partition.shared.restore(bands) }
        return partition
    }

    private func openPartition(_ store: PartitionStore, countedTo: Int64) throws -> LedgerPartition {
        guard let restored = try restored(store) else {
            return LedgerPartition(
                blank(store), chain: FrameChain(partition: number), store: store, countedTo: countedTo,
                textBytes: configuration.textBytes)
        }
        return LedgerPartition(
            restored.fold, chain: restored.chain, store: store, countedTo: countedTo,
            textBytes: configuration.textBytes)
    }

    /// The newest good snapshot; nil if there is none.
    func restored(_ store: PartitionStore) throws -> LocalData.Restored? {
        try store.restore(
            history: history(store.directory), maximumSessions: configuration.maximumSessions,
            known: configuration.knownFoldVersions, logger: logger)
    }

    /// An empty state.
    func blank(_ store: PartitionStore) -> PartitionFold {
        PartitionFold(
            partition: number, history: history(store.directory), maximumSessions: configuration.maximumSessions,
            known: configuration.knownFoldVersions)
    }

    /// The history that an activated policy is folded from.
    private func history(_ directory: ArchiveDirectory?) -> PartitionFold.History {
        let frames = frames(directory)
        return { end in frames(0..<end) }
    }

    /// The frames of the archive, and after its end or a damage those of the topic.
    func frames(_ directory: ArchiveDirectory?) -> @Sendable (Range<Int64>) -> LedgerFrames<LedgerTopicFeed> {
        let topic = topicFeed
        return { offsets in
            let end = offsets.upperBound
            return LedgerFrames(archive: directory, from: offsets.lowerBound, until: end) { topic($0..<end) }
        }
    }

    /// Opens the topic's frames for slices. A slice is scheduled when there are more.
    private var topicFeed: @Sendable (_ offsets: Range<Int64>) -> LedgerTopicFeed {
        let (kafka, ledger, stop, number) = (configuration.kafka, configuration.topics.ledger, environment.stop, number)
        let (runtime, slices) = (environment.runtime, environment.slices)
        let ready: @Sendable () -> Void = { [weak self] in if let self { slices.ready(self) } }
        return { offsets in
            LedgerTopicFeed(
                kafka, topic: ledger, partition: number, offsets: offsets, runtime: runtime, isStopped: { stop.isSet },
                ready: ready)
        }
    }

    /// Replaces a state that is ahead of its facts, because it would never publish them. A state that was in use before
    /// a new assignment can be ahead of its facts; then the newest snapshot is used. A snapshot can be ahead of them
    /// only if the fact topics have lost some; then the state is folded from the beginning. Called in the storage line.
    func useOnlyWhatIsPublished(_ partition: LedgerPartition) throws {
        let store = partition.store
        if let restored = try restored(store) {
            partition.replace(restored.fold, chain: restored.chain)
            if partition.resumePublication() { return }
            logger.warning(
                "facts of a snapshot are not all published: folding from the beginning",
                metadata: ["partition": "\(number)"])
            try storing { try store.dropSnapshots() }
        }
        partition.replace(blank(store), chain: FrameChain(partition: number))
        _ = partition.resumePublication()
    }

    // MARK: Frames

    /// Folds the archive's frames, including those that it gets meanwhile, before polled ones, up to `limit`, a ledger
    /// offset.
    func readAhead(_ partition: LedgerPartition, limit: Int64 = .max) {
        lastRange = partition.unfolded(before: limit)
        partition.backlog = lastRange.map { frames(of: partition, in: $0) }
    }

    /// Like `readAhead`, including the newest archived frames. A standby folds only what its owner has published.
    func readOn(_ partition: LedgerPartition) throws {
        try storing { try partition.store.flush() }
        readAhead(partition, limit: partition.isStandby ? partition.publishedByOwner : .max)
    }

    func frames(of partition: LedgerPartition, in offsets: Range<Int64>) -> LedgerFrames<LedgerTopicFeed> {
        frames(partition.store.directory)(offsets)
    }

    /// Appends a frame to the archive. Returns false if the disk is full; the frame and its successors then wait.
    func appendToArchive(_ frame: LedgerFrame, of partition: LedgerPartition) throws -> Bool {
        do {
            try partition.store.appendToArchive(frame.bytes, at: frame.offset)
            partition.note(isDiskFull: false, logger)
            return true
        } catch  where error.isDiskFull {
            partition.note(isDiskFull: true, logger)
            return false
        } catch {
            throw storageError(error)
        }
    }

    /// A sync that failed has lost its data, whatever a later sync returns, so the process ends.
    func storageError(_ error: FileError) -> any Error {
        guard error.isFailedSync else { return error }
        return PipelineError(
            .storage, "\(error); what was written may be gone, so this process relies on nothing and ends")
    }

    /// Runs a write. If the disk is full, it logs that, changes nothing and returns false.
    @discardableResult func storing(_ body: () throws -> Void) throws -> Bool {
        do {
            try body()
            return true
        } catch let error as FileError where error.isDiskFull {
            logger.error("the disk is full: no snapshot is kept", metadata: ["reason": "\(error)"])
            return false
        } catch let error as FileError {
            throw storageError(error)
        }
    }

    // MARK: Snapshots and indexes

    /// Flushes the archive, indexes closed segments, and takes snapshots that are due.
    func store(_ partition: LedgerPartition) throws {
        guard configuration.data != nil else { return }
        let store = partition.store
        try storing { try store.flush() }
        if store.hasNewSegment { index(partition.shared) }
        defer { if isSnapshotInMemory, !store.isSnapshotUnderWay { giveBackSnapshotRoom() } }
        try storing { try store.commitSnapshot(committable: partition.committable) }
        guard partition.isSnapshotDue(at: environment.runtime.now, interval: configuration.snapshotInterval),
            takeSnapshotRoom()
        else { return }
        try partition.takeSnapshot()
    }

    private func takeSnapshotRoom() -> Bool {
        guard !isSnapshotInMemory else { return true }
        isSnapshotInMemory = !environment.isTakingSnapshot.exchange(true, ordering: .acquiringAndReleasing)
        return isSnapshotInMemory
    }

    func giveBackSnapshotRoom() {
        guard isSnapshotInMemory else { return }
        isSnapshotInMemory = false
        environment.isTakingSnapshot.store(false, ordering: .releasing)
    }

    private func index(_ partition: OwnedPartition) {
        let logger = logger
        environment.runtime.background(.storage) {
            do {
                try partition.index()
            } catch {
                logger.warning(
                    "the archive's index is not made",
                    metadata: ["partition": "\(partition.partition)", "reason": "\(error)"])
            }
        }
    }
}

extension LedgerPartition {
    /// Copies the state, which other threads may read meanwhile.
    func takeSnapshot() throws {
        let (store, chainHead, bands) = (store, chain.head, shared.bandBytes)
        try shared.readFold { try store.takeSnapshot(of: $0, chainHead: chainHead, bands: bands) }
    }

    /// Called in the storage line. Throws `FileError`; the archive is closed also then.
    func close(takesSnapshot: Bool) throws {
        defer { store.abandonSnapshot() }
        let snapshot = Result {
            guard takesSnapshot, nextOffset <= committable else { return }
            try store.commitSnapshot(committable: committable, waits: true)
            try takeSnapshot()
            try store.commitSnapshot(committable: committable, waits: true)
        }
        try store.close()
        try snapshot.get()
    }

    fileprivate func note(isDiskFull: Bool, _ logger: Logger) {
        guard isDiskFull != self.isDiskFull else { return }
        self.isDiskFull = isDiskFull
        if isDiskFull {
            logger.error("the disk is full: the fold waits for room", metadata: ["partition": "\(number)"])
        } else {
            logger.notice("there is room again", metadata: ["partition": "\(number)"])
        }
    }
}
