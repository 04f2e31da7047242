/// Reads a topic's current records once, outside of every group.
public struct TopicScan {
    private static let pollMilliseconds = 100

    private let configuration: KafkaConfiguration
    private let topic: String
    private let ends: [TopicPartition: Int64]

    /// A topic that does not exist has no records.
    public init(_ configuration: KafkaConfiguration, topic: String) throws {
        let admin = try Admin(configuration)
        self.configuration = configuration
        self.topic = topic
        let partitions = try admin.topic(topic)?.partitions ?? 0
        ends = try admin.ends(of: (0..<Int32(partitions)).map { TopicPartition(topic, $0) })
    }

    /// The offsets that `forEach` reads.
    public var offsets: Int64 { ends.values.reduce(0, +) }

    /// Calls `body` with every record that existed when this value was made, in each partition's order. There is no
    /// order among the partitions. `progress` is called with the number of offsets that were read since its last call.
    public func forEach(
        progress: (Int64) -> Void = { _ in }, _ body: (TopicPartition, Record) throws -> Void
    ) throws {
        guard ends.values.contains(where: { $0 > 0 }) else { return }
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedKilobytes = 16 * 1024
        let consumer = try Consumer(configuration, options: options)
        try consumer.assign(ends.keys.map { PartitionOffset($0, offset: PartitionOffset.beginning) })
        var read: Int64 = 0
        var reading = Patience.Reading(topic, configuration.patience)
        while !consumer.assignment.allSatisfy({ $0.reachedEnd || $0.position >= ends[$0.topicPartition]! }) {
            let count = try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records {
                    let topicPartition = consumer.assignment[record.source].topicPartition
                    if record.offset < ends[topicPartition]! { try body(topicPartition, record) }
                }
            }
            let position = consumer.assignment.reduce(0) { $0 + min(max(0, $1.position), ends[$1.topicPartition]!) }
            progress(position - read)
            read = position
            try reading.note(
                records: count, ended: consumer.assignment.count(where: \.reachedEnd), errors: consumer.takeErrors())
        }
    }
}
