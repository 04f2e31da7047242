internal import Kafka
internal import Ledger
internal import Logging
internal import Replay

// What a record that cannot be read or folded does to its partition, and how it goes on.
extension FoldWorker {
    /// The fold of the partition stops before the record. Called while the partition's state is locked.
    func quarantine(_ partition: LedgerPartition, _ problem: PartitionFold.Problem) {
        // What comes from now on is looked at as it comes.
        let behind = partition.store.archiveEnd.flatMap { end in
            problem.offset + 1 < end ? frames(of: partition, from: problem.offset + 1, until: end) : nil
        }
        partition.quarantine = Quarantine(problem, kept: behind)
        partition.backlog = nil
    }

    /// Whether a frame that was read stays unfolded: its partition is in quarantine, and it lies at the record or behind it.
    func stays(_ frame: LedgerFrame, in partition: LedgerPartition) -> Bool {
        guard partition.quarantine != nil else { return false }
        partition.quarantine?.look(at: frame)
        return frame.offset >= partition.quarantine!.problem.offset
    }

    /// One round for those in quarantine: makes their states good, looks for the entries that end it, and ends it.
    func settleQuarantines() throws {
        for partition in assignedPartitions + standbys where partition.quarantine != nil {
            try mend(partition)
            try look(in: partition)
            guard partition.quarantine?.isOver == true else { continue }
            end(partition)
            if partition.phase != .standby { try goOn(partition) }
        }
    }

    /// A state into which a frame went in part is taken from a snapshot, or begun anew, and folded up to the record.
    private func mend(_ partition: LedgerPartition) throws {
        guard partition.withFold({ $0.isSpoiled }) else { return }
        let (store, skipped) = (partition.store, partition.withFold { $0.skipped })
        try storing { try store.flush() }
        if let restored = try restore(store) {
            partition.replace(restored.fold, chain: restored.chain)
        } else {
            partition.replace(blank(store), chain: FrameChain(partition: store.partition))
        }
        partition.withFold { state in for offset in skipped { state.skip(offset) } }
        partition.newFrom = max(partition.newFrom, partition.countedTo)
        readAhead(partition)
        if store.archiveEnd == nil, partition.phase != .standby { try readFromTopic(partition) }
    }

    /// Looks through some of what the archive had.
    private func look(in partition: LedgerPartition) throws {
        for _ in 0..<Self.catchUpFrames {
            guard partition.quarantine?.isOver == false, let kept = partition.quarantine?.kept else { break }
            if let frame = try kept.next() {
                partition.quarantine?.look(at: frame)
            } else {
                partition.quarantine?.kept = nil
            }
        }
        guard let quarantine = partition.quarantine, !quarantine.isOver, quarantine.kept == nil, !quarantine.isTold
        else { return }
        partition.quarantine?.isTold = true
        logger.error("\(quarantine.description)", metadata: place(of: quarantine))
    }

    private func end(_ partition: LedgerPartition) {
        guard let quarantine = partition.quarantine else { return }
        partition.quarantine = nil
        partition.withFold { $0.skip(quarantine.problem.offset) }
        logger.notice(
            "a record is passed over, as the ledger says",
            metadata: place(of: quarantine).merging(["reason": "\(quarantine.problem.message)"]) { $1 })
    }

    /// What came meanwhile is folded: it is in the archive, or else it is read once more.
    private func goOn(_ partition: LedgerPartition) throws {
        if partition.store.archiveEnd == nil {
            try readFromTopic(partition)
        } else {
            try storing { try partition.store.flush() }
            readAhead(partition)
        }
    }

    private func readFromTopic(_ partition: LedgerPartition) throws {
        guard let consumer else { return }
        let (index, next) = (assignedPartitions.firstIndex { $0 === partition }, partition.nextOffset)
        try consumer.assign(
            consumer.assignment.enumerated().map {
                PartitionOffset($1.topicPartition, offset: $0 == index ? next : $1.position)
            })
    }

    private func place(of quarantine: Quarantine) -> Logger.Metadata {
        ["partition": "\(quarantine.problem.partition)", "offset": "\(quarantine.problem.offset)"]
    }

    /// Of those owned here, for whoever asks.
    var quarantined: [PipelineStatus.Quarantined] {
        assignedPartitions.compactMap { partition in
            partition.quarantine.map {
                .init(partition: partition.number, offset: $0.problem.offset, reason: $0.description)
            }
        }
    }
}
