internal import Foundation
public import Kafka
internal import Terminal
public import Topics

/// A cluster and the topics on it, resolved.
public struct Cluster: Sendable {
    public var kafka: KafkaConfiguration
    public var definitions: [TopicDefinition]
    public var prefix: String
    public var isEmbedded: Bool

    private static let embedded = "embedded"

    /// `mayEmbed`: whether the command starts an embedded broker if the settings ask for it. No other command can
    /// connect to one under that name.
    public init(
        _ options: ClusterOptions, _ settings: inout Settings, defaultBrokers: String? = nil, mayEmbed: Bool = false
    ) throws {
        guard let (brokers, origin) = settings.value("brokers", flag: options.brokers, default: defaultBrokers) else {
            throw fail(
                "error: no brokers: give --brokers HOST:PORT, STANDING_BROKERS or brokers: in --config", Exit.usage)
        }
        guard !brokers.isEmpty else { throw fail("brokers (\(origin.text)): error: the value is empty", Exit.usage) }
        isEmbedded = brokers == Self.embedded
        guard mayEmbed || !isEmbedded else {
            throw fail(
                "brokers (\(origin.text)): error: an embedded broker lives in another process: start one with `standing broker "
                    + "--port PORT`, and give --brokers 127.0.0.1:PORT", Exit.usage)
        }
        (prefix, definitions) = try Self.topics(options.topics, prefix: options.topicPrefix, &settings)
        kafka = KafkaConfiguration(
            brokers: brokers, properties: try settings.kafkaProperties(flags: options.kafka))
        kafka.patience.onWait = { printMessage("\($0)") }
    }

    /// The names of topics, which need no cluster. The arguments are the flags.
    public static func topics(_ folder: String?, prefix: String?, _ settings: inout Settings) throws -> (
        prefix: String, definitions: [TopicDefinition]
    ) {
        let prefix = try settings.parse(
            "topic-prefix", flag: prefix,
            expected: "what a topic's name may begin with: letters, digits, '.', '_' and '-'"
        ) { $0.wholeMatch(of: /[A-Za-z0-9._-]*/) == nil ? nil : $0 }
        let folder = try settings.text("topics", flag: folder)
        do {
            return (prefix, try folder.map { try TopicDefinition.load(directory: $0) } ?? TopicDefinition.builtIn())
        } catch {
            throw fail("\(error)")
        }
    }

    /// The name of the ledger topic, which needs no cluster.
    public static func ledgerTopic(_ options: ClusterOptions, _ settings: inout Settings) throws -> String {
        let (prefix, definitions) = try topics(options.topics, prefix: options.topicPrefix, &settings)
        return prefix + (definitions.first { $0.role == .ledger }?.name ?? "")
    }

    /// Names with the prefix, in the order of the files.
    public func names(_ role: TopicDefinition.Role) -> [String] {
        definitions.filter { $0.role == role }.map { prefix + $0.name }
    }

    /// The name of a source topic or the control topic, given with or without the prefix; nil if there is none.
    public func sourceTopic(_ name: String) -> String? {
        (names(.control) + names(.source)).first { $0 == name || $0 == prefix + name }
    }

    /// Replaces the numbers of partitions of the topic files: of the control topic, of the ledger, and of the fact
    /// topics, which are equal.
    public mutating func setPartitions(_ count: Int) {
        for index in definitions.indices where [.control, .ledger, .facts].contains(definitions[index].role) {
            definitions[index].partitions = count
        }
    }

    /// Starts the embedded broker, with every topic on it, if the settings ask for it; nil otherwise.
    public mutating func startEmbedded() throws -> EmbeddedBroker? {
        guard isEmbedded else { return nil }
        let broker = try EmbeddedBroker()
        try TopicAdmin.create(definitions, on: broker, topicPrefix: prefix)
        kafka.brokers = broker.bootstrap
        kafka.fetchWaitMilliseconds = EmbeddedBroker.fetchWaitMilliseconds
        return broker
    }
}
