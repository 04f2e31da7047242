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
        #expect(error.place == "orders[3]")
        #expect(error.description.hasPrefix("orders[3]: "))
        #expect(error.description.hasSuffix("(_TRANSPORT)"))
    }

    @Test(
        arguments: [
            // _TRANSPORT, _ALL_BROKERS_DOWN, _TIMED_OUT, _QUEUE_FULL; LEADER_NOT_AVAILABLE, NOT_LEADER_FOR_PARTITION,
            // REQUEST_TIMED_OUT, COORDINATOR_NOT_AVAILABLE, NOT_ENOUGH_REPLICAS
            -195, -187, -185, -184, 5, 6, 7, 15, 19,
        ] as [Int32])
    func healsByItself(_ code: Int32) throws {
        #expect(try error(code).isRetriable)
        #expect(try !error(code).isFatal)
    }

    @Test(
        arguments: [
            // _INVALID_ARG, _PURGE_QUEUE; MSG_SIZE_TOO_LARGE, TOPIC_AUTHORIZATION_FAILED, INVALID_CONFIG
            -186, -152, 10, 29, 40,
        ] as [Int32])
    func doesNotHeal(_ code: Int32) throws {
        #expect(try !error(code).isRetriable)
        #expect(try !error(code).isFatal)
    }

    @Test func theFatalCodeIsFatal() throws { #expect(try error(-150).isFatal) }

    @Test func namesWhatCallersAskFor() throws {
        #expect(try error(-184).isQueueFull)
        #expect(try error(10).isTooLarge)
        #expect(try error(1).isOffsetOutOfRange)
        #expect(try error(-140).isOffsetOutOfRange)
        #expect(try error(3).isUnknownTopic)
        #expect(try error(-188).isUnknownTopic)
        let other = try error(-195)
        #expect(!other.isQueueFull && !other.isTooLarge && !other.isOffsetOutOfRange && !other.isUnknownTopic)
    }
}
