internal import Kafka
internal import Ledger
internal import Logging
internal import Replay
internal import Scoring

// What other members own: a standby folds it too, so that it can take it over at once.
extension FoldWorker {
    /// In the order of their numbers.
    var standbys: [LedgerPartition] { partitions.compactMap { $0?.isStandby == true ? $0 : nil } }

    private static let committedMilliseconds = 1000

    /// One round: opens a partition that this member does not have yet, archives what the topic brings, and folds that as far
    /// as its owner has published.
    func standBy(_ group: any ConsumerClient) throws {
        guard configuration.standsBy, assignment != nil else { return }
        try openStandby()
        try readStandbys()
        try learnLimits(group)
        for partition in standbys where partition.isBehindOwner {
            try foldStandby(partition)
        }
    }

    /// At most one a round: it can take long.
    private func openStandby() throws {
        guard let missing = partitions.firstIndex(where: { $0 == nil }) else { return }
        _ = try open(Int32(missing))
        showPartitions()
    }

    private func readStandbys() throws {
        let consumer =
            try standbyConsumer
            ?? configuration.kafka.consumer(Consumer.Options(), listener: nil) { [logger] in
                logger.kafka($0, of: "standby")
            }
        standbyConsumer = consumer
        let standbys = standbys
        if Set(consumer.assignment.map(\.topicPartition.partition)) != Set(standbys.map(\.number)) {
            try consumer.assign(
                standbys.map { partition in
                    PartitionOffset(
                        TopicPartition(configuration.topics.ledger, partition.number),
                        offset: partition.store.archiveEnd ?? 0)
                })
        }
        try consumer.poll(timeoutMilliseconds: 0) { records in
            for record in records {
                let place = consumer.assignment[record.source].topicPartition
                guard let partition = partitions[Int(place.partition)], partition.isStandby else { continue }
                let frame = LedgerFrame(offset: record.offset, bytes: record.frame)
                try archive(frame, of: partition)
                _ = partition.admits(frame)
            }
        }
        for (place, error) in consumer.takeErrors() { try handle(error, at: place) }
        for (source, place) in consumer.assignment.enumerated() {
            guard let partition = partitions[Int(place.topicPartition.partition)], partition.isStandby else {
                continue
            }
            partition.shared.end = consumer.knownEnd(source)
        }
    }

    private func learnLimits(_ group: any ConsumerClient) throws {
        let standbys = standbys
        guard !standbys.isEmpty, host.now - lastLimits > Self.commitEvery else { return }
        lastLimits = host.now
        do {
            let places = standbys.map { TopicPartition(configuration.topics.ledger, $0.number) }
            for found in try group.committed(places, timeoutMilliseconds: Self.committedMilliseconds)
            where found.offset > 0 {
                partitions[Int(found.topicPartition.partition)]?.publishedByOwner = found.offset
            }
        } catch {
            guard error.isRetriable else { throw error }
            logger.warning("a standby does not learn how far others are", metadata: ["reason": "\(error)"])
        }
    }

    private func foldStandby(_ partition: LedgerPartition) throws {
        defer { partition.renewView() }
        for _ in 0..<Self.catchUpFrames {
            if partition.isStopped { return }
            guard let frame = try partition.backlog?.next() else {
                try storing { try partition.store.flush() }
                readAhead(partition, limit: partition.publishedByOwner)
                if partition.backlog == nil { return }
                continue
            }
            try fold(frame, in: partition)
        }
    }
}
