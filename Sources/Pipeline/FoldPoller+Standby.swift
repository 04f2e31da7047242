internal import Kafka
internal import Logging

// A standby folds the partitions of other members too, so that it can take them over at once.
extension FoldPoller {
    private static let committedMilliseconds = 1000

    /// One round: opens a partition that is not open here yet, and polls the others.
    func standBy(_ group: any ConsumerClient) throws {
        guard configuration.standsBy, assignment != nil else { return }
        openStandby()
        try readStandbys()
        askForLimits(group)
    }

    /// One at a time at most, because it can take long.
    private func openStandby() {
        let isOpening = slots.contains { $0.runner.map { $0.status.shared == nil } ?? false }
        guard !isOpening else { return }
        let now = runtime.now
        let missing = slots.indices.first {
            !isAssigned(Int32($0)) && slots[$0].runner == nil && slots[$0].closing == nil
                && slots[$0].failure.retryAt ?? now <= now
        }
        if let missing { open(Int32(missing)) }
    }

    private func readStandbys() throws {
        let consumer =
            try standbyConsumer
            ?? configuration.kafka.consumer(readingOptions, listener: nil) { [logger] in
                logger.kafka($0, of: "standby")
            }
        standbyConsumer = consumer
        let wanted = slots.indices.filter {
            !isAssigned(Int32($0)) && slots[$0].runner != nil && (slots[$0].isRead || slots[$0].start != nil)
        }
        if wanted.contains(where: { slots[$0].start != nil }) || wanted.count != readByStandby.count {
            let positions = consumer.assignment.map(\.position)
            let runners = wanted.compactMap { slots[$0].runner }
            try consumer.assign(
                runners.map { runner in
                    let source = readByStandby.firstIndex { $0 === runner }
                    return PartitionOffset(
                        TopicPartition(configuration.topics.ledger, runner.number),
                        offset: slots[Int(runner.number)].start ?? source.map { positions[$0] } ?? 0)
                })
            readByStandby = runners
            try noteReading(runners)
        }
        try consumer.poll(timeoutMilliseconds: 0) { try hand($0, to: readByStandby) }
        for (topicPartition, error) in consumer.takeErrors() { try handle(error, at: topicPartition) }
        for (source, runner) in readByStandby.enumerated() {
            runner.inbox.note(end: consumer.knownEnd(source), reachedEnd: false, at: runtime.now)
        }
    }

    /// Requests the positions that the owners have committed.
    private func askForLimits(_ group: any ConsumerClient) {
        let numbers = slots.indices.map { Int32($0) }.filter { !isAssigned($0) && slots[Int($0)].runner != nil }
        guard !numbers.isEmpty, !asksLimits, runtime.now - lastLimits > Self.commitEvery else { return }
        (lastLimits, asksLimits) = (runtime.now, true)
        let (environment, turn) = (environment, environment.turn)
        nonisolated(unsafe) let group = group
        runtime.background(.broker) {
            var limits: [Int32: Int64] = [:]
            do {
                let topicPartitions = numbers.map { TopicPartition(environment.configuration.topics.ledger, $0) }
                for found in try group.committed(topicPartitions, timeoutMilliseconds: Self.committedMilliseconds)
                where found.offset > 0 {
                    limits[found.topicPartition.partition] = found.offset
                }
            } catch {
                environment.logger.warning(
                    "a standby does not learn how far others are", metadata: ["reason": "\(error)"])
            }
            environment.answer(.publishedByOwners(limits), turn: turn)
        }
    }
}
