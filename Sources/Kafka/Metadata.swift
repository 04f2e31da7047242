import CRDKafka

/// The cluster as its brokers describe it.
public struct Metadata: Sendable {
    public struct Topic: Sendable {
        public let name: String
        public let partitions: Int

        public init(name: String, partitions: Int) { (self.name, self.partitions) = (name, partitions) }
    }

    public let brokers: Int
    public let topics: [Topic]

    public init(brokers: Int, topics: [Topic]) { (self.brokers, self.topics) = (brokers, topics) }

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
        for index in 0..<Int(result.pointee.topic_cnt) {
            let item = result.pointee.topics[index]
            let name = String(cString: item.topic)
            if item.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                if topic != nil { throw KafkaError(item.err, place: name) }
                continue
            }
            topics.append(Topic(name: name, partitions: Int(item.partition_cnt)))
        }
        return Metadata(brokers: Int(result.pointee.broker_cnt), topics: topics.sorted { $0.name < $1.name })
    }
}
