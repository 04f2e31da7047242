internal import Kafka
internal import Logging
internal import Replay
internal import Scoring

// What the group assigns to this member, and what this member commits.
extension FoldWorker: RebalanceListener {
    private static let recommitEvery = Duration.seconds(5)

    func assigned(_ places: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
        assignment = places
        let committed: [PartitionOffset]
        do {
            committed = try consumer.committed(places, timeoutMilliseconds: 10_000)
        } catch {
            failure = error
            return []
        }
        for partition in assignedPartitions { drop(partition) }
        (assignedPartitions, checkpoints) = ([], nil)
        let atHand = places.count { partitions[Int($0.partition)] != nil }
        do {
            try take(places, committed: committed)
        } catch {
            failure = error
            for partition in assignedPartitions { drop(partition) }
            assignedPartitions = []
            return []
        }
        self.committed = nil
        if !configuration.standsBy { closeStandbys() }
        directory.forget()
        showPartitions()
        board.update { status in
            (status.foldPartitions, status.currentPartitions, status.behind) = (places.count, 0, nil)
            status.joined.insert(.fold)
        }
        logger.info("fold owns", metadata: ["partitions": "\(places.count)", "atHand": "\(atHand)"])
        return zip(places, assignedPartitions).map { place, partition in
            PartitionOffset(place, offset: partition.store.archiveEnd ?? partition.nextOffset)
        }
    }

    /// Makes these partitions this member's, out of its standbys where it has them.
    private func take(_ places: [TopicPartition], committed: [PartitionOffset]) throws {
        let blank = [Publication.Mark](repeating: .init(), count: FactTopic.allCases.count)
        let positions = Dictionary(committed.map { ($0.topicPartition.partition, $0) }) { $1 }
        for place in places {
            let partition = try partitions[Int(place.partition)] ?? open(place.partition)
            let position = positions[place.partition]
            partition.assign(
                committed: max(0, position?.offset ?? 0),
                marks: position.flatMap { Publication.marks(in: $0.metadata) } ?? blank)
            assignedPartitions.append(partition)
        }
    }

    func revoked(_ places: [TopicPartition], lost: Bool, from consumer: any ConsumerClient) {
        for partition in assignedPartitions { partition.leave() }
        if lost {
            logger.warning("the group has given this member's partitions away")
            do { try renewOutlet() } catch { failure = error }
        } else {
            handOver(consumer)
        }
        for partition in assignedPartitions {
            partition.standBy()
            board.keep(partition.shared)
            if !partition.isUsable { drop(partition) }
        }
        (assignment, checkpoints, assignedPartitions) = (nil, nil, [])
        showPartitions()
        showNothingOwned()
    }

    // MARK: Positions

    /// Finds how far the facts of partitions are published that were assigned since. False: a stop has ended the search, and
    /// nothing of them may be folded.
    func recover() throws -> Bool {
        var marks: [Int32: [Publication.Mark]] = [:]
        for partition in assignedPartitions {
            if case .recovering(let start) = partition.phase { marks[partition.number] = start }
        }
        guard !marks.isEmpty else { return true }
        let found: [Int32: [Publication.Mark]]
        do {
            found = try FactRecovery.run(marks, configuration: configuration, stop: stop, logger: logger)
        } catch is CancellationError where stop.isSet {
            // They stay as they are; what this member has of them is closed in order.
            return false
        }
        var recovered: [LedgerPartition] = []
        for partition in assignedPartitions {
            guard let marks = found[partition.number] else { continue }
            partition.recover(marks)
            recovered.append(partition)
        }
        try beginCatchUp(recovered)
        return true
    }

    func commitIfDue(_ consumer: any ConsumerClient) throws {
        let age = host.now - lastCommit
        guard age > Self.commitEvery else { return }
        guard positions != committed || age > Self.recommitEvery else { return }
        try commit(consumer, wait: false)
    }

    /// By ledger partition: the offset before which every fact is acknowledged, where one is.
    private var positions: [Int32: Int64] {
        var positions: [Int32: Int64] = [:]
        for partition in assignedPartitions where partition.committable > 0 {
            positions[partition.number] = partition.committable
        }
        return positions
    }

    private func commit(_ consumer: any ConsumerClient, wait: Bool) throws {
        lastCommit = host.now
        var offsets: [PartitionOffset] = []
        committed = positions
        for partition in assignedPartitions.sorted(by: { $0.number < $1.number }) {
            guard let position = partition.position else { continue }
            offsets.append(
                PartitionOffset(
                    TopicPartition(configuration.topics.ledger, partition.number), offset: position.offset,
                    metadata: position.metadata))
        }
        try consumer.commit(offsets, wait: wait)
    }

    func handOver(_ consumer: any ConsumerClient) {
        let deadline = host.now + .milliseconds(Self.handOverMilliseconds)
        while !assignedPartitions.allSatisfy(\.isSettled), failure == nil, outlet.producer.fatalError == nil,
            host.now < deadline
        {
            serve(10)
        }
        do {
            try commit(consumer, wait: true)
        } catch {
            logger.warning("the ledger's positions are not committed", metadata: ["reason": "\(error)"])
        }
    }

    /// To whoever asks for a standing.
    func showPartitions() {
        owned.replace(assignedPartitions.map(\.shared), standby: standbys.map(\.shared))
        let count = standbys.count
        board.update { $0.standbyPartitions = count }
    }

    func showNothingOwned() {
        recovery.total = 0
        board.update { status in
            (status.foldPartitions, status.currentPartitions, status.behind) = (0, 0, nil)
            (status.quarantined, status.secondsLeft) = ([], nil)
            status.joined.remove(.fold)
        }
    }
}
