import ArgumentParser
import Foundation
import Kafka
import Policy
import Topics

/// Options of every command that talks to a cluster. A flag wins over the environment (`STANDING_BROKERS`), and that
/// over the configuration file (`brokers:`).
struct ClusterOptions: ParsableArguments {
    @Option(help: "HOST:PORT[,HOST:PORT…] of the Kafka brokers, or \"embedded\" where a command offers it.")
    var brokers: String?

    @Option(
        help:
            "A librdkafka property, NAME=VALUE; may be repeated (SASL, TLS, tuning). Secrets belong in the configuration file or the environment."
    )
    var kafka: [String] = []

    @Option(help: "Folder of topic files. Default: topics.")
    var topics: String?

    @Option(help: "Put before the name of every topic and group, so that several ledgers share a cluster.")
    var topicPrefix: String?

    @Option(help: "Configuration file, YAML. Default: none.")
    var config: String?
}

/// The settings of one command, each with where it came from. Precedence: flag, environment, file, default.
struct Settings {
    struct Origin: Equatable {
        let text: String
        static let flag = Origin(text: "flag")
        static let environment = Origin(text: "environment")
        static let standard = Origin(text: "default")
    }

    /// Every setting that a file or the environment may give.
    static let known = [
        "brokers", "kafka", "topics", "topic-prefix", "roles", "policy", "http-host", "http-port", "clock",
        "tick-interval", "allowed-skew", "log-level", "log-format", "data", "snapshot-interval", "signing-key",
        "trusted-keys", "member", "standby", "static-member", "advertise",
    ]

    private var file: [String: (value: String, place: String)] = [:]
    private var fileKafka: [String: (value: String, place: String)] = [:]
    private let environment: [String: String]
    private(set) var shown: [(name: String, value: String, origin: String)] = []

    /// Reads the configuration file; ends the command with every mistake in it.
    init(config path: String?, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        self.environment = environment
        guard let path = path ?? environment["STANDING_CONFIG"] else { return }
        guard let bytes = FileManager.default.contents(atPath: path),
            let text = String(validating: bytes, as: UTF8.self)
        else { throw fail("\(path): error: cannot be read", Exit.usage) }
        let reader = YAMLReader(text)
        if let root = reader.root, let mapping = reader.mapping(root, what: "the configuration", known: Self.known) {
            for (name, _, value) in mapping.names {
                if name == "kafka" {
                    guard let properties = reader.mapping(value, what: "kafka", known: nil) else { continue }
                    for item in properties.names {
                        guard let text = reader.string(item.value, what: item.name) else { continue }
                        fileKafka[item.name] = (text, "\(path):\(item.value.line):\(item.value.column)")
                    }
                } else if let text = reader.string(value, what: name) {
                    file[name] = (text, "\(path):\(value.line):\(value.column)")
                }
            }
        }
        guard reader.mistakes.isEmpty else {
            throw fail(YAMLMistakes(file: path, mistakes: reader.mistakes).description, Exit.usage)
        }
    }

    private static func variable(_ name: String) -> String {
        "STANDING_" + name.uppercased().replacingOccurrences(of: "-", with: "_")
    }

    /// A setting's value; `nil` where nobody gave one and there is no default.
    mutating func value(_ name: String, flag: String?, default standard: String? = nil) -> (
        value: String, origin: Origin
    )? {
        let found: (String, Origin)? =
            if let flag { (flag, .flag) } else if let text = environment[Self.variable(name)] {
                (text, .environment)
            } else if let entry = file[name] { (entry.value, Origin(text: entry.place)) } else if let standard {
                (standard, .standard)
            } else { nil }
        if let found { shown.append((name, found.0, found.1.text)) }
        return found.map { (value: $0.0, origin: $0.1) }
    }

    /// A setting that must parse; ends the command naming where the bad value stands.
    mutating func parse<Value>(
        _ name: String, flag: String?, default standard: String, expected: String, _ body: (String) -> Value?
    ) throws -> Value {
        let (text, origin) = value(name, flag: flag, default: standard) ?? (standard, .standard)
        guard let value = body(text) else {
            throw fail("\(name) (\(origin.text)): error: \"\(text)\" is not \(expected)", Exit.usage)
        }
        return value
    }

