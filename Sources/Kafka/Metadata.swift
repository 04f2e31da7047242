import CRDKafka

/// The cluster as its brokers describe it.
public struct Metadata: Sendable {
    public struct Topic: Sendable {
        public let name: String
        public let partitions: Int
        /// Partitions that have no leader now.
        public let leaderless: [Int32]
        /// The broker that leads each partition, by partition; negative where there is none. Empty if it was not asked.
        public let leaders: [Int32]

        public init(name: String, partitions: Int, leaderless: [Int32] = [], leaders: [Int32] = []) {
            (self.name, self.partitions) = (name, partitions)
            (self.leaderless, self.leaders) = (leaderless, leaders)
        }
    }

    public let brokers: Int
    /// Those that can be described now, by name.
    public let topics: [Topic]
    /// Why others cannot be described now, by their names.
    public let failures: [String: KafkaError]

    public init(brokers: Int, topics: [Topic], failures: [String: KafkaError] = [:]) {
        (self.brokers, self.topics, self.failures) = (brokers, topics, failures)
    }

    /// All topics, or one; blocks at most `timeoutMilliseconds`. Throws for a topic that does not exist.
    static func read(
        _ handle: OpaquePointer, topic: String? = nil, timeoutMilliseconds: Int
    ) throws(KafkaError) -> Metadata {
        var single: OpaquePointer?
        if let topic {
            single = rd_kafka_topic_new(handle, topic, nil)
            if single == nil { throw KafkaError(rd_kafka_last_error(), place: topic) }
        }
        defer { if let single { rd_kafka_topic_destroy(single) } }
        var result: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(handle, topic == nil ? 1 : 0, single, &result, Int32(timeoutMilliseconds))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let result else { throw KafkaError(code, place: topic ?? "metadata") }
        defer { rd_kafka_metadata_destroy(result) }
        var topics: [Topic] = []
        var failures: [String: KafkaError] = [:]
        for index in 0..<Int(result.pointee.topic_cnt) {
            let item = result.pointee.topics[index]
            let name = String(cString: item.topic)
            if item.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                let error = KafkaError(item.err, place: name)
                if topic != nil { throw error }
                if !error.isUnknownTopic { failures[name] = error }
                continue
            }
            let count = Int(item.partition_cnt)
            var leaders = [Int32](repeating: -1, count: count)
            for index in 0..<count {
                let id = Int(item.partitions[index].id)
                if leaders.indices.contains(id) { leaders[id] = item.partitions[index].leader }
            }
            let leaderless = leaders.indices.filter { leaders[$0] < 0 }.map { Int32($0) }
            topics.append(Topic(name: name, partitions: count, leaderless: leaderless, leaders: leaders))
        }
        return Metadata(
            brokers: Int(result.pointee.broker_cnt), topics: topics.sorted { $0.name < $1.name }, failures: failures)
    }
}
