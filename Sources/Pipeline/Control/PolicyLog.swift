internal import Foundation
internal import Kafka
internal import Replay

/// The policies that the ledger's first partition has been under: an activation goes to all. Read from the topic, the first time
/// from its beginning, then on from where it was.
final class PolicyLog: @unchecked Sendable {
    private let kafka: any KafkaCluster
    private let topic: String
    private let lock = NSLock()
    // Guarded by `lock`.
    private var history = PolicyHistory()

    init(_ configuration: PipelineConfiguration) {
        (kafka, topic) = (configuration.kafka, configuration.topics.ledger)
    }

    /// Reads to the topic's end and calls `body`. Blocks; one at a time.
    func read<Answer>(_ body: (borrowing PolicyHistory) throws -> Answer) throws -> Answer {
        try lock.withLock {
            try history.read(try LedgerTopicFrames(kafka, topic: topic, partition: 0, from: history.nextOffset))
            return try body(history)
        }
    }
}
