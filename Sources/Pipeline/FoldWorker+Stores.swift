internal import Kafka
internal import Ledger
internal import Logging
internal import Replay

// The archive and the snapshots of the partitions, and the states that come from them.
extension FoldWorker {
    private static let diskFullPauseMilliseconds = 200

    /// A standby: its archive, and its state from the newest good snapshot or from nothing.
    func open(_ number: Int32) throws -> LedgerPartition {
        let (kafka, ledger, stop) = (configuration.kafka, configuration.topics.ledger, stop)
        let store = try PartitionStore(number, data: configuration.data, host: host, logger: logger) { range in
            try LedgerTopicFrames(
                kafka, topic: ledger, partition: number, from: range.lowerBound, until: range.upperBound,
                isStopped: { stop.isSet })
        }
        let countedTo = countedTo[number] ?? 0
        let partition =
            if let restored = try restore(store) {
                LedgerPartition(restored.fold, chain: restored.chain, store: store, countedTo: countedTo)
            } else {
                LedgerPartition(
                    blank(store), chain: FrameChain(partition: number), store: store, countedTo: countedTo)
            }
        partitions[Int(number)] = partition
        return partition
    }

    /// The newest good snapshot; nil if there is none.
    func restore(_ store: PartitionStore) throws -> LocalData.Restored? {
        try store.restore(
            history: history(store.partition, store.directory), maximumSessions: configuration.maximumSessions,
            logger: logger)
    }

    /// A state in which nothing is folded.
    func blank(_ store: PartitionStore) -> PartitionFold {
        PartitionFold(
            partition: store.partition, history: history(store.partition, store.directory),
            maximumSessions: configuration.maximumSessions)
    }

    /// What a policy that is activated is folded from.
    private func history(_ partition: Int32, _ directory: ArchiveDirectory?) -> PartitionFold.History {
        let (kafka, ledger, stop) = (configuration.kafka, configuration.topics.ledger, stop)
        return { end in
            LedgerFrames(archive: directory, from: 0, until: end) { start in
                try LedgerTopicFrames(
                    kafka, topic: ledger, partition: partition, from: start, until: end, isStopped: { stop.isSet })
            }
        }
    }

    // MARK: Archive and snapshots

    /// Takes a frame into the archive. A full disk is waited for: reading goes on when there is room.
    func archive(_ frame: LedgerFrame, of partition: LedgerPartition) throws {
        var isLogged = false
        while true {
            do {
                try partition.store.keep(frame.bytes, at: frame.offset)
                if isLogged { logger.notice("there is room again", metadata: ["partition": "\(partition.number)"]) }
                return
            } catch  where error.isDiskFull {
                if !isLogged {
                    logger.error("the disk is full: the fold waits for room", metadata: ["reason": "\(error)"])
                }
                isLogged = true
                serve(Self.diskFullPauseMilliseconds)
                try check()
                if stop.isSet { throw CancellationError() }
            } catch {
                throw storageError(error)
            }
        }
    }

    /// A sync that failed has lost what it should have written, whatever a later one says: the process ends.
    private func storageError(_ error: FileError) -> any Error {
        guard error.isFailedSync else { return error }
        return PipelineError(
            .storage, "\(error); what was written may be gone, so this process relies on nothing and ends")
    }

    /// Runs something that writes; a full disk is logged and leaves everything as it was.
    func storing(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as FileError where error.isDiskFull {
            logger.error("the disk is full: no snapshot is kept", metadata: ["reason": "\(error)"])
        } catch let error as FileError {
            throw storageError(error)
        }
    }

    /// What was gathered goes to the disk, closed segments get their index, and snapshots are taken where they are due.
    func store() throws {
        guard configuration.data != nil else { return }
        for partition in assignedPartitions + standbys { try store(partition) }
    }

    private func store(_ partition: LedgerPartition) throws {
        let store = partition.store
        try storing { try store.flush() }
        if store.hasNewSegment { index(partition.shared) }
        try storing { try store.commitSnapshot(committable: partition.committable) }
        guard partition.isSnapshotDue(at: host.now, interval: configuration.snapshotInterval) else { return }
        try storing { try takeSnapshot(partition) }
    }

    private func takeSnapshot(_ partition: LedgerPartition) throws {
        let chainHead = partition.chain.head
        try partition.withFold { try partition.store.takeSnapshot(of: $0, chainHead: chainHead) }
    }

    private func index(_ partition: OwnedPartition) {
        let logger = logger
        host.background {
            do {
                try partition.index()
            } catch {
                logger.warning(
                    "the archive's index is not made",
                    metadata: ["partition": "\(partition.partition)", "reason": "\(error)"])
            }
        }
    }

    /// The last snapshots, so that the next start is short, and the archives closed. What fails here costs time, not facts.
    func closeStores() {
        for partition in assignedPartitions { close(partition) }
        assignedPartitions = []
        closeStandbys()
    }

    /// Those that this member will not use again.
    func closeStandbys() {
        for partition in standbys { close(partition) }
    }

    private func close(_ partition: LedgerPartition) {
        let store = partition.store
        do {
            if partition.nextOffset <= partition.committable {
                try takeSnapshot(partition)
                try store.commitSnapshot(committable: partition.committable, waits: true)
            }
            store.abandonSnapshot()
            try store.close()
        } catch {
            logger.warning("archive and snapshot are not whole", metadata: ["reason": "\(error)"])
        }
        drop(partition)
    }
}
