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
        /// Of the partition that has fewest, and how many of the least current partition are in sync; nil if that was not asked.
        public let replicas: Int?
        public let inSync: Int?

        public init(
            name: String, partitions: Int, leaderless: [Int32] = [], leaders: [Int32] = [], replicas: Int? = nil,
            inSync: Int? = nil
        ) {
            (self.name, self.partitions) = (name, partitions)
            (self.leaderless, self.leaders) = (leaderless, leaders)
            (self.replicas, self.inSync) = (replicas, inSync)
        }
    }

    public let brokers: Int
    /// Their numbers; empty if they were not asked.
    public let brokerIDs: [Int32]
    /// Those that can be described now, by name.
    public let topics: [Topic]
    /// Why others cannot be described now, by their names.
    public let failures: [String: KafkaError]

    public init(
        brokers: Int, brokerIDs: [Int32] = [], topics: [Topic], failures: [String: KafkaError] = [:]
    ) {
        (self.brokers, self.brokerIDs, self.topics, self.failures) = (brokers, brokerIDs, topics, failures)
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
            let items = (0..<count).map { item.partitions[$0] }
            topics.append(
                Topic(
                    name: name, partitions: count, leaderless: leaderless, leaders: leaders,
                    replicas: items.map { Int($0.replica_cnt) }.min(), inSync: items.map { Int($0.isr_cnt) }.min()))
        }
        let brokers = (0..<Int(result.pointee.broker_cnt)).map { result.pointee.brokers[$0].id }
        return Metadata(
            brokers: brokers.count, brokerIDs: brokers.sorted(), topics: topics.sorted { $0.name < $1.name },
            failures: failures)
    }
}
