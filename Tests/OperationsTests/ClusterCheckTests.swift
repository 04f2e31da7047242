import Kafka
import Operations
import Testing
import Topics

@Suite struct ClusterCheckTests {
    private let definitions: [TopicDefinition]

    init() throws { definitions = try TopicDefinition.builtIn() }

    private func topic(
        _ name: String, replicas: Int? = 3, inSync: Int? = nil, leaderless: [Int32] = [],
        _ settings: [String: String]? = ["min.insync.replicas": "2"]
    ) throws -> ClusterCheck.Topic {
        let wanted = try #require(definitions.first { $0.name == name })
        let found = Metadata.Topic(
            name: name, partitions: wanted.partitions, leaderless: leaderless, replicas: replicas,
            inSync: inSync ?? replicas)
        return ClusterCheck.Topic(wanted: wanted, found: found, settings: settings)
    }

    /// Whatever is not well has a mend.
    private func codes(_ findings: [Finding]) -> [String] {
        for finding in findings where ![.ok, .note].contains(finding.severity) {
            #expect(finding.remedy != nil, "\(finding.code): \(finding.message)")
        }
        return findings.map { "\($0.severity.rawValue) \($0.code)" }
    }

    @Test func durability() throws {
        let ledger = "standing.ledger"
        let source = "behaviour.payments"
        let cases: [(topic: ClusterCheck.Topic, brokers: Int, codes: [String])] = [
            (try topic(ledger), 3, ["ok ok"]),
            (try topic(ledger, leaderless: [4]), 3, ["error no-leader"]),
            (try topic(ledger, inSync: 2), 3, ["warning under-replicated"]),
            (try topic(ledger, replicas: 1, [:]), 1, ["warning one-replica"]),
            (try topic(ledger, replicas: 1, [:]), 2, ["error one-replica"]),
            // A source's records are in the ledger soon.
            (try topic(source, replicas: 1, [:]), 3, ["ok ok"]),
            (try topic(ledger, ["min.insync.replicas": "1"]), 3, ["warning min-isr-low"]),
            (try topic(source, ["min.insync.replicas": "1"]), 3, ["ok ok"]),
            (try topic(ledger, ["min.insync.replicas": "3"]), 3, ["warning min-isr-high"]),
            // Nothing can be written.
            (try topic(ledger, inSync: 1), 3, ["error min-isr-unmet"]),
            (try topic(ledger, inSync: 2, ["min.insync.replicas": "3"]), 3, ["error min-isr-unmet"]),
            (try topic(ledger, replicas: 1), 1, ["error min-isr-unmet", "warning one-replica"]),
            (try topic(source, replicas: 1), 1, ["error min-isr-unmet"]),
            (try topic(source, replicas: 2), 3, ["warning min-isr-high"]),
            (
                try topic(ledger, ["min.insync.replicas": "2", "unclean.leader.election.enable": "true"]), 3,
                ["error unclean-election"]
            ),
            (
                try topic(source, ["min.insync.replicas": "2", "unclean.leader.election.enable": "true"]), 3,
                ["warning unclean-election"]
            ),
            // What is known counts, and what is not known is reported beside it.
            (try topic(ledger, nil), 3, ["unchecked unchecked"]),
            (try topic(ledger, replicas: 1, nil), 2, ["error one-replica", "unchecked unchecked"]),
        ]
        for (number, (topic, brokers, expected)) in cases.enumerated() {
            #expect(codes(ClusterCheck.durability([topic], brokers: brokers)) == expected, "case \(number)")
        }
        let alike = try [topic(ledger, replicas: 1, [:]), topic("standing.control", replicas: 1, [:])]
        let shared = ClusterCheck.durability(alike, brokers: 1)
        #expect(shared.map(\.message) == ["standing.ledger, standing.control: one disk has all that there is of it"])
        let missing = ClusterCheck.Topic(wanted: try topic(ledger).wanted, found: nil, settings: nil)
        #expect(codes(ClusterCheck.durability([missing], brokers: 3)) == ["unchecked unchecked"])
        #expect(codes(ClusterCheck.sizes([missing], frame: 1, batch: 1)) == ["unchecked unchecked"])
    }

    @Test func sizes() throws {
        func sizes(ledger: String?, letters: String = "8388608", source: String = "1048588") throws -> [String] {
            func setting(_ value: String?) -> [String: String]? { value.map { ["max.message.bytes": $0] } }
            let topics = [
                try topic("standing.ledger", setting(ledger)), try topic("behaviour.dead-letter", setting(letters)),
                try topic("behaviour.payments", setting(source)),
            ]
            return codes(ClusterCheck.sizes(topics, frame: 524_288, batch: 1_000_000))
        }
        #expect(try sizes(ledger: "8388608") == ["ok ok"])
        #expect(try sizes(ledger: "1000000") == ["ok ok"])
        #expect(try sizes(ledger: "999999") == ["error frames-too-large"])
        #expect(try sizes(ledger: "8388608", source: "8388609") == ["warning dead-letters-small"])
        #expect(try sizes(ledger: nil) == ["unchecked unchecked"])
    }

    @Test func offsetsOutliveTheLongestStop() throws {
        let day = 86_400_000
        let source = try topic("behaviour.payments", ["retention.ms": "\(14 * day)"])
        let forever = try topic("standing.control", ["retention.ms": "-1"])
        func offsets(_ minutes: Int64?, stop: Duration = .seconds(3 * 86_400)) -> [Finding] {
            ClusterCheck.offsetsRetention(minutes: minutes, sources: [source, forever], longestStop: stop)
        }
        #expect(codes(offsets(14 * 1440)) == ["ok ok"])
        // Kafka's own default, 7 days.
        #expect(codes(offsets(10_080)) == ["warning offsets-shorter-than-sources"])
        #expect(codes(offsets(2 * 1440)) == ["error offsets-expire"])
        #expect(offsets(2 * 1440).first?.remedy?.contains("at least 4320") == true)
        #expect(codes(offsets(nil)) == ["unchecked unchecked"])
    }

