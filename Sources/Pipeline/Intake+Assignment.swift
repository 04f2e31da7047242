internal import Events
internal import Kafka
internal import Logging

extension Intake: RebalanceListener {
    func assigned(_ partitions: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
        assignedByGroup = partitions
        var starts: [PartitionOffset] = []
        do {
            starts = try consumer.committed(partitions, timeoutMilliseconds: 10_000)
            // A partition that was never read is read from its oldest record. That position is committed at once, so
            // that records that expire later are noticed.
            let beginnings = try configuration.kafka.beginnings(
                of: starts.filter { $0.offset < 0 }.map(\.topicPartition))
            for index in starts.indices where starts[index].offset < 0 {
                starts[index].offset = beginnings[starts[index].topicPartition] ?? PartitionOffset.beginning
            }
            try seal(starts.filter { beginnings[$0.topicPartition] != nil })
        } catch {
            // Without the committed offsets nothing may be read, so the worker restarts.
            failure = error
            return []
        }
        sources = starts.map { start in
            Source(
                topicPartition: start.topicPartition, name: Array(start.topicPartition.topic.utf8),
                isControl: start.topicPartition.topic == configuration.topics.control,
                declaration: declared?.number(of: start.topicPartition.topic),
                mapper: mappers[start.topicPartition.topic], start: start.offset,
                position: start.offset)
        }
        committed = [:]
        logger.info("intake reads", metadata: ["partitions": "\(partitions.count)"])
        pipelineStatus.update { status in
            status.intakePartitions = partitions.count
            status.joined.insert(.intake)
        }
        return sources.map { PartitionOffset($0.topicPartition, offset: $0.position) }
    }

    func showNothingRead() {
        pipelineStatus.note(PipelineReading.InFlight())
        pipelineStatus.update { status in
            status.intakePartitions = 0
            status.joined.remove(.intake)
        }
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool, from consumer: any ConsumerClient) {
        if lost { endLastRound() } else { handOver(consumer) }
        assignedByGroup = nil
        openBatches.forgetPositions()
        sources = []
        controlFirst = nil
        showNothingRead()
    }
}
