public import ArgumentParser

/// The source of settings that neither a flag nor the environment gives.
public struct ConfigurationOptions: ParsableArguments, Sendable {
    @Option(help: "Configuration file, YAML. Default: none.", completion: .file(extensions: ["yaml", "yml"]))
    public var config: String?

    public init() {}
}

/// Options of every command that connects to a cluster. A flag has precedence over the environment
/// (`STANDING_BROKERS`), and that over the configuration file (`brokers:`).
public struct ClusterOptions: ParsableArguments, Sendable {
    @Option(help: Setting.help("brokers"))
    public var brokers: String?

    @Option(help: Setting.help("kafka"))
    public var kafka: [String] = []

    @Option(help: Setting.help("topics"), completion: .directory)
    public var topics: String?

    @Option(help: Setting.help("topic-prefix"))
    public var topicPrefix: String?

    @OptionGroup public var file: ConfigurationOptions

    public var config: String? { file.config }

    public init() {}

    /// The first of these flags that was given; nil if none was.
    public var givenFlag: String? {
        let flags = [
            ("--brokers", brokers != nil), ("--kafka", !kafka.isEmpty), ("--topics", topics != nil),
            ("--topic-prefix", topicPrefix != nil), ("--config", config != nil),
        ]
        return flags.first(where: \.1)?.0
    }
}
