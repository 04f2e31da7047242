import ArgumentParser
import Kafka
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
        subcommands: [Plan.self, Apply.self, Check.self, TopicsAsyncAPICommand.self])

    struct Plan: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what apply would do.",
            discussion: """
                Examples:
                  standing topics plan --brokers kafka:9092
                """)
        @OptionGroup var cluster: ClusterOptions

        func run() throws {
            try withAdmin(cluster) { admin, definitions in
                for change in try admin.plan(definitions) { print(change) }
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
                  standing topics apply --brokers kafka:9092 --topics topics --topic-prefix staging.
                """)
        @OptionGroup var cluster: ClusterOptions

        func run() throws {
            try withAdmin(cluster) { admin, definitions in
                if try admin.apply(definitions, report: { print($0) }) == .refused { throw Exit.failed }
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

        func run() throws {
            try withAdmin(cluster) { admin, definitions in
                if try admin.check(definitions, report: { print($0) }) { throw Exit.failed }
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
