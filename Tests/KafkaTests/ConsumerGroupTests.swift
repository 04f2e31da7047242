import Kafka
import Testing

/// Starts at the group's committed offsets and notes what happens.
private final class Starter: RebalanceListener {
    var assignments: [[TopicPartition]] = []
    var revocations: [(partitions: [TopicPartition], lost: Bool)] = []
    var failure: KafkaError?

    func assigned(_ partitions: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
        assignments.append(partitions.sorted())
        do {
            return try consumer.committed(partitions, timeoutMilliseconds: KafkaFixture.patienceMilliseconds).map {
                PartitionOffset($0.topicPartition, offset: max($0.offset, 0))
            }
        } catch {
            failure = error
            return []
        }
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool, from consumer: any ConsumerClient) {
        revocations.append((partitions.sorted(), lost))
    }
}

extension BrokerTests {
    @Suite struct ConsumerGroupTests {
        private let topicPartitions = (0..<2).map { KafkaFixture.topicPartition($0) }

        @Test func commitsOffsetsWithMetadata() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let consumer = try fixture.consumer(group: "readers")
            let limit = KafkaFixture.patienceMilliseconds
            #expect(
                try consumer.committed(topicPartitions, timeoutMilliseconds: limit).map(\.offset)
                    == [PartitionOffset.none, PartitionOffset.none])

            let first = PartitionOffset(topicPartitions[0], offset: 17, metadata: "1;4:3;0:0;9:8 é")
            try consumer.commit([first], wait: true)
            let committed = try consumer.committed(topicPartitions, timeoutMilliseconds: limit)
            #expect(committed == [first, PartitionOffset(topicPartitions[1], offset: PartitionOffset.none)])

            let admin = try Admin(fixture.kafka)
            #expect(try admin.committed(group: "readers", partitions: topicPartitions) == [first])
            #expect(try admin.committed(group: "others", partitions: topicPartitions).isEmpty)

            // The next commit replaces both.
            let second = PartitionOffset(topicPartitions[0], offset: 18)
            try consumer.commit([second], wait: true)
            #expect(try admin.committed(group: "readers", partitions: [topicPartitions[0]]) == [second])
        }

        /// The answer would come after ten minutes. A commit that waits for it goes past the time limit.
        @Test(.timeLimit(.minutes(2))) func anAwaitedCommitEndsWhereTheCoordinatorHangs() throws {
            let fixture = try KafkaFixture(properties: ["socket.timeout.ms": "300000"])
            defer { withExtendedLifetime(fixture) {} }
            var kafka = fixture.kafka
            kafka.patience.limit = .seconds(1)
            let consumer = try Consumer(kafka, options: .init(group: "readers"))
            // A machine that stands still for a second is no coordinator that hangs.
            var isCommitted = false
            for _ in 0..<30 where !isCommitted {
                isCommitted =
                    (try? consumer.commit([PartitionOffset(topicPartitions[0], offset: 7)], wait: true)) != nil
            }
            try #require(isCommitted)
            fixture.broker.setRoundTrip(1, milliseconds: 600_000)
            #expect(throws: KafkaError.self) {
                try consumer.commit([PartitionOffset(topicPartitions[0], offset: 8)], wait: true)
            }
        }

        @Test func joinsAndLeavesAGroup() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<10, to: 0)
            try fixture.produce(10..<20, to: 1)
            let committer = try fixture.consumer(group: "readers")
            try committer.commit([PartitionOffset(topicPartitions[0], offset: 7)], wait: true)
            committer.close()

            let starter = Starter()
            let consumer = try Consumer(fixture.kafka, options: .init(group: "readers"), listener: starter)
            try consumer.subscribe(to: [KafkaFixture.topic])
            let records = try fixture.read(consumer) { $0.count >= 13 }
            #expect(records.numbers(of: 0) == [7, 8, 9])
            #expect(records.numbers(of: 1) == Array(10..<20))
            #expect(starter.assignments == [topicPartitions])
            #expect(starter.revocations.isEmpty)
            #expect(starter.failure == nil)

            consumer.close()
            #expect(starter.revocations.map(\.partitions) == [topicPartitions])
            #expect(starter.revocations.map(\.lost) == [false])
            consumer.close()
            #expect(starter.revocations.count == 1)
        }
    }
}
