import Testing

@testable import Kafka

@Suite struct KafkaErrorTests {
    /// The error of a delivery that failed with librdkafka's code.
    private func error(_ code: Int32) throws -> KafkaError {
        try #require(Delivery(topic: 0, partition: 3, offset: -1, tag: 0, code: code).error(topicName: "orders"))
    }

    @Test func successIsNoError() {
        #expect(Delivery(topic: 0, partition: 3, offset: 8, tag: 0, code: 0).error(topicName: "orders") == nil)
    }

    @Test func saysWhere() throws {
        let error = try error(-195)
        #expect(error.name == "_TRANSPORT")
        #expect(error.target == "orders[3]")
        #expect(error.description.hasPrefix("orders[3]: "))
        #expect(error.description.hasSuffix("(_TRANSPORT)"))
    }

    @Test(
        arguments: [
            // _TRANSPORT, _ALL_BROKERS_DOWN, _TIMED_OUT, _QUEUE_FULL, _UNKNOWN_PARTITION, _WAIT_COORD, _DESTROY_BROKER
            -195, -187, -185, -184, -190, -180, -137,
            // UNKNOWN_TOPIC_OR_PART, LEADER_NOT_AVAILABLE, NOT_LEADER_FOR_PARTITION, REQUEST_TIMED_OUT, NETWORK_EXCEPTION
            3, 5, 6, 7, 13,
            // COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, NOT_CONTROLLER
            14, 15, 16, 41,
            // NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND, REBALANCE_IN_PROGRESS, KAFKA_STORAGE_ERROR
            19, 20, 27, 56,
            // FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, OFFSET_NOT_AVAILABLE, UNSTABLE_OFFSET_COMMIT
            74, 75, 78, 88,
            // THROTTLING_QUOTA_EXCEEDED
            89,
        ] as [Int32])
    func healsByItself(_ code: Int32) throws {
        #expect(try error(code).isRetriable)
        #expect(try !error(code).isFatal)
    }

    @Test(
        arguments: [
            // _INVALID_ARG, _PURGE_QUEUE, _AUTHENTICATION; MSG_SIZE_TOO_LARGE, TOPIC_AUTHORIZATION_FAILED,
            // GROUP_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED, INVALID_CONFIG, SASL_AUTHENTICATION_FAILED
            -186, -152, -169, 10, 29, 30, 31, 40, 58,
        ] as [Int32])
    func doesNotHeal(_ code: Int32) throws {
        #expect(try !error(code).isRetriable)
        #expect(try !error(code).isFatal)
    }

    @Test func silenceIsNoAnswer() throws {
        // _TRANSPORT, _ALL_BROKERS_DOWN, _TIMED_OUT, _RESOLVE, _DESTROY_BROKER
        for code in [-195, -187, -185, -193, -137] as [Int32] { #expect(try error(code).isSilence) }
        // REQUEST_TIMED_OUT, _UNKNOWN_PARTITION, NOT_COORDINATOR
        for code in [7, -190, 16] as [Int32] { #expect(try !error(code).isSilence) }
    }

    @Test func theFatalCodeIsFatal() throws { #expect(try error(-150).isFatal) }

    @Test func namesWhatCallersAskFor() throws {
        #expect(try error(10).isTooLarge)
        #expect(try error(1).isOffsetOutOfRange)
        #expect(try error(-140).isOffsetOutOfRange)
        #expect(try error(3).isUnknownTopic)
        #expect(try error(-188).isUnknownTopic)
        let other = try error(-195)
        #expect(!other.isTooLarge && !other.isOffsetOutOfRange && !other.isUnknownTopic)
    }
}
