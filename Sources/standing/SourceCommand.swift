import ArgumentParser
import Events
import Feeding
import Foundation
import Kafka
import Options
import Pipeline
import Terminal

struct SourceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "source",
        abstract:
            "Sources: what they declare; bring one in, take one back; tell intake what happened to one.",
        discussion: """
            Examples:
              standing source list --brokers kafka:9092
              standing source check map.yaml --sample records.jsonl
              standing source import payments.csv --map map.yaml
              standing source withdraw behaviour.commerce --what-if --archive /var/lib/standing
              standing source restore behaviour.commerce --reason 'a new contract' --brokers kafka:9092
              standing source reset behaviour.payments --brokers kafka:9092
            """,
        subcommands: [
            SourceListCommand.self, SourceCheckCommand.self, SourceImportCommand.self, SourceWithdrawCommand.self,
            SourceRestoreCommand.self, SourceResetCommand.self, SourceAcknowledgeCommand.self,
        ])
}

struct SourceResetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "A source topic was made anew: read it from its beginning.",
        discussion: """
            Appends `standing.source.reset` to every ledger partition, so that the topic's offsets count from 0 again, and \
            sets intake's group to the topic's beginning. Stop every intake first. An event that was read from the old topic \
            and is in the new one too is known by its source and id, and counts once. It moves no clock.

            Examples:
              standing source reset behaviour.payments --brokers kafka:9092
            """)

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: "The source topic.", completion: .sourceTopics)
    var topic: String

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(cluster, &settings)
        let topic = cluster.sourceTopic(topic) ?? topic
        do {
            try SourceReset(try cluster.pipeline(policy: nil)).run(topic, id: UUID().uuidString.lowercased())
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        } catch let error as PipelineError {
            throw fail("error: \(error)")
        }
        printMessage("\(topic) is read from its beginning when intake starts")
    }
}

struct SourceAcknowledgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acknowledge",
        abstract: "Records of a source topic were lost, and somebody has looked at it: let it impose sanctions again.",
        discussion: """
            Where records expire before they are read, intake appends `standing.source.gap` to the ledger, and no event of the \
            topic imposes a sanction or restarts a term: what is missing may be what would have prevented it. Points go on. \
            This sends `standing.source.acknowledged` to the control topic and prints its id. What was not imposed meanwhile is \
            not made up for. The metric standing_source_frozen says which topics wait for it.

            Examples:
              standing source acknowledge behaviour.payments --reason 'two hours lost'
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var time: OperatorTimeOptions
    @OptionGroup var key: ControlKeyOptions
    @Argument(help: "The source topic.", completion: .sourceTopics)
    var topic: String
    @Option(help: "What was found; it stays in the ledger.")
    var reason: String

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(cluster, &settings)
        guard let topic = cluster.sourceTopic(topic) else {
            throw fail("error: \(topic): no source topic of this name", Exit.usage)
        }
        let data = JSONWriter.object {
            $0.member("topic", topic)
            $0.member("reason", reason)
        }
        let signer = try key.signer(&settings)
        let id = try ControlTopic(cluster: cluster, signer: signer).send(.sourceAcknowledged, data: data) {
            try time.stamp(cluster, &settings)
        }
        print(id)
    }
}
