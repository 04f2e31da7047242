internal import Kafka
internal import Ledger
internal import Logging
internal import Replay

// What a record that cannot be read or folded does to its partition, and how it goes on.
extension FoldWorker {
    /// One round for the partitions in quarantine: mends their states, searches for the entries that end it, and ends it.
    func settleQuarantines() throws {
        for partition in assignedPartitions + standbys where partition.quarantine != nil {
            try mend(partition)
            if let quarantine = try partition.search(frames: Self.catchUpFrames) {
                logger.error("\(quarantine.description)", metadata: metadata(of: quarantine))
            }
            guard let quarantine = partition.endQuarantine() else { continue }
            logger.notice(
                "a record is passed over, as the ledger says",
                metadata: metadata(of: quarantine).merging(["reason": "\(quarantine.problem.message)"]) { $1 })
            if !partition.isStandby { try goOn(partition) }
        }
    }

    /// A state into which a frame went in part is taken from a snapshot, or begun anew, and folded up to the record.
    private func mend(_ partition: LedgerPartition) throws {
        guard partition.isSpoiled else { return }
        let store = partition.store
        try storing { try store.flush() }
        if let restored = try restore(store) {
            partition.mend(restored.fold, chain: restored.chain)
        } else {
            partition.mend(blank(store), chain: FrameChain(partition: partition.number))
        }
        // A standby folds no further than its owner has published.
        readAhead(partition, limit: partition.isStandby ? partition.publishedByOwner : .max)
        if store.archiveEnd == nil, !partition.isStandby { try readFromTopic(partition) }
    }

    /// What was not folded meanwhile is folded: it is in the archive, or else it is read from the topic once more.
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

    private func metadata(of quarantine: Quarantine) -> Logger.Metadata {
        ["partition": "\(quarantine.problem.partition)", "offset": "\(quarantine.problem.offset)"]
    }

    /// Of the partitions that are assigned to this member.
    var quarantined: [PipelineStatus.Quarantined] {
        assignedPartitions.compactMap { partition in
            partition.quarantine.map {
                .init(partition: partition.number, offset: $0.problem.offset, reason: $0.description)
            }
        }
    }
}
