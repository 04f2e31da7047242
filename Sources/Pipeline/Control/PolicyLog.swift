internal import Foundation
internal import Kafka
internal import Replay

/// The policies and the acts about sources of the ledger's first partition over time; every partition has the same ones.
/// It reads the topic from its beginning the first time, and continues from its position later.
final class PolicyLog: @unchecked Sendable {
    private let kafka: any KafkaCluster
    private let topic: String
    private let lock = NSLock()
    // Guarded by `lock`.
    private var history = PolicyHistory()

    init(_ configuration: PipelineConfiguration) {
        (kafka, topic) = (configuration.kafka, configuration.topics.ledger)
    }

    /// Reads to the topic's end and calls `body`. It blocks, and concurrent calls wait for each other.
    func read<Answer>(_ body: (borrowing PolicyHistory) throws -> Answer) throws -> Answer {
        try lock.withLock {
            try history.read(try LedgerTopicFrames(kafka, topic: topic, partition: 0, from: history.nextOffset))
            return try body(history)
        }
    }
}
