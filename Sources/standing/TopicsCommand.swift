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
        JSONWriter.object { object in
            switch self {
            case .create(let topic):
                object.member("change", "create")
                object.member("topic", topic.name)
                object.member("partitions", topic.partitions)
                let isBrokers = topic.replication == TopicDefinition.brokersReplication
                object.member("replication", isBrokers ? nil : topic.replication)
                let settings = topic.settings.sorted { $0.key < $1.key }
                Self.write(settings.map { Setting(name: $0, old: nil, new: $1) }, to: &object)
            case .addPartitions(let topic, let from, let to):
                object.member("change", "partitions")
                object.member("topic", topic)
                object.member("from", from)
                object.member("to", to)
            case .setConfig(let topic, let settings):
                object.member("change", "settings")
                object.member("topic", topic)
                Self.write(settings, to: &object)
            case .refuse(let topic, let reason):
                object.member("change", "refused")
                object.member("topic", topic)
                object.member("reason", reason)
            case .unknownSettings(let topics):
                object.member("change", "unknown")
                object.member("topics", topics)
            case .unchanged(let topic):
                object.member("change", "none")
                object.member("topic", topic)
            }
        }
    }

    private static func write(_ settings: [Setting], to object: inout JSONWriter) {
        object.list("settings", settings) { writer, setting in
            writer.open()
            writer.member("name", setting.name)
            writer.member("old", setting.old)
            writer.member("new", setting.new)
            writer.close()
        }
    }
}
