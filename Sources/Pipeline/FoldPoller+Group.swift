internal import Kafka
internal import Logging
internal import Scoring

// The partitions that the group assigns to this member, and its commits.
extension FoldPoller: RebalanceListener {
    private static let recommitEvery = Duration.seconds(5)

    /// The runners of the assigned partitions, in the order of the assignment.
    var assignedRunners: [PartitionRunner] {
        (assignment ?? []).compactMap { slots[Int($0.partition)].runner }
    }

    func isAssigned(_ number: Int32) -> Bool { assignment?.contains { $0.partition == number } ?? false }

    /// Nothing is read before the partitions are open and their published facts are known. Each then requests its
    /// start.
    func assigned(_ topicPartitions: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
        environment.beginTurn()
        (assignment, read, checkpoints, committed) = (topicPartitions, [], nil, nil)
        let numbers = topicPartitions.map(\.partition)
        let atHand = numbers.count { slots[Int($0)].runner != nil }
        for number in numbers { begin(number) }
        if !configuration.standsBy {
            for number in slots.indices where !numbers.contains(Int32(number)) { close(number, takesSnapshot: true) }
        }
        ask(about: numbers, consumer)
        directory.forget()
        (progress, switches) = (Progress(at: runtime.now), SwitchLog())
        showPartitions()
        pipelineStatus.update { status in
            (status.foldPartitions, status.currentPartitions, status.behind) = (topicPartitions.count, 0, nil)
            status.joined.insert(.fold)
        }
        logger.info("fold owns", metadata: ["partitions": "\(topicPartitions.count)", "atHand": "\(atHand)"])
        return []
    }

    func revoked(_ topicPartitions: [TopicPartition], lost: Bool, from consumer: any ConsumerClient) {
        environment.beginTurn()
        if lost {
            logger.warning("the group has given this member's partitions away")
            leave(waitsForFacts: false)
            do { try renewProducer() } catch { failure = error }
        } else {
            handOver(consumer)
        }
        for topicPartition in topicPartitions { stopReading(Int(topicPartition.partition), then: .standBy) }
        (assignment, checkpoints, read) = (nil, nil, [])
        showPartitions()
        showNothingOwned()
    }

    // MARK: Positions

    func commitIfDue(_ consumer: any ConsumerClient) throws {
        let age = runtime.now - lastCommit
        guard age > Self.commitEvery else { return }
        let positions = positions
        guard positions.mapValues(\.offset) != committed || age > Self.recommitEvery else { return }
        try commit(positions, consumer, wait: false)
    }

    /// By ledger partition: the offset before which every fact is acknowledged, if there is one, and the positions in
    /// the fact topics.
    private var positions: [Int32: (offset: Int64, marks: [Publication.Mark])] {
        var positions: [Int32: (offset: Int64, marks: [Publication.Mark])] = [:]
        for runner in assignedRunners { positions[runner.number] = runner.status.position }
        return positions
    }

    private func commit(
        _ positions: [Int32: (offset: Int64, marks: [Publication.Mark])], _ consumer: any ConsumerClient, wait: Bool
    ) throws {
        lastCommit = runtime.now
        committed = positions.mapValues(\.offset)
        let offsets = positions.sorted { $0.key < $1.key }.map { number, position in
            PartitionOffset(
                TopicPartition(configuration.topics.ledger, number), offset: position.offset,
                metadata: Publication.metadata(of: position.marks))
        }
        try consumer.commit(offsets, wait: wait)
    }

    /// Waits for the acknowledgements of sent facts, within a time, and commits.
    func handOver(_ consumer: any ConsumerClient) {
        leave(waitsForFacts: true)
        do {
            try commit(positions, consumer, wait: true)
        } catch {
            logger.warning("the ledger's positions are not committed", metadata: ["reason": "\(error)"])
        }
    }

    /// Returns when the assigned partitions send nothing more. `waitsForFacts`: also waits for the acknowledgements of
    /// their facts.
    private func leave(waitsForFacts: Bool) {
        let runners = assignedRunners
        for runner in runners {
            runner.inbox.order(.leave)
            environment.slices.ready(runner)
        }
        wait(milliseconds: Self.handOverMilliseconds) {
            runners.allSatisfy { runner in
                let status = runner.status
                return !status.publishes || status.hasLeft && (status.isSettled || !waitsForFacts)
            }
        }
    }

    /// Serves deliveries until `isDone` returns true, or an error makes that impossible.
    func wait(milliseconds: Int, until isDone: () -> Bool) {
        let deadline = runtime.now + .milliseconds(milliseconds)
        while !isDone(), failure == nil, factProducer.producer.fatalError == nil, runtime.now < deadline {
            serve(1)
            environment.yield()
        }
    }

    /// Shows the partitions to callers that ask for standings.
    func showPartitions() {
        var (assigned, standbys): ([OwnedPartition], [OwnedPartition]) = ([], [])
        for (number, slot) in slots.enumerated() {
            guard let shared = slot.runner?.status.shared else { continue }
            if isAssigned(Int32(number)) { assigned.append(shared) } else { standbys.append(shared) }
        }
        owned.replace(assigned, standby: standbys)
        let count = standbys.count
        pipelineStatus.update { $0.standbyPartitions = count }
    }

    func showNothingOwned() {
        progress.total = 0
        switches = SwitchLog()
        pipelineStatus.update { status in
            (status.foldPartitions, status.currentPartitions, status.behind) = (0, 0, nil)
            (status.quarantined, status.switching, status.secondsLeft) = ([], [], nil)
            status.joined.remove(.fold)
        }
    }
}
