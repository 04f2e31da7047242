internal import Kafka

/// Reads a topic outside of every group. Each call continues from the previous one, within a time limit.
struct TopicTail {
    private static let pollMilliseconds = 50
    private static let queuedKilobytes = 8 * 1024

    enum Outcome {
        /// Everything up to the topic's end at the beginning of the call is read.
        case whole
        /// The time was over before.
        case partial
    }

    private let kafka: any KafkaCluster
    private let topic: String
    /// The next offset to read, by partition.
    private var positions: [Int32: Int64] = [:]
    /// The oldest offset of each partition at the last reading.
    private(set) var beginnings: [Int32: Int64] = [:]

    init(_ kafka: any KafkaCluster, topic: String) { (self.kafka, self.topic) = (kafka, topic) }

    /// Calls `body` with the records since the last call, in each partition's order. `recreated`: called before, for a
    /// partition that ends before the position, because the topic was recreated.
    mutating func read(
        until deadline: ContinuousClock.Instant, now: () -> ContinuousClock.Instant, recreated: (Int32) -> Void,
        _ body: (Int32, Record) -> Void
    ) throws -> Outcome {
        let topicPartitions = (0..<Int32(try kafka.partitions(of: topic))).map { TopicPartition(topic, $0) }
        let (first, ends) = (try kafka.beginnings(of: topicPartitions), try kafka.ends(of: topicPartitions))
        var starts: [PartitionOffset] = []
        for topicPartition in topicPartitions {
            let (beginning, end) = (first[topicPartition] ?? 0, ends[topicPartition] ?? 0)
            beginnings[topicPartition.partition] = beginning
            if let position = positions[topicPartition.partition], position > end {
                recreated(topicPartition.partition)
                positions[topicPartition.partition] = nil
            }
            let position = max(beginning, positions[topicPartition.partition] ?? beginning)
            positions[topicPartition.partition] = position
            if position < end { starts.append(PartitionOffset(topicPartition, offset: position)) }
        }
        guard !starts.isEmpty else { return .whole }
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedKilobytes = Self.queuedKilobytes
        let consumer = try kafka.consumer(options, listener: nil) { _ in }
        defer { consumer.close() }
        try consumer.assign(starts)
        var reading = Patience.Reading(topic, kafka.patience)
        while true {
            let isWhole = consumer.assignment.allSatisfy { source in
                source.reachedEnd || ends[source.topicPartition].map { source.position >= $0 } ?? true
            }
            if isWhole { return .whole }
            guard now() < deadline else { return .partial }
            let count = try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records {
                    let partition = consumer.assignment[record.source].topicPartition.partition
                    positions[partition] = record.offset + 1
                    body(partition, record)
                }
            }
            for source in consumer.assignment where source.reachedEnd {
                if let end = source.end { positions[source.topicPartition.partition] = end }
            }
            try reading.note(
                records: count, ended: consumer.assignment.count(where: \.reachedEnd), errors: consumer.takeErrors())
        }
    }
}

/// The topic is not read completely. The next call continues.
public struct NotReadYet: Error, Hashable, Sendable, CustomStringConvertible {
    /// The topic that is being read.
    let what: String

    public var description: String { "\(what) is being read: ask again" }
}
