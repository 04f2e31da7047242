public import Kafka

/// Compares the topics of a cluster with their files, and changes them to match. Every call blocks.
public struct TopicAdmin: Sendable {
    public enum Outcome: Sendable, Equatable {
        /// Everything matched the files.
        case unchanged
        case applied
        /// A change is refused, so nothing was changed.
        case refused
    }

    private let admin: Admin
    private let topicPrefix: String

    /// `topicPrefix` is prepended to the name of every topic.
    public init(_ admin: Admin, topicPrefix: String = "") {
        self.admin = admin
        self.topicPrefix = topicPrefix
    }

    /// The changes that `apply` would make; changes nothing. Throws if the cluster does not answer or refuses the
    /// request. If it cannot describe settings, the settings of its topics are unknown.
    public func plan(_ wanted: [TopicDefinition]) throws(KafkaError) -> [TopicChange] {
        let wanted = prefixed(wanted)
        let names = Set(wanted.map(\.name))
        var existing: [String: TopicPlan.Existing] = [:]
        let topics = try admin.topics(names)
        var describes = admin.describesSettings
        for topic in topics {
            var config: [String: String]?
            if describes {
                do throws(KafkaError) {
                    config = try admin.configuration(of: topic.name)
                } catch {
                    guard Self.isOfUndescribedSettings(error) else { throw error }
                    describes = false
                }
            }
            existing[topic.name] = TopicPlan.Existing(partitions: topic.partitions, config: config)
        }
        return TopicPlan.plan(wanted: wanted, existing: existing)
    }

    /// Reports every line of the plan and returns whether there is drift; changes nothing.
    public func check(_ wanted: [TopicDefinition], report: (TopicChange) -> Void) throws(KafkaError) -> Bool {
        let changes = try plan(wanted)
        for change in changes { report(change) }
        return changes.contains(where: \.isDrift)
    }

    /// Applies the plan and reports each line after its change: first the topics that match, then the created topics,
    /// then the others. If one change is refused, every line is reported and nothing is changed. Returns after every
    /// new partition has a leader; from then on it can be read and written.
    ///
    /// Kafka replaces all settings of a topic at once, and only the settings of its file are sent. If a topic's
    /// settings change, a setting that was made by hand and is not in the file returns to the broker's default.
    /// Throws the first error, after the changes before it; the same call continues from there.
    public func apply(_ wanted: [TopicDefinition], report: (TopicChange) -> Void) throws(KafkaError) -> Outcome {
        let changes = try plan(wanted)
        guard !changes.contains(where: \.isRefusal) else {
            for change in changes { report(change) }
            return .refused
        }
        for change in changes where !change.isDrift { report(change) }
        try create(changes, report: report)
        let topics = Dictionary(prefixed(wanted).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for change in changes {
            switch change {
            case .addPartitions(let topic, _, let count):
                try admin.createPartitions(of: topic, total: count)
                try admin.waitForLeaders(of: [topic: count])
            case .setConfig(let topic, _):
                try admin.setConfiguration(of: topic, to: topics[topic]?.settings ?? [:])
            case .create, .refuse, .unknownSettings, .unchanged: continue
            }
            report(change)
        }
        return changes.contains(where: \.isDrift) ? .applied : .unchanged
    }

    private func create(_ changes: [TopicChange], report: (TopicChange) -> Void) throws(KafkaError) {
        let missing = changes.compactMap { change in
            if case .create(let topic) = change { topic } else { nil }
        }
        guard !missing.isEmpty else { return }
        let answers = try admin.create(
            missing.map {
                Admin.NewTopic(
                    name: $0.name, partitions: $0.partitions, replicationFactor: $0.replication,
                    configuration: $0.settings)
            })
        var failure: KafkaError?
        for (topic, error) in zip(missing, answers) {
            if let error { failure = failure ?? error } else { report(.create(topic)) }
        }
        if let failure { throw failure }
        try admin.waitForLeaders(
            of: Dictionary(missing.map { ($0.name, $0.partitions) }, uniquingKeysWith: { first, _ in first }))
    }

    /// Creates every topic on an embedded broker, which supports partitions only: no settings, no replication.
    public static func create(
        _ topics: [TopicDefinition], on broker: EmbeddedBroker, topicPrefix: String = ""
    ) throws(KafkaError) {
        for topic in topics { try broker.createTopic(topicPrefix + topic.name, partitions: topic.partitions) }
    }

    private func prefixed(_ topics: [TopicDefinition]) -> [TopicDefinition] {
        topics.map {
            var topic = $0
            topic.name = topicPrefix + topic.name
            return topic
        }
    }

    /// True if the broker does not support the request.
    private static func isOfUndescribedSettings(_ error: KafkaError) -> Bool {
        error.name == "_UNSUPPORTED_FEATURE" || error.name == "UNSUPPORTED_VERSION"
    }
}
