import Kafka
import Testing

extension BrokerTests {
    @Suite struct AdminTests {
        @Test func describesTheCluster() throws {
            let fixture = try KafkaFixture(partitions: 3)
            defer { withExtendedLifetime(fixture) {} }
            try fixture.broker.createTopic("bills", partitions: 1)
            let admin = try Admin(fixture.kafka)
            let metadata = try admin.metadata()
            #expect(metadata.brokers == 1)
            #expect(metadata.topics.map(\.name) == ["bills", KafkaFixture.topic])
            #expect(metadata.topics.map(\.partitions) == [1, 3])
            #expect(try admin.topic("bills")?.partitions == 1)
            #expect(try admin.topic("missing") == nil)
        }

        @Test func knowsTheEnds() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<12, to: 1)
            let admin = try Admin(fixture.kafka)
            let places = (0..<2).map { KafkaFixture.place($0) }
            #expect(try admin.ends(of: places) == [places[0]: 0, places[1]: 12])
            #expect(try admin.ends(of: []).isEmpty)
        }

        @Test func saysThatTheEmbeddedBrokerCannotListGroups() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let admin = try Admin(fixture.kafka)
            #expect(throws: KafkaError.self) { try admin.groups() }
        }

        @Test func saysWhyNothingAnswers() throws {
            let admin = try Admin(KafkaConfiguration(brokers: "127.0.0.1:1"), timeoutMilliseconds: 500)
            let error = #expect(throws: KafkaError.self) { try admin.metadata() }
            #expect(error?.isRetriable == true)
        }
    }
}
