internal import Kafka
internal import Logging

/// Reads the members topic into a directory, from its beginning, and then continuously.
final class MembersReader {
    private let directory: MemberDirectory
    private let consumer: any ConsumerClient
    private let ledgerPartitions: Int
    private var hasReachedEnd = false

    init(
        _ directory: MemberDirectory, _ kafka: any KafkaCluster, topic: String, ledgerPartitions: Int, logger: Logger
    ) throws {
        (self.directory, self.ledgerPartitions) = (directory, ledgerPartitions)
        var options = Consumer.Options()
        options.name = "members"
        options.maximumQueuedKilobytes = 1024
        options.reportsEnds = true
        consumer = try kafka.consumer(options, listener: nil) { logger.kafka($0, of: "members") }
        let count = try kafka.partitions(of: topic)
        try consumer.assign(
            (0..<Int32(count)).map { PartitionOffset(TopicPartition(topic, $0), offset: PartitionOffset.beginning) })
        directory.beginReading()
    }

    /// Waits at most this long for a new record.
    func poll(timeoutMilliseconds: Int) throws {
        try consumer.poll(timeoutMilliseconds: timeoutMilliseconds) { records in
            for record in records {
                guard let key = record.key.map({ String(decoding: $0, as: UTF8.self) }) else { continue }
                directory.note(key: key, value: record.value, ledgerPartitions: ledgerPartitions)
            }
        }
        for (_, error) in consumer.takeErrors() where !error.isRetriable { throw error }
        guard !hasReachedEnd, consumer.assignment.allSatisfy(\.reachedEnd) else { return }
        hasReachedEnd = true
        directory.noteEnd()
    }
}
