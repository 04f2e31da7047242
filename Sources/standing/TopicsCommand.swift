import ArgumentParser
import Events
import Kafka
import Options
import Terminal
import Topics

struct TopicsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topics",
        abstract: "Compare the topic files with a cluster, or bring the cluster in line.",
        discussion: """
            Examples:
              standing topics plan --brokers kafka:9092
              standing topics apply --brokers kafka:9092
            """,
        subcommands: [Plan.self, Apply.self, Check.self, TopicsAclsCommand.self, TopicsAsyncAPICommand.self])

    struct Plan: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what apply would do.",
            discussion: """
                Examples:
                  standing topics plan --brokers kafka:9092
                """)
        @OptionGroup var cluster: ClusterOptions
        @Option(help: "text or json, a line each.")
        var output = TableFormat.text

        func run() throws {
            try withAdmin(cluster) { admin, definitions in
                for change in try admin.plan(definitions) { change.print(output) }
            }
        }
    }

    struct Apply: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Create what is missing and mend settings; refuses to shrink any topic or re-partition the ledger.",
            discussion: """
                Examples:
                  standing topics apply --brokers kafka:9092
                  standing topics apply --brokers kafka:9092 --topic-prefix staging.
                """)
        @OptionGroup var cluster: ClusterOptions
        @Option(help: "text or json, a line each.")
        var output = TableFormat.text

        func run() throws {
            try withAdmin(cluster) { admin, definitions in
                if try admin.apply(definitions, report: { $0.print(output) }) == .refused { throw Exit.failed }
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Exit 1 if the cluster differs from the topic files.",
            discussion: """
                Examples:
                  standing topics check --brokers kafka:9092
                """)
        @OptionGroup var cluster: ClusterOptions
        @Option(help: "text or json, a line each.")
        var output = TableFormat.text

        func run() throws {
            try withAdmin(cluster) { admin, definitions in
                if try admin.check(definitions, report: { $0.print(output) }) { throw Exit.failed }
            }
        }
    }
}

private func withAdmin(
    _ options: ClusterOptions, _ body: (TopicAdmin, [TopicDefinition]) throws -> Void
) throws {
    var settings = try Settings(config: options.config)
    let cluster = try Cluster(options, &settings)
    do {
        try body(TopicAdmin(try Admin(cluster.kafka), topicPrefix: cluster.prefix), cluster.definitions)
    } catch let error as KafkaError {
        throw fail("error: \(cluster.kafka.brokers): \(error)")
    }
}

extension TopicChange {
    fileprivate func print(_ output: TableFormat) { Swift.print(output == .text ? description : json) }

    /// `{"change","topic"}`, and by the kind of change: `partitions`, `replication` (null for the broker's default) and
    /// `settings` of a new topic; `from` and `to` in partitions; `settings` (`old` is null if the broker does not
    /// describe it); or `reason`. For settings that the broker does not describe, `topics` is the number of their
    /// topics.
    fileprivate var json: String {
        var object = JSONObjectText()
        switch self {
        case .create(let topic):
            object.add("change", "create")
            object.add("topic", topic.name)
            object.add("partitions", Int64(topic.partitions))
            let isBrokers = topic.replication == TopicDefinition.brokersReplication
            object.add("replication", json: isBrokers ? "null" : "\(topic.replication)")
            object.add(
                "settings",
                json: Self.settings(
                    topic.settings.sorted { $0.key < $1.key }.map { Setting(name: $0, old: nil, new: $1) }))
        case .addPartitions(let topic, let from, let to):
            object.add("change", "partitions")
            object.add("topic", topic)
            object.add("from", Int64(from))
            object.add("to", Int64(to))
        case .setConfig(let topic, let settings):
            object.add("change", "settings")
            object.add("topic", topic)
            object.add("settings", json: Self.settings(settings))
        case .refuse(let topic, let reason):
            object.add("change", "refused")
            object.add("topic", topic)
            object.add("reason", reason)
        case .unknownSettings(let topics):
            object.add("change", "unknown")
            object.add("topics", Int64(topics))
        case .unchanged(let topic):
            object.add("change", "none")
            object.add("topic", topic)
        }
        return object.text
    }

    private static func settings(_ settings: [Setting]) -> String {
        let objects = settings.map { setting in
            var object = JSONObjectText()
            object.add("name", setting.name)
            if let old = setting.old { object.add("old", old) } else { object.add("old", json: "null") }
            object.add("new", setting.new)
            return object.text
        }
        return "[\(objects.joined(separator: ","))]"
    }
}
