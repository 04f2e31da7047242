internal import Kafka
internal import Pipeline

/// The topics and groups of a simulated cluster.
enum SimulatedTopics {
    /// The number of appender sessions that a fold remembers. It is so small that sessions are forgotten.
    static let maximumSessions = 4

    static let control = "control"
    static let sources = ["bills", "courts"]
    static let ledger = "ledger"
    static let deadLetter = "dead-letter"
    static let facts = ["score-changes", "sanctions", "perks"]
    static let checkpoints = "checkpoints"
    static let members = "members"
    static let intakeGroup = "intake"
    static let foldGroup = "fold"

    static func partitions(ledger count: Int) -> [String: Int] {
        var result = [
            control: 1, sources[0]: 3, sources[1]: 2, ledger: count, deadLetter: 1, checkpoints: 1, members: 1,
        ]
        for topic in facts { result[topic] = count }
        return result
    }

    static var names: PipelineConfiguration.Topics {
        .init(control: control, sources: sources, ledger: ledger, deadLetter: deadLetter, facts: facts)
    }

    static func isSource(_ topicPartition: TopicPartition) -> Bool {
        topicPartition.topic == control || sources.contains(topicPartition.topic)
    }
}
