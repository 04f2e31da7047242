internal import Events
internal import Kafka
internal import Replay
internal import Synchronization

/// The acts about sources of all ledger partitions. Each partition has an entry of every act, and they differ where it has
/// not reached one yet, or where one ignores it. The first reading is of the whole ledger, and can take several calls.
final class SourceActLog: Sendable {
    struct Acts: Sendable {
        var withdrawn = WithdrawnSources()
        /// The least fold version of a partition.
        var foldVersion = Int64.max
        /// The partitions without a policy, in ascending order.
        var withoutPolicy: [Int32] = []
        /// The hash of the first partition's active policy; of an empty text if there is none.
        var activePolicy = ""
        /// Whether a partition has entries of the topic, or about it.
        var hasSource = false
        /// The partitions in which the event does not count, in ascending order.
        var ignoringEvent: [Int32] = []
    }

    enum Reading: Sendable {
        case acts(Acts)
        /// A later call continues.
        case underWay
    }

    private let configuration: PipelineConfiguration
    private let first: PolicyLog
    private let logs = Mutex<[PolicyLog]>([])

    /// `first`: of the first partition, which acts about policies read too.
    init(_ configuration: PipelineConfiguration, first: PolicyLog) {
        (self.configuration, self.first) = (configuration, first)
    }

    /// The acts at the ledger's present end. It blocks until they are read, or until the deadline. `event`: of an act about
    /// a source.
    func read(
        about topic: String, event: (source: String, id: String), until deadline: ContinuousClock.Instant
    ) throws -> Reading {
        let (kafka, ledger) = (configuration.kafka, configuration.topics.ledger)
        let logs = try partitions()
        let topicPartitions = logs.indices.map { TopicPartition(ledger, Int32($0)) }
        let ends = try kafka.ends(of: topicPartitions)
        var acts = Acts()
        for (topicPartition, log) in zip(topicPartitions, logs) {
            let partition = topicPartition.partition
            do {
                try log.read(before: ends[topicPartition] ?? 0, until: deadline) { history in
                    acts.withdrawn.add(history.withdrawnSources, of: partition)
                    acts.foldVersion = min(acts.foldVersion, history.foldVersion)
                    acts.hasSource = acts.hasSource || history.hasSource(topic)
                    if !history.takesSourceAct(source: event.source, id: event.id) {
                        acts.ignoringEvent.append(partition)
                    }
                    if !history.hasPolicy { acts.withoutPolicy.append(partition) }
                    if partition == 0 { acts.activePolicy = PolicyHash.of(history.texts.last ?? "") }
                }
            } catch is CancellationError {
                return .underWay
            }
        }
        return .acts(acts)
    }

    private func partitions() throws -> [PolicyLog] {
        let count = try configuration.kafka.partitions(of: configuration.topics.ledger)
        return logs.withLock { logs in
            while logs.count < count {
                logs.append(logs.isEmpty ? first : PolicyLog(configuration, partition: Int32(logs.count)))
            }
            return logs
        }
    }
}
