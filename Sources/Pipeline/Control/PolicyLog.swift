internal import Foundation
internal import Kafka
internal import Replay

/// The policies and the acts about sources of a ledger partition over time. It reads the topic from its beginning the
/// first time, and continues from its position later.
final class PolicyLog: @unchecked Sendable {
    private let kafka: any KafkaCluster
    private let topic: String
    private let partition: Int32
    private let lock = NSLock()
    // Guarded by `lock`.
    private var history = PolicyHistory()

    init(_ configuration: PipelineConfiguration, partition: Int32 = 0) {
        (kafka, topic) = (configuration.kafka, configuration.topics.ledger)
        self.partition = partition
    }

    /// Reads to the topic's end and calls `body`. It blocks, and concurrent calls wait for each other. `end`: the topic's
    /// end; nil if it is to be asked for. `deadline`: then it throws `CancellationError`, and a later call continues.
    func read<Answer>(
        before end: Int64? = nil, until deadline: ContinuousClock.Instant? = nil,
        _ body: (borrowing PolicyHistory) throws -> Answer
    ) throws -> Answer {
        try lock.withLock {
            if end.map({ history.nextOffset < $0 }) ?? true {
                try history.read(
                    try LedgerTopicFrames(
                        kafka, topic: topic, partition: partition, from: history.nextOffset, until: end,
                        isStopped: { deadline.map { ContinuousClock.now >= $0 } ?? false }))
            }
            return try body(history)
        }
    }
}
