internal import Kafka
internal import Ledger
internal import Logging
internal import Replay

// What a record that cannot be read or folded does to its partition, and how it goes on.
extension FoldWorker {
    /// The fold of the partition stops before the record. Called while the partition's state is locked.
    func quarantine(_ store: PartitionStore, _ problem: PartitionFold.Problem) {
        // What comes from now on is looked at as it comes.
        let behind = store.archiveEnd.flatMap { end in
            problem.offset + 1 < end ? frames(of: store, from: problem.offset + 1, until: end) : nil
        }
        store.quarantine = Quarantine(problem, kept: behind)
        store.kept = nil
    }

    /// Whether a frame that was read stays unfolded: its partition is in quarantine, and it lies at the record or behind it.
    func stays(_ frame: LedgerFrame, in store: PartitionStore) -> Bool {
        guard store.quarantine != nil else { return false }
        store.quarantine?.look(at: frame)
        return frame.offset >= store.quarantine!.problem.offset
    }

    /// One round for those in quarantine: makes their states good, looks for the entries that end it, and ends it.
    func settleQuarantines() throws {
        for (place, store) in stores.enumerated() where store.quarantine != nil {
            try mend(partitions[place], store)
            try look(in: store)
            guard store.quarantine?.isOver == true else { continue }
            end(partitions[place], store)
            try goOn(place)
        }
        for spare in sparesInOrder where spare.store.quarantine != nil {
            try mend(spare.partition, spare.store)
            try look(in: spare.store)
            if spare.store.quarantine?.isOver == true { end(spare.partition, spare.store) }
        }
    }

    /// A state into which a frame went in part is taken from a snapshot, or begun anew, and folded up to the record.
    private func mend(_ partition: OwnedPartition, _ store: PartitionStore) throws {
        guard partition.withFold({ $0.isSpoiled }) else { return }
        let (number, skipped) = (store.partition, partition.withFold { $0.skipped })
        let history = history(number, store.directory)
        try storing { try store.flush() }
        if let restored = try store.restore(
            history: history, maximumSessions: configuration.maximumSessions, logger: logger)
        {
            store.begin(at: restored.fold.nextOffset, restored.chain)
            partition.replace(restored.fold)
        } else {
            store.begin(at: 0, FrameChain(partition: number))
            partition.replace(blank(number, history))
        }
        partition.withFold { state in for offset in skipped { state.skip(offset) } }
        partition.newFrom = max(partition.newFrom, countedTo[Int(number)])
        readAhead(partition, store)
        if store.archiveEnd == nil, let place = partitions.firstIndex(where: { $0 === partition }) {
            try readFromTopic(place)
        }
    }

    /// Looks through some of what the archive had.
    private func look(in store: PartitionStore) throws {
        for _ in 0..<Self.catchUpFrames {
            guard store.quarantine?.isOver == false, let kept = store.quarantine?.kept else { break }
            if let frame = try kept.next() {
                store.quarantine?.look(at: frame)
            } else {
                store.quarantine?.kept = nil
            }
        }
        guard let quarantine = store.quarantine, !quarantine.isOver, quarantine.kept == nil, !quarantine.isTold else {
            return
        }
        store.quarantine?.isTold = true
        logger.error("\(quarantine.description)", metadata: place(of: quarantine))
    }

    private func end(_ partition: OwnedPartition, _ store: PartitionStore) {
        guard let quarantine = store.quarantine else { return }
        store.quarantine = nil
        partition.withFold { $0.skip(quarantine.problem.offset) }
        logger.notice(
            "a record is passed over, as the ledger says",
            metadata: place(of: quarantine).merging(["reason": "\(quarantine.problem.message)"]) { $1 })
    }

    /// What came meanwhile is folded: it is in the archive, or else it is read once more.
    private func goOn(_ place: Int) throws {
        if stores[place].archiveEnd == nil {
            try readFromTopic(place)
        } else {
            try storing { try stores[place].flush() }
            readAhead(place)
        }
    }

    private func readFromTopic(_ place: Int) throws {
        guard let consumer else { return }
        let next = partitions[place].withFold { $0.nextOffset }
        try consumer.assign(
            consumer.assignment.enumerated().map { index, source in
                PartitionOffset(source.topicPartition, offset: index == place ? next : source.position)
            })
    }

    private func place(of quarantine: Quarantine) -> Logger.Metadata {
        ["partition": "\(quarantine.problem.partition)", "offset": "\(quarantine.problem.offset)"]
    }

    /// Of those owned here, for whoever asks.
    var quarantined: [PipelineStatus.Quarantined] {
        stores.compactMap { store in
            store.quarantine.map {
                .init(partition: store.partition, offset: $0.problem.offset, reason: $0.description)
            }
        }
    }
}
