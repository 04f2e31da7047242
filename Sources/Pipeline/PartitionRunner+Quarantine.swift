internal import Ledger
internal import Logging
internal import Replay

// What a record that cannot be read or folded does to its partition, and how it goes on.
extension PartitionRunner {
    /// Frames of the archive that a slice searches for the entry that ends a quarantine.
    private static let searchFrames = 64

    /// Mends the state, searches for the entry that ends the quarantine, and ends it.
    func settleQuarantine(_ partition: LedgerPartition) throws {
        guard !partition.isSpoiled else { return mend(partition) }
        if let quarantine = try partition.search(frames: Self.searchFrames) {
            logger.error("\(quarantine.description)", metadata: metadata(of: quarantine))
        }
        guard let quarantine = partition.endQuarantine() else { return }
        logger.notice(
            "a record is passed over, as the ledger says",
            metadata: metadata(of: quarantine).merging(["reason": "\(quarantine.problem.message)"]) { $1 })
        if !partition.isStandby { try goOn(partition) }
    }

    /// A state into which a frame went in part is taken from a snapshot, or begun anew, and folded up to the record.
    private func mend(_ partition: LedgerPartition) {
        onStorage { [self] partition in
            try readOn(partition)
            if partition.store.archiveEnd == nil, !partition.isStandby { read(partition) }
        } _: { [self] in
            let store = partition.store
            try storing { try store.flush() }
            if let restored = try restored(store) {
                partition.mend(restored.fold, chain: restored.chain)
            } else {
                partition.mend(blank(store), chain: FrameChain(partition: number))
            }
        }
    }

    /// What was not folded meanwhile is folded: it is in the archive, or else it is read from the topic once more.
    private func goOn(_ partition: LedgerPartition) throws {
        if partition.store.archiveEnd == nil { read(partition) } else { try readOn(partition) }
    }

    private func metadata(of quarantine: Quarantine) -> Logger.Metadata {
        ["partition": "\(quarantine.problem.partition)", "offset": "\(quarantine.problem.offset)"]
    }
}
