internal import Events
internal import Kafka
internal import Logging

/// Positions: commits, the hand-over at a revocation, and offsets that the broker no longer has.
extension Intake {
    func commitIfDue(_ consumer: any ConsumerClient) throws {
        let age = runtime.now - lastCommit
        guard age > Self.commitEvery, openBatches.committable != committed || age > Self.recommitEvery else { return }
        try commit(consumer, wait: false)
    }

    private func commit(_ consumer: any ConsumerClient, wait: Bool) throws {
        lastCommit = runtime.now
        let positions = openBatches.committable
        guard !positions.isEmpty else { return }
        try consumer.commit(positions.map { PartitionOffset($0.key, offset: $0.value) }, wait: wait)
        committed = positions
        pipelineStatus.update { status in
            for (topicPartition, offset) in positions { status.sourcePositions[topicPartition] = offset }
        }
    }

    func endLastRound() {
        do {
            try endRound()
        } catch {
            failure = failure ?? error
        }
    }

    /// Sends the rest, waits for acknowledgements, and commits.
    func handOver(_ consumer: any ConsumerClient) {
        endLastRound()
        let deadline = runtime.now + .milliseconds(Self.handOverMilliseconds)
        while openBatches.depth > 1, failure == nil, entryProducer.producer.fatalError == nil, runtime.now < deadline {
            serve(10)
        }
        do {
            try commit(consumer, wait: true)
        } catch {
            logger.warning(
                "positions are not committed; their records will be read again", metadata: ["reason": "\(error)"])
        }
    }

    /// A topic that ends before a position that was read is another one of the same name. Its records would be taken
    /// for repeats.
    private func checkIdentity(of topicPartition: TopicPartition) throws {
        guard let position = sources.first(where: { $0.topicPartition == topicPartition })?.position,
            let end = try configuration.kafka.ends(of: [topicPartition])[topicPartition], position > end
        else { return }
        throw PipelineError(
            .sourceRecreated,
            "\(topicPartition): \(position) records were read before, and the topic ends at \(end): it was made anew. Its records "
                + "would pass for repeats. Stop every intake, run `standing source reset \(topicPartition.topic)`, and start again"
        )
    }

    /// Handles a position that the broker has expired. One per round, so that the waits do not add up; further ones are
    /// reported again after the assignment.
    func recoverExpired(_ consumer: any ConsumerClient) throws {
        let errors = consumer.takeErrors()
        guard !errors.isEmpty else { return }
        for (_, error) in errors where !error.isOffsetOutOfRange {
            guard error.isRetriable else { throw error }
            logger.warning("\(error)")
        }
        guard let (topicPartition, _) = errors.first(where: { $0.error.isOffsetOutOfRange }) else { return }
        try checkIdentity(of: topicPartition)
        try passGap(of: topicPartition)
        try consumer.assign(sources.map { PartitionOffset($0.topicPartition, offset: $0.position) })
        try pauseAndResume(consumer)
        pipelineStatus.publish(&counts)
    }

    /// Appends the gap to every partition of the ledger, and continues after it. If the process ends in between, the
    /// entry is appended again, without effect.
    private func passGap(of topicPartition: TopicPartition) throws {
        guard let index = sources.firstIndex(where: { $0.topicPartition == topicPartition }),
            let beginning = try configuration.kafka.beginnings(of: [topicPartition])[topicPartition]
        else { return }
        let position = max(0, sources[index].position)
        // If the broker refuses a position that still exists, the partition is read again from its oldest record. The
        // records are repeats.
        if beginning > position { try publishGap(of: topicPartition, from: position, to: beginning) }
        try seal([PartitionOffset(topicPartition, offset: beginning)])
        sources[index].position = beginning
    }

    private func publishGap(of topicPartition: TopicPartition, from position: Int64, to beginning: Int64) throws {
        counts.expiredPositions += 1
        logger.critical(
            "records expired before they were read: this topic imposes no sanctions until `standing source acknowledge`",
            metadata: [
                "topic": "\(topicPartition.topic)", "partition": "\(topicPartition.partition)", "from": "\(position)",
                "to": "\(beginning)",
            ])
        let logger = logger
        try SystemEntry(
            .sourceGap, id: "\(topicPartition.topic)-\(topicPartition.partition)-\(beginning)",
            source: "/standing/intake",
            [
                "topic": .text(topicPartition.topic), "partition": .number(Int64(topicPartition.partition)),
                "from": .number(position),
                "to": .number(beginning),
            ]
        ).append(
            to: Array(0..<appender.partitions), of: appender.partitions, configuration,
            timeoutMilliseconds: Self.gapMilliseconds
        ) { logger.kafka($0, of: "gap") }
    }
}
