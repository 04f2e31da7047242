import ArgumentParser
import Downstream
import Options
import Pipeline
import Terminal
import Topics

struct TopicsAsyncAPICommand: ParsableCommand {
    enum Output: String, ExpressibleByArgument, CaseIterable { case yaml, json }

    static let configuration = CommandConfiguration(
        commandName: "asyncapi",
        abstract: "Print the AsyncAPI document of all topics, for those who write a source or read the facts.",
        discussion: """
            AsyncAPI 3.0.0: a channel a topic with its partitions, retention and key, the messages with their JSON Schemas, what \
            Standing receives and sends, and the rule of the sequence numbers of facts. Of the program's own topics, or of \
            --topics DIR; no cluster is asked. The same topics give the same document, byte for byte.

            Examples:
              standing topics asyncapi > asyncapi.yaml
              standing topics asyncapi --output json
              standing topics asyncapi --topics topics --topic-prefix staging.
            """)

    @Option(help: Setting.help("topics"), completion: .directory)
    var topics: String?
    @Option(help: Setting.help("topic-prefix"))
    var topicPrefix: String?
    @OptionGroup var file: ConfigurationOptions
    @Option(help: "yaml or json.")
    var output = Output.yaml

    func run() throws {
        var settings = try Settings(config: file.config)
        let (prefix, definitions) = try Cluster.topics(topics, prefix: topicPrefix, &settings)
        let folder = try settings.text("topics", flag: topics)
        let ours = PipelineConfiguration.self
        let groups = AsyncAPIDocument.Groups(
            intake: prefix + ours.standardIntakeGroup, fold: prefix + ours.standardFoldGroup,
            perks: prefix + DownstreamService.Kind.perks.defaultGroup,
            blacklist: prefix + DownstreamService.Kind.blacklist.defaultGroup)
        do {
            let document = try AsyncAPIDocument(definitions, topicPrefix: prefix, groups: groups) {
                file throws(TopicFileError) in try TopicDefinition.schema(file, directory: folder)
            }
            print(output == .yaml ? document.yaml : document.json, terminator: "")
        } catch {
            throw fail("\(error)")
        }
    }
}
