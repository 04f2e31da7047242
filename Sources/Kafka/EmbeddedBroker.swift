import CRDKafka

/// librdkafka's mock cluster: a Kafka broker inside this process, on a port of 127.0.0.1. It ends with the value.
///
/// It retains at most 5 MB or 100,000 record batches per partition and drops the oldest above that. It cannot create
/// topics over the wire, list groups, or look offsets up by time.
public final class EmbeddedBroker: @unchecked Sendable {
    /// The bytes that the mock retains of a partition before it drops the oldest records.
    public static let retainedBytesPerPartition = 5 * 1024 * 1024

    private let handle: Handle
    private let cluster: OpaquePointer
    /// `127.0.0.1:PORT`.
    public let bootstrap: String
    /// The fetch wait that its clients should use. It does not wake a waiting fetch when records arrive, so half of
    /// this time is added to the latency of each hop at rest, and each consumer asks it this often.
    public static let fetchWaitMilliseconds = 5

    public init(brokers: Int = 1) throws(KafkaError) {
        let conf = rd_kafka_conf_new()!
        try conf.set("client.id", "standing-embedded-broker")
        try conf.set("log_level", "3")
        // The setting also applies to the connections that the mock accepts. With Nagle's algorithm an answer waits
        // up to 40 ms for the client's delayed acknowledgement of the answer before it.
        try conf.set("socket.nagle.disable", "true")
        handle = try Handle(RD_KAFKA_PRODUCER, consuming: conf)
        guard let cluster = rd_kafka_mock_cluster_new(handle.pointer, Int32(brokers)) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, message: "the embedded broker did not start")
        }
        self.cluster = cluster
        bootstrap = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    }

    deinit { rd_kafka_mock_cluster_destroy(cluster) }

    public func createTopic(_ name: String, partitions: Int) throws(KafkaError) {
        let code = rd_kafka_mock_topic_create(cluster, name, Int32(partitions), 1)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, target: name) }
    }

    /// Takes a broker (numbered from 1) off the network, or returns it.
    public func setBroker(_ broker: Int32, down: Bool) {
        if down {
            rd_kafka_mock_broker_set_down(cluster, broker)
        } else {
            rd_kafka_mock_broker_set_up(cluster, broker)
        }
    }

    /// Delays every answer of a broker by this time.
    public func setRoundTrip(_ broker: Int32, milliseconds: Int32) {
        rd_kafka_mock_broker_set_rtt(cluster, broker, milliseconds)
    }

    /// Makes another broker the coordinator of a group.
    public func moveCoordinator(ofGroup group: String, to broker: Int32) {
        rd_kafka_mock_coordinator_set(cluster, "group", group, broker)
    }

    /// Instead of a leader: the partition has none.
    public static let nobody: Int32 = -1

    /// Makes another broker, or `nobody`, the leader of a partition.
    public func moveLeader(of topicPartition: TopicPartition, to broker: Int32) {
        rd_kafka_mock_partition_set_leader(cluster, topicPartition.topic, topicPartition.partition, broker)
    }

    /// The next requests of this kind (Kafka's API key: 0 Produce, 1 Fetch, 8 OffsetCommit, …) fail with these codes.
    public func failNext(apiKey: Int16, codes: [Int32]) {
        var errors = codes.map { rd_kafka_resp_err_t(rawValue: $0) }
        rd_kafka_mock_push_request_errors_array(cluster, apiKey, errors.count, &errors)
    }

    /// Like `failNext(apiKey:codes:)`, for requests to one broker. It cannot be cleared.
    public func failNext(broker: Int32, apiKey: Int16, codes: [Int32]) {
        for code in codes {
            standing_mock_fail_broker(cluster, broker, apiKey, rd_kafka_resp_err_t(rawValue: code))
        }
    }

    /// Every description of a topic has this error code; 0 ends that.
    public func failDescriptions(of topic: String, code: Int32) {
        rd_kafka_mock_topic_set_error(cluster, topic, rd_kafka_resp_err_t(rawValue: code))
    }

    /// Clears what `failNext(apiKey:codes:)` has planned for this kind.
    public func clearFailures(apiKey: Int16) { rd_kafka_mock_clear_request_errors(cluster, apiKey) }
}
