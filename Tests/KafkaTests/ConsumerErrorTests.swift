import Kafka
import Testing

extension BrokerTests {
    /// The errors that a reader gets if the broker refuses it. Its partitions can be changed at any speed.
    @Suite struct ConsumerErrorTests {
        private static let listOffsets: Int16 = 2
        private static let topicAuthorizationFailed: Int32 = 29

        private func kafka(_ broker: EmbeddedBroker) -> KafkaConfiguration {
            KafkaConfiguration(brokers: broker.bootstrap, fetchWaitMilliseconds: 10)
        }

        /// librdkafka says "no offset" of both.
        @Test func aRightThatIsMissingIsNotCalledARecordThatIsMissing() throws {
            let broker = try EmbeddedBroker()
            try broker.createTopic("guarded", partitions: 1)
            broker.failNext(
                apiKey: Self.listOffsets, codes: Array(repeating: Self.topicAuthorizationFailed, count: 200))
            let consumer = try Consumer(kafka(broker))
            try consumer.assign([PartitionOffset(TopicPartition("guarded", 0), offset: PartitionOffset.beginning)])
            var errors: [KafkaError] = []
            let end = ContinuousClock.now + .seconds(40)
            while errors.isEmpty, ContinuousClock.now < end {
                try consumer.poll(timeoutMilliseconds: 50) { _ in }
                errors += consumer.takeErrors().map(\.error)
            }
            let error = try #require(errors.first)
            #expect(error.isNotAllowed && !error.isRetriable && !error.isOffsetOutOfRange, "\(error)")
            #expect(error.description.contains("give this user the right to"))
            broker.clearFailures(apiKey: Self.listOffsets)
        }

        /// One assignment, and another at once: librdkafka would end the process.
        @Test func assignmentsFollowEachOtherAtAnySpeed() throws {
            let broker = try EmbeddedBroker()
            try broker.createTopic("many", partitions: 8)
            let consumer = try Consumer(kafka(broker))
            let starts = (0..<Int32(8)).map { PartitionOffset(TopicPartition("many", $0), offset: 0) }
            for round in 0..<12 {
                try consumer.assign(Array(starts[(round % 4)...]))
                if round % 2 == 0 { try consumer.assign([]) }
                if round % 3 == 0 { try consumer.poll(timeoutMilliseconds: 1) { _ in } }
                try consumer.assign(Array(starts[..<(1 + round % 7)]))
            }
            #expect(consumer.assignment.count == 5)
        }
    }
}
