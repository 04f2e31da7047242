/// One difference between the wanted and the existing topics. Its description is a line of a diff.
public enum TopicChange: Sendable, Equatable, CustomStringConvertible {
    /// A setting whose value differs. `old` is nil if the broker does not report it.
    public struct Setting: Sendable, Equatable {
        public let name: String
        public let old: String?
        public let new: String

        public init(name: String, old: String?, new: String) {
            self.name = name
            self.old = old
            self.new = new
        }
    }

    case create(TopicDefinition)
    case addPartitions(topic: String, from: Int, to: Int)
    /// Sorted by name, never empty.
    case setConfig(topic: String, [Setting])
    /// The change is impossible, so nothing at all is changed.
    case refuse(topic: String, reason: String)
    /// The broker does not describe settings. Those of this many topics are not compared.
    case unknownSettings(topics: Int)
    case unchanged(topic: String)

    /// True if the cluster does not match the files.
    public var isDrift: Bool {
        switch self {
        case .create, .addPartitions, .setConfig, .refuse: true
        case .unknownSettings, .unchanged: false
        }
    }

    public var isRefusal: Bool {
        if case .refuse = self { true } else { false }
    }

    public var description: String {
        switch self {
        case .create(let topic):
            let partitions = "\(topic.partitions) partition\(topic.partitions == 1 ? "" : "s")"
            let replication =
                topic.replication == TopicDefinition.brokersReplication
                ? "the broker's replication" : "replication \(topic.replication)"
            let settings = topic.settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            return "+ create \(topic.name): " + ([partitions, replication] + settings).joined(separator: ", ")
        case .addPartitions(let topic, let from, let to):
            return "~ \(topic): partitions \(from) -> \(to)"
        case .setConfig(let topic, let settings):
            let changes = settings.map { "\($0.name) \($0.old ?? "(unset)") -> \($0.new)" }
            return "~ \(topic): " + changes.joined(separator: ", ")
        case .refuse(let topic, let reason):
            return "! \(topic): \(reason)"
        case .unknownSettings(let topics):
            return
                "? the broker does not describe settings: of \(topics) topic\(topics == 1 ? "" : "s") they are not compared"
        case .unchanged(let topic):
            return "= \(topic)"
        }
    }
}

/// Computes the changes that make a cluster's topics match the files. Pure.
public enum TopicPlan {
    /// An existing topic of the cluster.
    public struct Existing: Sendable, Equatable {
        public var partitions: Int
        /// Nil if the broker does not describe settings.
        public var config: [String: String]?

        public init(partitions: Int, config: [String: String]?) {
            self.partitions = partitions
            self.config = config
        }
    }

    /// The changes in the order of `wanted`; for each topic first its partitions and then its settings. A topic that
    /// matches has only `.unchanged`. `.unknownSettings` comes last, at most once.
    ///
    /// Only the number of partitions and the settings of the file are compared. The replication factor is used only
    /// at creation, and topics without a file are ignored. Partitions are never removed. A topic that is never
    /// re-partitioned gets none added: its subjects would move to other partitions and their past would not.
    public static func plan(wanted: [TopicDefinition], existing: [String: Existing]) -> [TopicChange] {
        let unknown = wanted.count { existing[$0.name].map { $0.config == nil } ?? false }
        return wanted.flatMap { topic -> [TopicChange] in
            guard let found = existing[topic.name] else { return [.create(topic)] }
            let changes = partitionChange(topic, found.partitions) + settingChanges(topic, found.config)
            return changes.isEmpty ? [.unchanged(topic: topic.name)] : changes
        } + (unknown > 0 ? [.unknownSettings(topics: unknown)] : [])
    }

    private static func partitionChange(_ topic: TopicDefinition, _ count: Int) -> [TopicChange] {
        guard count != topic.partitions else { return [] }
        let difference = "has \(count) partition\(count == 1 ? "" : "s"), the file says \(topic.partitions): "
        if topic.neverRepartitioned {
            let kind =
                switch topic.role {
                case .ledger: "a ledger"
                case .facts: "a facts topic"
                case .source, .control, .deadLetter, .checkpoints, .members, .audit: "this topic"
                }
            return [.refuse(topic: topic.name, reason: difference + "\(kind) is never re-partitioned")]
        }
        if count > topic.partitions {
            return [.refuse(topic: topic.name, reason: difference + "partitions cannot be taken away")]
        }
        return [.addPartitions(topic: topic.name, from: count, to: topic.partitions)]
    }

    private static func settingChanges(_ topic: TopicDefinition, _ config: [String: String]?) -> [TopicChange] {
        guard let config else { return [] }
        let differing = topic.settings.sorted { $0.key < $1.key }.compactMap { name, value in
            config[name] == value ? nil : TopicChange.Setting(name: name, old: config[name], new: value)
        }
        return differing.isEmpty ? [] : [.setConfig(topic: topic.name, differing)]
    }
}
