internal import Ledger
internal import Logging
internal import Replay

// The effect of an unreadable record on its partition, and the end of the quarantine.
extension PartitionRunner {
    /// The number of archived frames that a slice searches for the entry that ends a quarantine.
    private static let searchFrames = 64

    /// Replaces a spoiled state, searches for the entry that ends the quarantine, and ends it.
    func settleQuarantine(_ partition: LedgerPartition) throws {
        guard !partition.isSpoiled else { return repair(partition) }
        if let quarantine = try partition.search(frames: Self.searchFrames) {
            logger.error("\(quarantine.description)", metadata: metadata(of: quarantine))
        }
        guard let quarantine = partition.endQuarantine() else { return }
        logger.notice(
            "a record is passed over, as the ledger says",
            metadata: metadata(of: quarantine).merging(["reason": "\(quarantine.problem.message)"]) { $1 })
        if !partition.isStandby { try goOn(partition) }
    }

    /// Replaces a state with a frame that failed in part: by one from a snapshot, or by a new one, folded up to the
    /// record.
    private func repair(_ partition: LedgerPartition) {
        onStorage { [unowned self] partition in
            try readOn(partition)
            if partition.store.archiveEnd == nil, !partition.isStandby { read(partition) }
        } _: { [self] in
            let store = partition.store
            try storing { try store.flush() }
            if let restored = try restored(store) {
                partition.repair(restored.fold, chain: restored.chain)
            } else {
                partition.repair(blank(store), chain: FrameChain(partition: number))
            }
        }
    }

    /// Folds the frames that waited, from the archive, or again from the topic.
    private func goOn(_ partition: LedgerPartition) throws {
        if partition.store.archiveEnd == nil { read(partition) } else { try readOn(partition) }
    }

    private func metadata(of quarantine: Quarantine) -> Logger.Metadata {
        ["partition": "\(quarantine.problem.partition)", "offset": "\(quarantine.problem.offset)"]
    }
}
