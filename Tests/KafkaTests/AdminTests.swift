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

        /// What the durability of a topic is judged by.
        @Test func tellsReplicasAndTheBrokersNumbers() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let metadata = try Admin(fixture.kafka).metadata()
            #expect(metadata.brokerIDs.count == metadata.brokers)
            #expect(metadata.topics.allSatisfy { $0.replicas == 1 && $0.inSync == 1 })
        }

        @Test func knowsTheEnds() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<12, to: 1)
            let admin = try Admin(fixture.kafka)
            let topicPartitions = (0..<2).map { KafkaFixture.topicPartition($0) }
            #expect(try admin.ends(of: topicPartitions) == [topicPartitions[0]: 0, topicPartitions[1]: 12])
            #expect(try admin.ends(of: []).isEmpty)
        }

        @Test func saysThatTheEmbeddedBrokerCannotListGroups() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let admin = try Admin(fixture.kafka)
            #expect(throws: KafkaError.self) { try admin.groups() }
        }

        @Test func readsTheCommitsOfManyGroupsAtOnce() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let admin = try Admin(fixture.kafka)
            let names = (0..<50).map { "group-\($0)" }
            let answers = try admin.committed(
                groups: names, Admin.GroupLimits(requestMilliseconds: 5_000, totalMilliseconds: 20_000))
            #expect(answers.keys.sorted() == names.sorted())
            #expect(try answers.values.allSatisfy { try $0.get().isEmpty })
        }

        /// The embedded broker describes no group.
        @Test func saysOfEachGroupWhyItIsNotDescribed() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let admin = try Admin(fixture.kafka)
            let answers = try admin.describe(
                groups: ["one", "two"], Admin.GroupLimits(requestMilliseconds: 5_000, totalMilliseconds: 20_000))
            #expect(answers.keys.sorted() == ["one", "two"])
            for answer in answers.values { #expect(throws: KafkaError.self) { try answer.get() } }
        }

        @Test func aCoordinatorThatHangsCostsItsOwnAnswerOnly() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            fixture.broker.setRoundTrip(1, milliseconds: 60_000)
            let admin = try Admin(fixture.kafka)
            let answers = try admin.committed(
                groups: ["one"], Admin.GroupLimits(requestMilliseconds: 300, totalMilliseconds: 1_000))
            #expect(throws: KafkaError.self) { try #require(answers["one"]).get() }
        }

        /// The offsets of the others are returned all the same.
        @Test func saysOfEachPartitionWhyItsOffsetIsMissing() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<12, to: 1)
            let admin = try Admin(fixture.kafka)
            let topicPartitions = [KafkaFixture.topicPartition(1), KafkaFixture.topicPartition(9)]
            let ends = try admin.offsets(of: [topicPartitions[0], topicPartitions[1]], at: .end, milliseconds: 5_000)
            #expect(ends.offsets == [topicPartitions[0]: 12])
            #expect(ends.failures.keys.sorted() == [topicPartitions[1]])
            #expect(
                try admin.offsets(of: [topicPartitions[0]], at: .beginning, milliseconds: 5_000).offsets == [
                    topicPartitions[0]: 0
                ])
        }

        @Test func knowsWhoLeadsAPartition() throws {
            let fixture = try KafkaFixture(partitions: 3)
            defer { withExtendedLifetime(fixture) {} }
            fixture.broker.moveLeader(of: KafkaFixture.topicPartition(1), to: EmbeddedBroker.nobody)
            let topic = try #require(try Admin(fixture.kafka).metadata().topics.first { $0.name == KafkaFixture.topic })
            #expect(topic.leaders == [1, -1, 1])
            #expect(topic.leaderless == [1])
        }

        @Test func saysWhyNothingAnswers() throws {
            let admin = try Admin(KafkaConfiguration(brokers: "127.0.0.1:1"), timeoutMilliseconds: 500)
            let error = #expect(throws: KafkaError.self) { try admin.metadata() }
            #expect(error?.isRetriable == true)
        }
    }
}
