import CRDKafka

/// The cluster as its brokers describe it.
public struct Metadata: Sendable {
    public struct Topic: Sendable {
        public let name: String
        public let partitions: Int
        /// Partitions that have no leader now.
        public let leaderless: [Int32]
        /// The leader of each partition, by partition; negative if there is none. Empty if leaders were not asked
        /// for.
        public let leaders: [Int32]
        /// The fewest replicas of any partition, and the fewest that are in sync; nil if they were not asked for.
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
    /// The numbers of the brokers; empty if they were not asked for.
    public let brokerIDs: [Int32]
    /// The topics that can be described now, by name.
    public let topics: [Topic]
    /// Why other topics cannot be described now, by name.
    public let failures: [String: KafkaError]

    public init(
        brokers: Int, brokerIDs: [Int32] = [], topics: [Topic], failures: [String: KafkaError] = [:]
    ) {
        (self.brokers, self.brokerIDs, self.topics, self.failures) = (brokers, brokerIDs, topics, failures)
    }

    /// All topics, or one. Blocks for at most `timeoutMilliseconds`. Throws if the topic does not exist.
    static func read(
        _ handle: OpaquePointer, topic: String? = nil, timeoutMilliseconds: Int
    ) throws(KafkaError) -> Metadata {
        var single: OpaquePointer?
        if let topic {
            single = rd_kafka_topic_new(handle, topic, nil)
            if single == nil { throw KafkaError(rd_kafka_last_error(), target: topic) }
        }
        defer { if let single { rd_kafka_topic_destroy(single) } }
        var result: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(handle, topic == nil ? 1 : 0, single, &result, Int32(timeoutMilliseconds))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let result else {
            throw KafkaError(code, target: topic ?? "metadata")
        }
        defer { rd_kafka_metadata_destroy(result) }
        var topics: [Topic] = []
        var failures: [String: KafkaError] = [:]
        for index in 0..<Int(result.pointee.topic_cnt) {
            let item = result.pointee.topics[index]
            let name = String(cString: item.topic)
            if item.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                let error = KafkaError(item.err, target: name)
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