    @Test func retentionAgainstLag() {
        func used(_ share: Double?, lost: Int64? = nil) -> [String] {
            codes(ClusterCheck.retention([.init(topic: "t", group: "g", share: share, lost: lost)]))
        }
        #expect(used(0.49) == ["ok ok"])
        #expect(used(0.5) == ["warning retention-used"])
        #expect(used(0.8) == ["error retention-used"])
        #expect(used(0.1, lost: 3) == ["error expired"])
        #expect(used(1e300) == ["error retention-used"])
        // What is unknown is no 0, of one topic among others as well.
        #expect(used(nil) == ["unchecked unchecked"])
        #expect(codes(ClusterCheck.retention([])) == ["unchecked unchecked"])
        let both = ClusterCheck.retention([
            .init(topic: "t", group: "g", share: 0.1, lost: nil), .init(topic: "u", group: "g", share: nil, lost: nil),
        ])
        #expect(codes(both) == ["unchecked unchecked"] && both[0].message.contains("how far u is read"))
    }

    @Test func topicsAsDeclared() throws {
        let wanted = try #require(definitions.first { $0.name == "standing.ledger" })
        func topics(_ existing: [String: TopicPlan.Existing]) -> [String] {
            codes(ClusterCheck.topics(TopicPlan.plan(wanted: [wanted], existing: existing)))
        }
        #expect(topics([:]) == ["error topic-missing"])
        // A ledger that was there must not be replaced by an empty one while members run.
        let missing = ClusterCheck.topics(TopicPlan.plan(wanted: definitions, existing: [:]))
        #expect(
            missing.filter { $0.remedy?.contains("ledger import") == true }.map(\.message) == [
                "standing.ledger is not there, or this user may not see it"
            ])
        #expect(topics([wanted.name: .init(partitions: 12, config: wanted.settings)]) == ["ok ok"])
        #expect(topics([wanted.name: .init(partitions: 6, config: wanted.settings)]) == ["error topic-partitions"])
        #expect(
            topics([wanted.name: .init(partitions: 12, config: ["cleanup.policy": "delete"])]) == [
                "warning topic-drift"
            ])
        #expect(topics([wanted.name: .init(partitions: 12, config: nil)]).contains("unchecked unchecked"))
        let fewer = [wanted.name: TopicPlan.Existing(partitions: 6, config: wanted.settings)]
        let refused = ClusterCheck.topics(TopicPlan.plan(wanted: [wanted], existing: fewer))
        #expect(refused.first?.message.hasPrefix("standing.ledger: has 6 partitions") == true)
    }

    @Test func aMissingRightComesWithTheCommandThatGivesIt() {
        let rights = [AccessRight(.topic, "standing.perks", .read), AccessRight(.group, "standing-perks", .read)]
        let entry = AccessEntry(
            resource: "TOPIC", name: "standing.", isPrefix: true, principal: "User:p", operation: "READ", allows: true)
        let findings = ClusterCheck.access(.perks, "User:p", rights, in: [entry], bootstrap: "H:1")
        #expect(codes(findings) == ["error right-missing"])
        #expect(findings.first?.message == "User:p (perks) lacks Read on group standing-perks")
        #expect(
            findings.first?.remedy
                == "kafka-acls.sh --bootstrap-server H:1 --command-config admin.properties --add --allow-principal User:p "
                + "--operation Read --group standing-perks")
    }

    /// An empty answer is no proof of anything, unless the brokers say that they control no access.
    @Test func noEntriesAreNoAnswer() {
        #expect(codes([ClusterCheck.accessWithoutEntries(authorizer: nil)]) == ["unchecked unchecked"])
        #expect(codes([ClusterCheck.accessWithoutEntries(authorizer: "a.B")]) == ["unchecked unchecked"])
        #expect(codes([ClusterCheck.accessWithoutEntries(authorizer: "")]) == ["warning no-access-control"])
    }

    @Test func whatCallsShowAndWhatTheyDoNot() {
        let (read, write) = (AccessRight(.topic, "t", .read), AccessRight(.topic, "t", .write))
        func probed(_ proven: Set<AccessRight>, _ refused: Set<AccessRight>) -> [String] {
            codes(ClusterCheck.probed(.fold, [read, write], proven: proven, refused: refused))
        }
        #expect(probed([read, write], []) == ["ok ok"])
        #expect(probed([read], []) == ["unchecked unchecked", "ok ok"])
        #expect(probed([], [read]) == ["error right-missing", "unchecked unchecked"])
    }

    @Test func aReportIsWrongByItsErrorsAlone() {
        let warning = Finding("disk", .warning, "disk-short", "short", remedy: "make room")
        let report = FindingReport([.ok("a", "fine"), warning, .unchecked("b", why: "no answer")])
        #expect(!report.isWrong)
        #expect(FindingReport([Finding("a", .error, "e", "bad")]).isWrong)
        #expect(report.text.hasSuffix("\n0 error, 1 warning, 1 unchecked, 0 note, 1 ok\n"))
        #expect(report.text.contains("-> make room"))
        #expect(
            report.json
                == #"{"ok":true,"findings":[{"check":"a","severity":"ok","code":"ok","message":"fine","mend":null},"#
                + #"{"check":"disk","severity":"warning","code":"disk-short","message":"short","mend":"make room"},"#
                + #"{"check":"b","severity":"unchecked","code":"unchecked","message":"could not be checked: no answer","mend":null}]}"#
        )
    }
}