    /// A setting that is true or false; its flag can only say true.
    mutating func flag(_ name: String, _ isGiven: Bool) throws -> Bool {
        try parse(name, flag: isGiven ? "true" : nil, default: "false", expected: "true or false") { Bool($0) }
    }

    /// The librdkafka properties: file, then `STANDING_KAFKA` (NAME=VALUE[,NAME=VALUE…]), then flags.
    mutating func kafkaProperties(flags: [String]) throws -> [String: String] {
        var properties = fileKafka.mapValues(\.value)
        var origins = fileKafka.mapValues(\.place)
        let fromEnvironment = environment["STANDING_KAFKA"]?.split(separator: ",").map(String.init) ?? []
        let given = fromEnvironment.map { ($0, Origin.environment.text) } + flags.map { ($0, Origin.flag.text) }
        for (text, origin) in given {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw fail("kafka (\(origin)): error: \"\(text)\" is not NAME=VALUE", Exit.usage)
            }
            let name = String(text[..<equals])
            properties[name] = String(text[text.index(after: equals)...])
            origins[name] = origin
        }
        do {
            try KafkaConfiguration.check(properties)
        } catch {
            throw fail("kafka.\(error.place) (\(origins[error.place] ?? "")): error: \(error.message)", Exit.usage)
        }
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            shown.append(("kafka.\(name)", KafkaConfiguration.isSecret(name) ? "(secret)" : value, origins[name] ?? ""))
        }
        return properties
    }

    /// A duration such as `10s`, `500ms`, `5m`, `2h`, in microseconds.
    /// `512M`, `4G`: with K, M or G, powers of 1024.
    static func bytes(_ text: String) -> Int64? {
        for (suffix, unit) in [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)] as [(String, Int64)]
        where text.hasSuffix(suffix) {
            guard let number = Int64(text.dropLast()), (1...Int64(1 << 30)).contains(number) else { return nil }
            return number * unit
        }
        return nil
    }

    static func duration(_ text: String) -> Int64? {
        for (suffix, unit) in [("ms", 1000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)]
            as [(String, Int64)]
        where text.hasSuffix(suffix) {
            guard let number = Double(text.dropLast(suffix.count)), number >= 0, number < 1e6 else { continue }
            return Int64(number * Double(unit))
        }
        return nil
    }
}

/// A cluster and the topics on it, resolved.
struct Cluster {
    var kafka: KafkaConfiguration
    var definitions: [TopicDefinition]
    var prefix: String
    var isEmbedded: Bool

    init(_ options: ClusterOptions, _ settings: inout Settings, defaultBrokers: String? = nil) throws {
        guard let brokers = settings.value("brokers", flag: options.brokers, default: defaultBrokers)?.value else {
            throw fail(
                "error: no brokers: give --brokers HOST:PORT, STANDING_BROKERS or brokers: in --config", Exit.usage)
        }
        isEmbedded = brokers == "embedded"
        prefix = settings.value("topic-prefix", flag: options.topicPrefix, default: "")?.value ?? ""
        let directory = settings.value("topics", flag: options.topics, default: "topics")?.value ?? "topics"
        kafka = KafkaConfiguration(
            brokers: brokers, properties: try settings.kafkaProperties(flags: options.kafka))
        kafka.patience.onWait = { say("\($0)") }
        do {
            definitions = try TopicDefinition.load(directory: directory)
        } catch {
            throw fail(error.description)
        }
    }

    /// Names with the prefix, in the order of the files.
    func names(_ role: TopicDefinition.Role) -> [String] {
        definitions.filter { $0.role == role }.map { prefix + $0.name }
    }

    /// Starts the embedded broker, if that is what was asked for, with every topic on it.
    mutating func startEmbedded() throws -> EmbeddedBroker? {
        guard isEmbedded else { return nil }
        let broker = try EmbeddedBroker()
        try TopicAdmin.create(definitions, on: broker, topicPrefix: prefix)
        kafka.brokers = broker.bootstrap
        // It does not wake a waiting fetch when data comes, so fetches must not wait long.
        kafka.fetchWaitMilliseconds = 10
        return broker
    }
}
