import Kafka
import Synchronization
import Testing

/// The calls by Kafka's numbers.
private enum APIKey {
    static let fetch: Int16 = 1
    static let listOffsets: Int16 = 2
    static let offsetCommit: Int16 = 8
    static let offsetFetch: Int16 = 9
    static let findCoordinator: Int16 = 10
}

/// The reports to a caller that waits.
private final class Notes: Sendable {
    private let waits = Mutex<[Patience.Wait]>([])
    var all: [Patience.Wait] { waits.withLock { $0 } }
    func add(_ wait: Patience.Wait) { waits.withLock { $0.append(wait) } }
}

extension BrokerTests {
    /// Every call through the mock cluster's error scripts: what heals is waited for, anything else is thrown at once.
    @Suite struct RetryTests {
        private static let group = "readers"
        private let topicPartitions = (0..<2).map { KafkaFixture.topicPartition($0) }

        /// UNKNOWN_TOPIC_OR_PART, LEADER_NOT_AVAILABLE, NOT_LEADER_FOR_PARTITION, REQUEST_TIMED_OUT, BROKER_NOT_AVAILABLE,
        /// REPLICA_NOT_AVAILABLE, NETWORK_EXCEPTION, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE,
        /// NOT_COORDINATOR, NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND, REBALANCE_IN_PROGRESS, NOT_CONTROLLER,
        /// KAFKA_STORAGE_ERROR, LISTENER_NOT_FOUND, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, OFFSET_NOT_AVAILABLE,
        /// UNSTABLE_OFFSET_COMMIT, THROTTLING_QUOTA_EXCEEDED; _TRANSPORT: the broker hangs up.
        private static let healing: [Int32] = [
            3, 5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20, 27, 41, 56, 72, 74, 75, 78, 88, 89, -195,
        ]
        /// TOPIC_, GROUP_ and CLUSTER_AUTHORIZATION_FAILED, INVALID_CONFIG.
        private static let lasting: [Int32] = [29, 30, 31, 40]
        private static let rebalance: Int32 = 27

        /// With short pauses. `onWait` is called with every wait.
        private func kafka(
            _ broker: EmbeddedBroker, onWait: @escaping @Sendable (Patience.Wait) -> Void = { _ in }
        ) -> KafkaConfiguration {
            var kafka = KafkaConfiguration(
                brokers: broker.bootstrap, properties: ["compression.codec": "none"], fetchWaitMilliseconds: 10)
            kafka.patience.firstPause = .milliseconds(5)
            kafka.patience.quiet = .zero
            kafka.patience.onWait = onWait
            return kafka
        }

        private func connect(_ kafka: KafkaConfiguration) throws -> Admin {
            try Admin(kafka, timeoutMilliseconds: KafkaFixture.patienceMilliseconds)
        }

        /// Makes the call after each code that heals, and after each that does not.
        private func drive(
            _ apiKey: Int16, of broker: EmbeddedBroker, healing: [Int32] = Self.healing, _ call: () throws -> Void
        ) {
            for code in healing {
                broker.failNext(apiKey: apiKey, codes: [code])
                succeed(call, "code \(code)")
                broker.clearFailures(apiKey: apiKey)
            }
            for code in Self.lasting {
                broker.failNext(apiKey: apiKey, codes: [code])
                let error = failure(of: call)
                #expect(error?.code == code)
                // A second attempt would have succeeded.
                succeed(call, "after code \(code)")
            }
        }

        private func failure(of call: () throws -> Void) -> KafkaError? {
            do {
                try call()
                return nil
            } catch {
                return error as? KafkaError
            }
        }

        private func succeed(_ call: () throws -> Void, _ when: String) {
            do { try call() } catch { Issue.record("\(when): \(error)") }
        }

        // MARK: Offsets

