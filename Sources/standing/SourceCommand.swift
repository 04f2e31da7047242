import ArgumentParser
import Foundation
import Kafka
import Pipeline

struct SourceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "source", abstract: "Tell intake what happened to a source topic.",
        subcommands: [SourceResetCommand.self])
}

struct SourceResetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "A source topic was made anew: read it from its beginning.",
        discussion: """
            Appends `standing.source.reset` to every ledger partition, so that the topic's offsets count from 0 again, and \
            sets intake's group to the topic's beginning. Stop every intake first. An event that was read from the old topic \
            and is in the new one too is known by its source and id, and counts once.
            """)

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: "The source topic.")
    var topic: String

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(cluster, &settings)
        do {
            try SourceReset(try cluster.pipeline(policy: nil)).run(topic, id: UUID().uuidString.lowercased())
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        } catch let error as PipelineError {
            throw fail("error: \(error)")
        }
        say("\(topic) is read from its beginning when intake starts")
    }
}
