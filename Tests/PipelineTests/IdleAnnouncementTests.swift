import Kafka
import Logging
import Testing

@testable import Pipeline

/// The announcement of a member that folds nothing, on librdkafka's broker.
struct IdleAnnouncementTests {
    private static let topic = "members"

    @Test func aMemberThatFoldsNothingIsAnnouncedUntilItLeaves() throws {
        let broker = try EmbeddedBroker()
        defer { withExtendedLifetime(broker) {} }
        try broker.createTopic(Self.topic, partitions: 1)
        let kafka = KafkaConfiguration(brokers: broker.bootstrap, fetchWaitMilliseconds: 10)
        let directory = MemberDirectory(member: "one")
        let announcement = try IdleAnnouncement(
            directory, kafka, topic: Self.topic,
            logger: Logger(label: "announcement-tests", factory: { _ in SwiftLogNoOpLogHandler() }))
        let now = ContinuousClock.now
        // Nothing is to be announced before the address is known, and nothing is twice.
        announcement.publish(at: now)
        directory.ownAddress = "h:1"
        announcement.publish(at: now)
        directory.note(
            MemberAnnouncement(member: "one", address: "h:1", partitions: []), key: "h:1", ledgerPartitions: 4)
        announcement.publish(at: now + .seconds(10))
        announcement.takeLeave(at: now + .seconds(10))

        let others = MemberDirectory(member: "two")
        var idle: [[String]] = []
        try TopicScan(kafka, topic: Self.topic).forEach { _, record in
            let key = record.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
            others.note(key: key, value: record.value, ledgerPartitions: 4)
            idle.append(others.otherIdle)
        }
        #expect(idle == [["h:1"], []])
    }
}
