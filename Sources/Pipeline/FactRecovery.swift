internal import Events
internal import Kafka
internal import Logging
internal import Scoring

/// Finds the ends of the published facts of ledger partitions, by reading the fact partitions from a mark to their end
/// under the consumers' rule.
enum FactRecovery {
    /// The longest wait without a record. After it the search is logged and begins again, because nothing is folded
    /// meanwhile.
    private static let patience = Duration.seconds(30)

    /// Throws `KafkaError` if the broker does not answer, and `CancellationError` at a stop. The numbers are complete
    /// only at the end, and a state must not be discarded because it seems to be ahead of its facts. `isVain`: whether
    /// the answer is not needed any more.
    static func run(
        _ marks: [Int32: [Publication.Mark]], configuration: PipelineConfiguration, logger: Logger,
        isVain: () -> Bool
    ) throws -> [Int32: [Publication.Mark]] {
        guard !marks.isEmpty else { return [:] }
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedKilobytes = 32 * 1024
        let consumer = try configuration.kafka.consumer(options, listener: nil) {
            logger.kafka($0, of: "fact-recovery")
        }
        defer { consumer.close() }
        var result = marks
        var starts: [PartitionOffset] = []
        for (partition, marks) in marks.sorted(by: { $0.key < $1.key }) {
            for (topic, mark) in marks.enumerated() {
                starts.append(
                    PartitionOffset(
                        TopicPartition(configuration.topics.facts[topic], partition), offset: mark.offset))
            }
        }
        let topics = FactTopic.allCases.count
        let owners = marks.keys.sorted()
        try consumer.assign(starts)
        let decoder = EventDecoder()
        var (ended, lastNews) = (0, configuration.runtime.now)
        while ended < starts.count {
            if isVain() { throw CancellationError() }
            let count = try consumer.poll(timeoutMilliseconds: 100) { records in
                for record in records {
                    guard let value = record.value, let sequence = decoder.sequence(ofFact: value) else {
                        continue
                    }
                    let partition = owners[record.source / topics]
                    let topic = record.source % topics
                    var rule = FactSequence(last: result[partition]![topic].sequence)
                    // A repeat or a stray changes the position, but never the number.
                    if rule.judge(sequence) == .accept {
                        result[partition]![topic] = Publication.Mark(offset: record.offset + 1, sequence: rule.last)
                    }
                }
            }
            for (topicPartition, error) in consumer.takeErrors() {
                guard error.isOffsetOutOfRange else {
                    if error.isRetriable { continue }
                    throw error
                }
                // The mark's record has expired. The search continues with the remaining records. Like any consumer it
                // ignores facts after a gap; these are then published again under their old numbers.
                logger.warning("facts before the mark have expired", metadata: ["topicPartition": "\(topicPartition)"])
                try restart(consumer, at: topicPartition)
            }
            let before = ended
            ended = consumer.assignment.count(where: \.reachedEnd)
            if count > 0 || ended > before { lastNews = configuration.runtime.now }
            guard configuration.runtime.now - lastNews < Self.patience else {
                let silent = consumer.assignment.first { !$0.reachedEnd }?.topicPartition.description ?? ""
                throw KafkaError(
                    code: -185, name: "_TIMED_OUT", message: "the facts that are out cannot be read to their end",
                    isRetriable: true, target: silent)
            }
        }
        return result
    }

    private static func restart(_ consumer: any ConsumerClient, at topicPartition: TopicPartition) throws {
        try consumer.assign(
            consumer.assignment.map {
                PartitionOffset(
                    $0.topicPartition,
                    offset: $0.topicPartition == topicPartition ? PartitionOffset.beginning : $0.position)
            })
    }
}