        @Test func endsAreAskedForAgain() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<12, to: 1)
            let admin = try connect(kafka(fixture.broker))
            drive(APIKey.listOffsets, of: fixture.broker) {
                let ends = try admin.ends(of: topicPartitions)
                #expect(ends == [topicPartitions[0]: 0, topicPartitions[1]: 12])
            }
            fixture.broker.failNext(apiKey: APIKey.listOffsets, codes: [6, 3, 5, 6, 78])
            #expect(try admin.ends(of: topicPartitions) == [topicPartitions[0]: 0, topicPartitions[1]: 12])
        }

        @Test func beginningsAreAskedForAgainWithinTheirTime() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let cluster: any KafkaCluster = kafka(fixture.broker)
            for code in [3, 5, 6, 14, 78] as [Int32] {
                fixture.broker.failNext(apiKey: APIKey.listOffsets, codes: [code])
                #expect(
                    try cluster.beginnings(of: topicPartitions) == [topicPartitions[0]: 0, topicPartitions[1]: 0],
                    "code \(code)")
                fixture.broker.clearFailures(apiKey: APIKey.listOffsets)
            }
            fixture.broker.failNext(apiKey: APIKey.listOffsets, codes: [29])
            #expect(throws: KafkaError.self) { try cluster.ends(of: topicPartitions) }
        }

        @Test func oneLineSaysWhatIsWaitedFor() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let notes = Notes()
            let admin = try connect(kafka(fixture.broker) { notes.add($0) })
            fixture.broker.failNext(apiKey: APIKey.listOffsets, codes: [6, 6, 6])
            _ = try admin.ends(of: topicPartitions)
            #expect(notes.all.map(\.call) == ["list offsets"])
            #expect(
                notes.all.first?.description
                    == "list offsets: trying again for up to 30 s: Broker: Not leader for partition "
                    + "(NOT_LEADER_FOR_PARTITION)")
            _ = try admin.ends(of: topicPartitions)
            #expect(notes.all.count == 1)
        }

        /// Left out, a partition would pass for one that is not there.
        @Test func noPartitionIsLeftOut() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let (broker, topicPartition) = (fixture.broker, topicPartitions[1])
            var impatient = kafka(broker)
            impatient.patience.limit = .zero
            broker.moveLeader(of: topicPartition, to: EmbeddedBroker.nobody)
            let error = #expect(throws: KafkaError.self) { try connect(impatient).ends(of: topicPartitions) }
            #expect(error?.name == "LEADER_NOT_AVAILABLE" && error?.target == topicPartition.description)

            // What librdkafka remembers of leaders would not heal by itself.
            let admin = try connect(kafka(broker) { _ in broker.moveLeader(of: topicPartition, to: 1) })
            #expect(try admin.ends(of: topicPartitions) == [topicPartitions[0]: 0, topicPartitions[1]: 0])
        }

        // MARK: Topics

        @Test func topicsAreDescribedAgain() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let broker = fixture.broker
            let admin = try connect(kafka(broker) { _ in broker.failDescriptions(of: KafkaFixture.topic, code: 0) })
            // UNKNOWN_TOPIC_OR_PART is an answer here, and hanging up is no answer of a topic.
            for code in Self.healing where code != 3 && code > 0 {
                broker.failDescriptions(of: KafkaFixture.topic, code: code)
                #expect(try admin.topic(KafkaFixture.topic)?.partitions == 2, "code \(code)")
            }
            for code in Self.lasting {
                broker.failDescriptions(of: KafkaFixture.topic, code: code)
                let error = #expect(throws: KafkaError.self) { try admin.topic(KafkaFixture.topic) }
                #expect(error?.code == code)
                // Nothing else waits for it.
                #expect(try admin.metadata().topics.isEmpty)
                #expect(try admin.metadata().failures[KafkaFixture.topic]?.code == code)
            }
            broker.failDescriptions(of: KafkaFixture.topic, code: 3)
            #expect(try admin.topic(KafkaFixture.topic) == nil)
        }

        @Test func topicsJustMadeAreWaitedFor() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let broker = fixture.broker
            let late = try connect(kafka(broker) { _ in try? broker.createTopic("fresh", partitions: 3) })
            try late.waitForLeaders(of: ["fresh": 3, KafkaFixture.topic: 2])
            #expect(try late.topic("fresh")?.partitions == 3)

            broker.moveLeader(of: topicPartitions[1], to: EmbeddedBroker.nobody)
            let leaderless = try connect(
                kafka(broker) { [topicPartitions] _ in broker.moveLeader(of: topicPartitions[1], to: 1) })
            #expect(try leaderless.metadata().topics.flatMap(\.leaderless) == [1])
            try leaderless.waitForLeaders(of: [KafkaFixture.topic: 2])
            #expect(try leaderless.metadata().topics.allSatisfy(\.leaderless.isEmpty))

            broker.failDescriptions(of: KafkaFixture.topic, code: 5)
            let troubled = try connect(kafka(broker) { _ in broker.failDescriptions(of: KafkaFixture.topic, code: 0) })
            try troubled.waitForLeaders(of: [KafkaFixture.topic: 2])

            var impatient = kafka(broker)
            impatient.patience.limit = .milliseconds(50)
            let error = #expect(throws: KafkaError.self) { try connect(impatient).waitForLeaders(of: ["never": 1]) }
            #expect(error?.isUnknownTopic == true && error?.target == "never")
            #expect(throws: KafkaError.self) { try connect(impatient).waitForLeaders(of: ["fresh": 4]) }
        }

        @Test func theClusterCountsPartitionsOfTopicsThatAreThere() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let cluster: any KafkaCluster = kafka(fixture.broker)
            #expect(try cluster.partitions(of: KafkaFixture.topic) == 2)
            let error = #expect(throws: KafkaError.self) { try cluster.partitions(of: "missing") }
            #expect(error?.isRetriable == true && error?.isUnknownTopic == true)
        }

        // MARK: Groups

        @Test func committedOffsetsAreAskedForAgain() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let broker = fixture.broker
            let consumer = try Consumer(kafka(broker), options: .init(group: Self.group))
            try consumer.commit([PartitionOffset(topicPartitions[0], offset: 17)], wait: true)
            func committed() throws {
                let found = try consumer.committed(
                    topicPartitions, timeoutMilliseconds: KafkaFixture.patienceMilliseconds)
                #expect(found.map(\.offset) == [17, PartitionOffset.none])
            }
            drive(APIKey.offsetFetch, of: broker, committed)

            // A consumer that has not found its coordinator yet.
            let other = try Consumer(kafka(broker), options: .init(group: Self.group))
            broker.failNext(apiKey: APIKey.findCoordinator, codes: [15])
            let found = try other.committed(topicPartitions, timeoutMilliseconds: KafkaFixture.patienceMilliseconds)
            #expect(found.map(\.offset) == [17, PartitionOffset.none])
        }

        @Test func committedOffsetsOfAnyGroupAreAskedForAgain() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let broker = fixture.broker
            let consumer = try Consumer(kafka(broker), options: .init(group: Self.group))
            try consumer.commit([PartitionOffset(topicPartitions[0], offset: 17)], wait: true)
            let admin = try connect(kafka(broker))
            drive(APIKey.offsetFetch, of: broker) {
                let found = try admin.committed(group: Self.group, partitions: topicPartitions)
                #expect(found == [PartitionOffset(topicPartitions[0], offset: 17)])
            }
            for code in [13, 14, 15] as [Int32] {
                broker.failNext(apiKey: APIKey.findCoordinator, codes: [code])
                let found = try connect(kafka(broker)).committed(group: Self.group, partitions: topicPartitions)
                #expect(found == [PartitionOffset(topicPartitions[0], offset: 17)], "code \(code)")
                broker.clearFailures(apiKey: APIKey.findCoordinator)
            }
        }

        /// librdkafka asks the one that it has found once, also where it says that it is not the one.
        @Test func aCoordinatorThatHasMovedIsFound() throws {
            let broker = try EmbeddedBroker(brokers: 2)
            try broker.createTopic(KafkaFixture.topic, partitions: 2)
            broker.moveCoordinator(ofGroup: Self.group, to: 1)
            let admin = try connect(kafka(broker))
            #expect(try admin.committed(group: Self.group, partitions: topicPartitions).isEmpty)
            broker.failNext(broker: 1, apiKey: APIKey.offsetFetch, codes: [Int32](repeating: 16, count: 1000))
            broker.moveCoordinator(ofGroup: Self.group, to: 2)
            #expect(try admin.committed(group: Self.group, partitions: topicPartitions).isEmpty)
        }

        @Test func aCommitThatIsWaitedForIsTriedAgain() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let consumer = try Consumer(kafka(fixture.broker), options: .init(group: Self.group))
            let admin = try connect(kafka(fixture.broker))
            var offset: Int64 = 0
            drive(
                APIKey.offsetCommit, of: fixture.broker, healing: Self.healing.filter { $0 != Self.rebalance }
            ) {
                offset += 1
                try consumer.commit([PartitionOffset(topicPartitions[0], offset: offset)], wait: true)
                let found = try admin.committed(group: Self.group, partitions: topicPartitions)
                #expect(found == [PartitionOffset(topicPartitions[0], offset: offset)])
            }
            // It heals when the member polls, which it cannot while it waits.
            fixture.broker.failNext(apiKey: APIKey.offsetCommit, codes: [Self.rebalance])
            let error = #expect(throws: KafkaError.self) {
                try consumer.commit([PartitionOffset(topicPartitions[0], offset: 0)], wait: true)
            }
            #expect(error?.code == Self.rebalance && error?.isRetriable == true)
        }

        // MARK: Reading

        /// Right after a topic was made a broker may not know it: librdkafka gives its partitions up then.
        @Test func aStartThatIsNotToldIsAskedForAgain() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<5, to: 0)
            try fixture.produce(5..<10, to: 1)
            let consumer = try fixture.consumer()
            fixture.broker.failNext(apiKey: APIKey.listOffsets, codes: [3, 3, 13])
            try consumer.assign(topicPartitions.map { PartitionOffset($0, offset: PartitionOffset.beginning) })
            var errors: [KafkaError] = []
            let records = try fixture.read(consumer) { _ in
                errors += consumer.takeErrors().map(\.error)
                return consumer.assignment.allSatisfy(\.reachedEnd)
            }
            #expect(records.numbers(of: 0) == Array(0..<5) && records.numbers(of: 1) == Array(5..<10))
            #expect(!errors.isEmpty && errors.allSatisfy { $0.isRetriable && !$0.isOffsetOutOfRange })
        }

        @Test func aScanGoesOnThroughErrors() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<30, to: 0)
            try fixture.produce(30..<60, to: 1)
            let scan = try TopicScan(kafka(fixture.broker), topic: KafkaFixture.topic)
            fixture.broker.failNext(apiKey: APIKey.fetch, codes: [3, 6, 7, 13, 56, 75, -195])
            fixture.broker.failNext(apiKey: APIKey.listOffsets, codes: [3])
            var found: [TopicPartition: [Int64]] = [:]
            try scan.forEach { topicPartition, record in found[topicPartition, default: []].append(record.offset) }
            let all = Array(Int64(0)..<30)
            #expect(found == [topicPartitions[0]: all, topicPartitions[1]: all])
        }
    }
}
