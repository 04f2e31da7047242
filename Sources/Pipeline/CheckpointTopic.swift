internal import Events
public import Kafka
public import Ledger
internal import Logging

/// The topic of signed checkpoints, read from its beginning.
public final class CheckpointTopic {
    private static let batchMilliseconds = 100

    private let consumer: any ConsumerClient
    private let keyring: Keyring
    private let patience: Patience
    private let logger: Logger
    private let decoder = EventDecoder()

    init(_ configuration: PipelineConfiguration, _ settings: PipelineConfiguration.Checkpoints, logger: Logger) throws {
        (keyring, patience) = (settings.keyring, configuration.kafka.patience)
        self.logger = logger
        var options = Consumer.Options()
        options.name = "checkpoints"
        options.reportsEnds = true
        options.maximumQueuedKilobytes = 16 * 1024
        consumer = try configuration.kafka.consumer(options, listener: nil) { logger.kafka($0, of: "checkpoints") }
        let count = try configuration.kafka.partitions(of: settings.topic)
        try consumer.assign(
            (0..<Int32(count)).map {
                PartitionOffset(TopicPartition(settings.topic, $0), offset: PartitionOffset.beginning)
            })
    }

    /// Every checkpoint in the topic now, without regard to its key. Heads of the audit are passed over, and other
    /// records are passed to `reject`.
    public static func all(
        _ kafka: KafkaConfiguration, topic: String, reject: (TopicPartition, Int64) -> Void
    ) throws -> [SignedCheckpoint] {
        let decoder = EventDecoder()
        var found: [SignedCheckpoint] = []
        try TopicScan(kafka, topic: topic).forEach { topicPartition, record in
            if let value = record.value, let signed = SignedCheckpoint(json: value, decoder) {
                found.append(signed)
            } else if record.value.flatMap({ SignedAuditHead(json: $0, decoder) }) == nil {
                reject(topicPartition, record.offset)
            }
        }
        return found
    }

    /// The checkpoints since the last call that a trusted key has signed.
    func poll() throws -> [Checkpoint] {
        let found = try read(timeoutMilliseconds: 0).found
        for (_, error) in consumer.takeErrors() where !error.isRetriable { throw error }
        return found
    }

    private func read(timeoutMilliseconds: Int) throws -> (found: [Checkpoint], records: Int) {
        var found: [Checkpoint] = []
        let count = try consumer.poll(timeoutMilliseconds: timeoutMilliseconds) { records in
            for record in records {
                guard let value = record.value, let signed = SignedCheckpoint(json: value, decoder) else {
                    if record.value.flatMap({ SignedAuditHead(json: $0, decoder) }) != nil { continue }
                    logger.warning(
                        "a record of the checkpoint topic is no checkpoint", metadata: ["offset": "\(record.offset)"])
                    continue
                }
                if let objection = keyring.objection(to: signed) {
                    logger.warning(
                        "a checkpoint proves nothing",
                        metadata: ["member": "\(signed.checkpoint.member)", "reason": "\(objection)"])
                } else {
                    found.append(signed.checkpoint)
                }
            }
        }
        return (found, count)
    }

    /// Reads the topic to its present end. Throws if reading makes no progress. `isVain`: whether the result is not
    /// needed any more.
    func readToEnd(_ isVain: () -> Bool) throws -> [Checkpoint] {
        var found: [Checkpoint] = []
        var reading = Patience.Reading("checkpoints", patience)
        while !isVain(), !consumer.assignment.allSatisfy(\.reachedEnd) {
            let (more, count) = try read(timeoutMilliseconds: Self.batchMilliseconds)
            found += more
            try reading.note(
                records: count, ended: consumer.assignment.count(where: \.reachedEnd), errors: consumer.takeErrors())
        }
        return found
    }
}
