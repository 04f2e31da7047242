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

    /// Calls `body` with the records since the last call, in each partition's order. `anew`: called before, for a
    /// partition that ends before the position, because the topic was recreated.
    mutating func read(
        until deadline: ContinuousClock.Instant, now: () -> ContinuousClock.Instant, anew: (Int32) -> Void,
        _ body: (Int32, Record) -> Void
    ) throws -> Outcome {
        let places = (0..<Int32(try kafka.partitions(of: topic))).map { TopicPartition(topic, $0) }
        let (first, ends) = (try kafka.beginnings(of: places), try kafka.ends(of: places))
        var starts: [PartitionOffset] = []
        for place in places {
            let (beginning, end) = (first[place] ?? 0, ends[place] ?? 0)
            beginnings[place.partition] = beginning
            if let position = positions[place.partition], position > end {
                anew(place.partition)
                positions[place.partition] = nil
            }
            let position = max(beginning, positions[place.partition] ?? beginning)
            positions[place.partition] = position
            if position < end { starts.append(PartitionOffset(place, offset: position)) }
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
            let isWhole = consumer.assignment.allSatisfy { place in
                place.reachedEnd || ends[place.topicPartition].map { place.position >= $0 } ?? true
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
            for place in consumer.assignment where place.reachedEnd {
                if let end = place.end { positions[place.topicPartition.partition] = end }
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
