internal import Kafka
internal import Ledger
internal import Logging
internal import Replay
internal import Synchronization

// The archive and the snapshots of a partition, and the states that come from them.
extension PartitionRunner {
    /// A standby: its archive, and its state from the newest good snapshot or from nothing. In the storage line.
    func openPartition(countedTo: Int64) throws -> LedgerPartition {
        let (kafka, ledger, stop, number) = (configuration.kafka, configuration.topics.ledger, runtime.stop, number)
        let store = try PartitionStore(number, data: configuration.data, host: runtime.host, logger: logger) { range in
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

    /// A state in which nothing is folded.
    func blank(_ store: PartitionStore) -> PartitionFold {
        PartitionFold(
            partition: number, history: history(store.directory), maximumSessions: configuration.maximumSessions,
            known: configuration.knownFoldVersions)
    }

    /// What a policy that is activated is folded from.
    private func history(_ directory: ArchiveDirectory?) -> PartitionFold.History {
        let frames = frames(directory)
        return { end in frames(0..<end) }
    }

    /// Those of the archive, and where it ends or is damaged those of the topic.
    func frames(_ directory: ArchiveDirectory?) -> @Sendable (Range<Int64>) -> LedgerFrames<LedgerTopicFeed> {
        let topic = topicFeed
        return { offsets in
            let end = offsets.upperBound
            return LedgerFrames(archive: directory, from: offsets.lowerBound, until: end) { topic($0..<end) }
        }
    }

    /// Opens the topic's frames for slices, one of which is called for when there are more.
    private var topicFeed: @Sendable (_ offsets: Range<Int64>) -> LedgerTopicFeed {
        let (kafka, ledger, stop, number) = (configuration.kafka, configuration.topics.ledger, runtime.stop, number)
        let (host, slices) = (runtime.host, runtime.slices)
        let ready: @Sendable () -> Void = { [weak self] in if let self { slices.ready(self) } }
        return { offsets in
            LedgerTopicFeed(
                kafka, topic: ledger, partition: number, offsets: offsets, host: host, isStopped: { stop.isSet },
                ready: ready)
        }
    }

    /// A state that is ahead of its facts would never publish them. One that was in use before the partition was assigned anew
    /// can be ahead of its facts: then the newest snapshot is taken. A snapshot is ahead of them only where the fact topics have
    /// lost some: then the state is folded from the beginning. In the storage line.
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

    /// From here on what the archive has, and then what it gets meanwhile, is folded before anything that is polled: as far as
    /// `limit`, a ledger offset.
    func readAhead(_ partition: LedgerPartition, limit: Int64 = .max) {
        lastRange = partition.unfolded(before: limit)
        partition.backlog = lastRange.map { frames(of: partition, in: $0) }
    }

    /// As `readAhead`, also with what was archived just now. A standby folds no further than its owner has published.
    func readOn(_ partition: LedgerPartition) throws {
        try storing { try partition.store.flush() }
        readAhead(partition, limit: partition.isStandby ? partition.publishedByOwner : .max)
    }

    func frames(of partition: LedgerPartition, in offsets: Range<Int64>) -> LedgerFrames<LedgerTopicFeed> {
        frames(partition.store.directory)(offsets)
    }

    /// Takes a frame into the archive. False: the disk is full. The frame waits, and with it what comes after it.
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

    /// A sync that failed has lost what it should have written, whatever a later one says: the process ends.
    func storageError(_ error: FileError) -> any Error {
        guard error.isFailedSync else { return error }
        return PipelineError(
            .storage, "\(error); what was written may be gone, so this process relies on nothing and ends")
    }

    /// Runs something that writes; a full disk is logged and leaves everything as it was. False: it is full.
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

    /// What was gathered goes to the disk, closed segments get their index, and snapshots are taken where they are due.
    func store(_ partition: LedgerPartition) throws {
        guard configuration.data != nil else { return }
        let store = partition.store
        try storing { try store.flush() }
        if store.hasNewSegment { index(partition.shared) }
        defer { if isSnapshotInMemory, !store.isSnapshotUnderWay { giveBackSnapshotRoom() } }
        try storing { try store.commitSnapshot(committable: partition.committable) }
        guard partition.isSnapshotDue(at: runtime.host.now, interval: configuration.snapshotInterval),
            takeSnapshotRoom()
        else { return }
        try partition.takeSnapshot()
    }

    private func takeSnapshotRoom() -> Bool {
        guard !isSnapshotInMemory else { return true }
        isSnapshotInMemory = !runtime.isTakingSnapshot.exchange(true, ordering: .acquiringAndReleasing)
        return isSnapshotInMemory
    }

    func giveBackSnapshotRoom() {
        guard isSnapshotInMemory else { return }
        isSnapshotInMemory = false
        runtime.isTakingSnapshot.store(false, ordering: .releasing)
    }

    private func index(_ partition: OwnedPartition) {
        let logger = logger
        runtime.host.background(.storage) {
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
    /// Copies the state, which others may read meanwhile.
    func takeSnapshot() throws {
        let (store, chainHead, bands) = (store, chain.head, shared.bandBytes)
        try shared.readFold { try store.takeSnapshot(of: $0, chainHead: chainHead, bands: bands) }
    }

    /// In the storage line. Throws `FileError`; the archive is closed then too.
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
