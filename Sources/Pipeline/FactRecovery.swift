internal import Events
internal import Kafka
internal import Logging
internal import Scoring

/// Finds how far the facts of ledger partitions are out, by reading the fact partitions from a mark to their end under
/// the consumers' rule.
enum FactRecovery {
    /// Nothing has come for so long: whoever searches says so and begins anew, for meanwhile nothing is folded.
    private static let patience = Duration.seconds(30)

    /// Throws `KafkaError` where the broker does not answer, and `CancellationError` at a stop: how far facts are out is known
    /// only at the end, and a state must not be thrown away because it seems to be ahead of them.
    /// `isVain`: nobody waits for the answer any more.
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
        var (ended, lastNews) = (0, configuration.host.now)
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
                    // A repeat or a stray moves the place to read from, never the number.
                    if rule.judge(sequence) == .accept {
                        result[partition]![topic] = Publication.Mark(offset: record.offset + 1, sequence: rule.last)
                    }
                }
            }
            for (place, error) in consumer.takeErrors() {
                guard error.isOffsetOutOfRange else {
                    if error.isRetriable { continue }
                    throw error
                }
                // The mark's record is gone. Read on from what is left: facts behind a hole are ignored here as by any
                // consumer, and are then published again under their old numbers.
                logger.warning("facts before the mark have expired", metadata: ["place": "\(place)"])
                try restart(consumer, at: place)
            }
            let before = ended
            ended = consumer.assignment.count(where: \.reachedEnd)
            if count > 0 || ended > before { lastNews = configuration.host.now }
            guard configuration.host.now - lastNews < Self.patience else {
                let silent = consumer.assignment.first { !$0.reachedEnd }?.topicPartition.description ?? ""
                throw KafkaError(
                    code: -185, name: "_TIMED_OUT", message: "the facts that are out cannot be read to their end",
                    isRetriable: true, place: silent)
            }
        }
        return result
    }

    private static func restart(_ consumer: any ConsumerClient, at place: TopicPartition) throws {
        try consumer.assign(
            consumer.assignment.map {
                PartitionOffset(
                    $0.topicPartition, offset: $0.topicPartition == place ? PartitionOffset.beginning : $0.position)
            })
    }
}
