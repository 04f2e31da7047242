internal import Kafka
internal import Ledger
internal import Logging
internal import Replay
internal import Scoring

// What other members own: a standby folds it too, so that it can take it over at once.
extension FoldWorker {
    /// A ledger partition that is held here and not owned.
    struct Spare {
        let store: PartitionStore
        let partition: OwnedPartition
        /// The ledger offset before which every fact is out, as far as is known here. A standby folds no further: a state
        /// that is ahead of its facts could not publish those that its owner did not live to send.
        var out: Int64 = 0
    }

    /// By ledger partition: what is done with one after the other is done in the same order every time.
    var sparesInOrder: [Spare] { spares.values.sorted { $0.store.partition < $1.store.partition } }

    private static let committedMilliseconds = 1000
    /// Above every sequence number: no fact is made into bytes.
    private static let everything = [Int64](repeating: .max, count: FactTopic.allCases.count)

    /// One round: takes up what nobody here holds yet, keeps what the topic brings, and folds it as far as its owner has
    /// published.
    func standBy(_ group: any ConsumerClient) throws {
        guard configuration.standsBy, dealt != nil else { return }
        try takeUpSpare()
        try readSpares()
        try learnLimits(group)
        for spare in sparesInOrder where spare.partition.withFold({ $0.nextOffset }) < spare.out {
            try foldSpare(spare)
        }
    }

    /// At most one a round: it can take long.
    private func takeUpSpare() throws {
        let held = Set(partitions.map(\.partition)).union(spares.keys)
        guard let missing = (0..<Int32(publications.count)).first(where: { !held.contains($0) }) else { return }
        let (store, partition) = try open(missing)
        partition.newFrom = OwnedPartition.nothingIsNew
        spares[missing] = Spare(store: store, partition: partition)
        showPartitions()
    }

    private func readSpares() throws {
        let consumer =
            try standbyConsumer
            ?? configuration.kafka.consumer(Consumer.Options(), listener: nil) { [logger] in
                logger.kafka($0, of: "standby")
            }
        standbyConsumer = consumer
        if Set(consumer.assignment.map(\.topicPartition.partition)) != Set(spares.keys) {
            try consumer.assign(
                sparesInOrder.map { spare in
                    PartitionOffset(
                        TopicPartition(configuration.topics.ledger, spare.store.partition),
                        offset: spare.store.archiveEnd ?? 0)
                })
        }
        try consumer.poll(timeoutMilliseconds: 0) { records in
            for record in records {
                let place = consumer.assignment[record.source].topicPartition
                guard let spare = spares[place.partition] else { continue }
                try keep(record.frame, at: record.offset, in: spare.store)
                _ = stays(LedgerFrame(offset: record.offset, bytes: record.frame), in: spare.store)
            }
        }
        for (place, error) in consumer.takeErrors() { try handle(error, at: place) }
        for (source, place) in consumer.assignment.enumerated() {
            spares[place.topicPartition.partition]?.partition.end = consumer.knownEnd(source)
        }
    }

    private func learnLimits(_ group: any ConsumerClient) throws {
        guard !spares.isEmpty, host.now - lastLimits > Self.commitEvery else { return }
        lastLimits = host.now
        do {
            let places = spares.keys.map { TopicPartition(configuration.topics.ledger, $0) }
            for found in try group.committed(places, timeoutMilliseconds: Self.committedMilliseconds)
            where found.offset > 0 {
                spares[found.topicPartition.partition]?.out = found.offset
            }
        } catch {
            guard error.isRetriable else { throw error }
            logger.warning("a standby does not learn how far others are", metadata: ["reason": "\(error)"])
        }
    }

    private func foldSpare(_ spare: Spare) throws {
        let (store, partition) = (spare.store, spare.partition)
        for _ in 0..<Self.catchUpFrames {
            if let quarantine = store.quarantine, partition.withFold({ $0.nextOffset }) >= quarantine.problem.offset {
                return
            }
            guard let frame = try store.kept?.next() else {
                try storing { try store.flush() }
                readAhead(partition, store, limit: spare.out)
                if store.kept == nil { return }
                continue
            }
            guard
                let before = try apply(
                    frame.bytes, at: frame.offset, to: partition, store, above: Self.everything)
            else { continue }
            store.chain.append(frame.bytes, at: frame.offset)
            try checkpointIfDue(partition, store, from: before, to: frame.offset + 1)
        }
    }
}
