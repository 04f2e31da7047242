import Kafka
import Testing
import Topics

/// Against the embedded broker, which can neither create topics over the wire nor describe settings: what needs that
/// is tested as a plan.
@Suite struct TopicAdminTests {
    private static let timeoutMilliseconds = 1_000

    private func admin(_ broker: EmbeddedBroker) throws -> Admin {
        try Admin(
            KafkaConfiguration(brokers: broker.bootstrap), timeoutMilliseconds: Self.timeoutMilliseconds)
    }

    @Test func anEmbeddedBrokerGetsEveryTopic() throws {
        let broker = try EmbeddedBroker()
        let admin = try admin(broker)
        let topics = try ShippedTopics.load()
        try TopicAdmin.create(topics, on: broker, topicPrefix: "town.")
        let found = try admin.metadata().topics
        #expect(found.map(\.name) == topics.map { "town." + $0.name })
        #expect(found.map(\.partitions) == topics.map(\.partitions))

        let topicAdmin = TopicAdmin(admin, topicPrefix: "town.")
        var lines: [String] = []
        #expect(try !topicAdmin.check(topics) { lines.append($0.description) })
        let unknown = "? the broker does not describe settings: of \(topics.count) topics they are not compared"
        #expect(lines == topics.map { "= town.\($0.name)" } + [unknown])
        let checked = lines
        lines = []
        #expect(try topicAdmin.apply(topics) { lines.append($0.description) } == .unchanged)
        #expect(lines == checked)
    }

    @Test func whatIsMissingIsDrift() throws {
        let broker = try EmbeddedBroker()
        let topics = try ShippedTopics.load()
        try TopicAdmin.create(topics.filter { $0.role != .control }, on: broker)
        var lines: [String] = []
        #expect(try TopicAdmin(admin(broker)).check(topics) { lines.append($0.description) })
        #expect(
            lines.filter { $0.hasPrefix("+") } == [
                "+ create standing.control: 12 partitions, the broker's replication, cleanup.policy delete, "
                    + "retention.bytes -1, retention.ms -1"
            ])
    }

    /// It is waited for, instead of being made once more.
    @Test func aTopicThatCannotBeDescribedNowIsNotMissing() throws {
        let broker = try EmbeddedBroker()
        let topics = try ShippedTopics.load()
        try TopicAdmin.create(topics, on: broker)
        // LEADER_NOT_AVAILABLE
        broker.failDescriptions(of: "standing.control", code: 5)
        var kafka = KafkaConfiguration(brokers: broker.bootstrap)
        kafka.patience.quiet = .zero
        kafka.patience.onWait = { _ in broker.failDescriptions(of: "standing.control", code: 0) }
        let admin = try Admin(kafka, timeoutMilliseconds: Self.timeoutMilliseconds)
        let changes = try TopicAdmin(admin).plan(topics)
        #expect(changes.count == topics.count + 1)
        #expect(changes.allSatisfy { !$0.isDrift })
    }

    @Test func theSameTopicsUnderAnotherPrefixAreMissing() throws {
        let broker = try EmbeddedBroker()
        let topics = try ShippedTopics.load()
        try TopicAdmin.create(topics, on: broker)
        let changes = try TopicAdmin(admin(broker), topicPrefix: "other.").plan(topics)
        #expect(changes.count == topics.count)
        #expect(
            changes.allSatisfy { if case .create(let topic) = $0 { topic.name.hasPrefix("other.") } else { false } })
    }

    @Test func oneRefusalMeansThatNothingIsDone() throws {
        let broker = try EmbeddedBroker()
        try broker.createTopic("standing.ledger", partitions: 6)
        let admin = try admin(broker)
        var lines: [String] = []
        let topics = try ShippedTopics.load()
        #expect(try TopicAdmin(admin).apply(topics) { lines.append($0.description) } == .refused)
        #expect(
            lines.contains("! standing.ledger: has 6 partitions, the file says 12: a ledger is never re-partitioned"))
        // Every other one would have been made.
        #expect(lines.filter { $0.hasPrefix("+") }.count == topics.count - 1)
        #expect(try admin.metadata().topics.map(\.name) == ["standing.ledger"])
    }

    @Test func aFailedChangeIsThrownAndNotReported() throws {
        let broker = try EmbeddedBroker()
        let admin = try admin(broker)
        var lines: [String] = []
        #expect(throws: KafkaError.self) {
            try TopicAdmin(admin).apply(ShippedTopics.load()) { lines.append($0.description) }
        }
        #expect(lines == [])
    }
}
