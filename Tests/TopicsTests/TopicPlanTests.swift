import Testing
import Topics

@Suite struct TopicPlanTests {
    private func topic(
        _ name: String, role: String = "source", partitions: Int = 12, _ rest: String = ""
    ) throws -> TopicDefinition {
        let never = role == "ledger" || role == "facts" ? "repartition: never" : "cleanup: delete"
        return try TopicDefinition.parse(
            """
            name: \(name)
            title: A topic
            role: \(role)
            key: none
            partitions: \(partitions)
            retention: forever
            schema: frame
            written-by: a
            read-by: b
            \(never)
            \(rest)
            """, file: "t.yaml")
    }

    private func lines(_ wanted: TopicDefinition, _ partitions: Int, _ config: [String: String]?) -> [String] {
        TopicPlan.plan(
            wanted: [wanted], existing: [wanted.name: TopicPlan.Existing(partitions: partitions, config: config)]
        ).map(\.description)
    }

    private let asWanted = ["cleanup.policy": "delete", "retention.ms": "-1", "segment.bytes": "1"]

    @Test func aMissingTopicIsCreated() throws {
        let ledger = try topic("s.ledger", role: "ledger", "config: {max.message.bytes: 8388608}")
        let single = try topic("s.one", partitions: 1, "replication: 3")
        let changes = TopicPlan.plan(wanted: [ledger, single], existing: [:])
        #expect(changes == [.create(ledger), .create(single)])
        #expect(
            changes.map(\.description) == [
                "+ create s.ledger: 12 partitions, the broker's replication, cleanup.policy delete, "
                    + "max.message.bytes 8388608, retention.ms -1",
                "+ create s.one: 1 partition, replication 3, cleanup.policy delete, retention.ms -1",
            ])
        #expect(changes.allSatisfy { $0.isDrift })
    }

    @Test func whatIsAsWantedIsNoDrift() throws {
        let ledger = try topic("s.ledger", role: "ledger")
        let changes = TopicPlan.plan(
            wanted: [ledger],
            existing: [
                "s.ledger": TopicPlan.Existing(partitions: 12, config: asWanted),
                "other": TopicPlan.Existing(partitions: 1, config: [:]),
            ])
        #expect(changes == [.unchanged(topic: "s.ledger")])
        #expect(changes.map(\.description) == ["= s.ledger"])
        #expect(!changes.contains { $0.isDrift })
    }

    @Test func partitionsAreAdded() throws {
        let source = try topic("source")
        #expect(lines(source, 6, asWanted) == ["~ source: partitions 6 -> 12"])
    }

    @Test(arguments: ["source", "control", "dead-letter"]) func partitionsAreNeverTakenAway(_ role: String) throws {
        let wanted = try topic("t", role: role, partitions: 6)
        #expect(
            lines(wanted, 12, asWanted) == ["! t: has 12 partitions, the file says 6: partitions cannot be taken away"])
    }

    @Test(arguments: [(6, "has 6 partitions"), (1, "has 1 partition"), (24, "has 24 partitions")])
    func aLedgerIsNeverRepartitioned(_ count: Int, _ has: String) throws {
        let ledger = try topic("s.ledger", role: "ledger")
        #expect(
            lines(ledger, count, asWanted)
                == ["! s.ledger: \(has), the file says 12: a ledger is never re-partitioned"])
        let facts = try topic("s.facts", role: "facts")
        #expect(
            lines(facts, count, asWanted)
                == ["! s.facts: \(has), the file says 12: a facts topic is never re-partitioned"])
    }

    @Test func anyTopicCanBeFixed() throws {
        let source = try topic("source", "repartition: never")
        #expect(
            lines(source, 6, asWanted)
                == ["! source: has 6 partitions, the file says 12: this topic is never re-partitioned"])
    }

    @Test func settingsOfTheFileAreCompared() throws {
        let source = try topic("source", "config: {max.message.bytes: 8, segment.ms: 5}")
        let existing = ["cleanup.policy": "delete", "retention.ms": "1", "max.message.bytes": "9", "flush.ms": "3"]
        #expect(
            lines(source, 12, existing)
                == ["~ source: max.message.bytes 9 -> 8, retention.ms 1 -> -1, segment.ms (unset) -> 5"])
    }

    @Test func partitionsComeBeforeSettings() throws {
        #expect(
            lines(try topic("source"), 6, ["cleanup.policy": "compact", "retention.ms": "-1"]) == [
                "~ source: partitions 6 -> 12", "~ source: cleanup.policy compact -> delete",
            ])
    }

    @Test func unknownSettingsAreSaidAndAreNoDrift() throws {
        let source = try topic("source")
        let unknown = "? the broker does not describe settings: of 1 topic they are not compared"
        #expect(lines(source, 12, nil) == ["= source", unknown])
        #expect(lines(source, 6, nil) == ["~ source: partitions 6 -> 12", unknown])
        #expect(!TopicChange.unknownSettings(topics: 1).isDrift)
    }

    @Test func onlyARefusalIsOne() throws {
        #expect(TopicChange.refuse(topic: "t", reason: "r").isRefusal)
        #expect(TopicChange.refuse(topic: "t", reason: "r").isDrift)
        #expect(!TopicChange.create(try topic("t")).isRefusal)
    }
}
