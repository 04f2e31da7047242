import Kafka
import Testing
import Topics

@Suite struct AccessPlanTests {
    private static let groups = AccessGroups(
        intake: "x.standing-intake", fold: "x.standing-fold", perks: "x.standing-perks",
        blacklist: "x.standing-blacklist", readers: "standing-no-group")
    private let plan: AccessPlan

    init() throws { plan = AccessPlan(try TopicDefinition.builtIn(), topicPrefix: "x.", groups: Self.groups) }

    private func texts(_ role: AccessRole) -> [String] { plan.rights(of: role).map(\.description) }

    @Test func aDownstreamServiceReadsOneTopicInOneGroup() {
        #expect(texts(.perks) == ["Read on group x.standing-perks", "Read on topic x.standing.perks"])
        #expect(texts(.blacklist) == ["Read on group x.standing-blacklist", "Read on topic x.standing.sanctions"])
    }

    @Test func aSourceWritesAndAConsumerReads() {
        #expect(
            texts(.source)
                == ["commerce", "community", "payments", "transport"].map { "Write on topic x.behaviour.\($0)" }
        )
        #expect(
            texts(.consumer) == [
                "Describe on group standing-no-group", "Read on topic x.standing.perks",
                "Read on topic x.standing.sanctions", "Read on topic x.standing.score-changes",
            ])
    }

    /// Nobody but fold writes facts; nobody who reads events for the ledger may write them.
    @Test func theEnginesRightsAreApart() {
        let (intake, fold) = (plan.rights(of: .intake), plan.rights(of: .fold))
        #expect(!intake.contains(AccessRight(.topic, "x.standing.perks", .write)))
        #expect(fold.contains(AccessRight(.topic, "x.standing.perks", .write)))
        #expect(fold.contains(AccessRight(.topic, "x.standing.ledger", .write)))
        #expect(fold.contains(AccessRight(.topic, "x.standing.control", .describe)))
        #expect(!fold.contains(AccessRight(.topic, "x.standing.control", .read)))
        #expect(intake.contains(AccessRight(.topic, "x.behaviour.dead-letter", .write)))
        // A member that folds nothing announces itself too, and signs the end of the audit.
        #expect(intake.contains(AccessRight(.topic, "x.standing.checkpoints", .write)))
        #expect(intake.contains(AccessRight(.topic, "x.standing.members", .write)))
        #expect(
            !intake.contains {
                $0.name.hasPrefix("x.behaviour") && $0.operation == .write && !$0.name.hasSuffix("letter")
            })
        let writers = AccessRole.allCases.filter {
            plan.rights(of: $0).contains(AccessRight(.topic, "x.standing.perks", .write))
        }
        #expect(writers == [.serve, .fold])
    }

    /// A member writes the topics that decide who is scored only where it is to do acts.
    @Test func whoDoesActsWritesTheControlTopic() {
        let writers = AccessRole.allCases.filter {
            plan.rights(of: $0).contains(AccessRight(.topic, "x.standing.control", .write))
        }
        #expect(writers == [.acts, .tools])
        let ofAudit = AccessRole.allCases.filter {
            plan.rights(of: $0).contains(AccessRight(.topic, "x.standing.audit", .write))
        }
        #expect(ofAudit == [.serve, .acts, .intake, .fold])
        #expect(!plan.rights(of: .acts).contains(AccessRight(.topic, "x.standing.ledger", .write)))
    }

    @Test func whatAnotherRightBringsIsLeftOut() {
        // Intake may only describe the fact topics, and serve reads them: describing comes with reading.
        #expect(texts(.intake).contains("Describe on topic x.standing.perks"))
        #expect(!texts(.serve).contains("Describe on topic x.standing.perks"))
        #expect(texts(.serve).contains("Read on topic x.standing.perks"))
        #expect(!texts(.apply).contains { $0.hasPrefix("Describe") })
    }

    @Test func everyTopicIsInSomeRoleThatWritesOrMakesIt() throws {
        for topic in try TopicDefinition.builtIn() {
            #expect(plan.rights(of: .apply).contains(AccessRight(.topic, "x." + topic.name, .create)), "\(topic.name)")
            let readers = AccessRole.allCases.filter {
                plan.rights(of: $0).contains(AccessRight(.topic, "x." + topic.name, .read))
            }
            #expect(!readers.isEmpty, "\(topic.name)")
        }
    }

    @Test func lagMayLookAtEveryGroup() throws {
        let all = AccessPlan(try TopicDefinition.builtIn(), groups: Self.groups, coversEveryGroup: true)
        #expect(
            all.rights(of: .lag).map(\.description) == [
                "Describe on group *", "DescribeConfigs on topic *", "Read on topic *",
            ])
        #expect(all.rights(of: .perks).count == 2)
    }

    @Test func oneCommandGivesTheSameRightsOnSeveralTopics() {
        let rights = [
            AccessRight(.topic, "b", .read), AccessRight(.topic, "a", .read), AccessRight(.topic, "l", .read),
            AccessRight(.topic, "l", .write), AccessRight(.cluster, AccessRight.clusterName, .describe),
            AccessRight(.group, "*", .describe),
        ]
        let head = "kafka-acls.sh --bootstrap-server H:1 --command-config admin.properties --add --allow-principal "
        #expect(
            AccessPlan.commands(rights, to: "User:CN=it's", bootstrap: "H:1") == [
                head + #"'User:CN=it'\''s' --operation Describe --cluster"#,
                head + #"'User:CN=it'\''s' --operation Describe --group '*'"#,
                head + #"'User:CN=it'\''s' --operation Read --topic a --topic b"#,
                head + #"'User:CN=it'\''s' --operation Read --operation Write --topic l"#,
            ])
    }

    private func entry(
        _ operation: String, _ name: String, resource: String = "TOPIC", isPrefix: Bool = false,
        principal: String = "User:a", allows: Bool = true
    ) -> AccessEntry {
        AccessEntry(
            resource: resource, name: name, isPrefix: isPrefix, principal: principal, operation: operation,
            allows: allows)
    }

    @Test func anEntryGivesWhatItNames() {
        let describe = AccessRight(.topic, "standing.ledger", .describe)
        let cases: [(entries: [AccessEntry], has: Bool)] = [
            ([], false),
            ([entry("DESCRIBE", "standing.ledger")], true),
            // These bring the right to describe with them.
            ([entry("READ", "standing.ledger")], true),
            ([entry("WRITE", "standing.ledger")], true),
            ([entry("ALTER", "standing.ledger")], true),
            ([entry("ALL", "standing.ledger")], true),
            ([entry("CREATE", "standing.ledger")], false),
            ([entry("DESCRIBE_CONFIGS", "standing.ledger")], false),
            ([entry("READ", "standing.", isPrefix: true)], true),
            ([entry("READ", "standing.")], false),
            ([entry("READ", "*")], true),
            ([entry("READ", "standing.ledger", resource: "GROUP")], false),
            ([entry("READ", "standing.ledger", principal: "User:b")], false),
            ([entry("READ", "standing.ledger", principal: "User:*")], true),
            // Who denies wins, also over a wider entry; to deny reading denies no describing.
            ([entry("ALL", "*"), entry("DESCRIBE", "standing.ledger", allows: false)], false),
            ([entry("ALL", "*"), entry("ALL", "standing.", isPrefix: true, allows: false)], false),
            ([entry("ALL", "*"), entry("READ", "standing.ledger", allows: false)], true),
        ]
        for (number, (entries, has)) in cases.enumerated() {
            let missing = AccessEntry.missing([describe], of: "User:a", in: entries)
            #expect(missing == (has ? [] : [describe]), "case \(number)")
        }
        let cluster = AccessRight(.cluster, AccessRight.clusterName, .describeConfigs)
        let broker = entry("DESCRIBE_CONFIGS", AccessRight.clusterName, resource: "BROKER")
        #expect(AccessEntry.missing([cluster], of: "User:a", in: [broker]).isEmpty)
        #expect(
            AccessEntry.missing([cluster], of: "User:a", in: [entry("ALTER_CONFIGS", "*", resource: "BROKER")]).isEmpty)
    }
}
