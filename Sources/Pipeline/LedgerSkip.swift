internal import Events
internal import Kafka
internal import Ledger
public import Replay
internal import Scoring

/// Appends an entry to a ledger partition that passes over a record, if that cannot be read or folded. All members that
/// fold the partition obey it (`SkipSearch`).
public struct LedgerSkip {
    public struct Outcome: Hashable, Sendable {
        /// The defect of the record; nil if an entry named it before.
        public let defect: String?
        /// False if an entry named it before, and nothing was appended.
        public var isNew: Bool { defect != nil }
    }

    /// Why nothing was appended.
    public struct Refused: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    public static let maximumReasonBytes = 1024

    private let configuration: PipelineConfiguration

    public init(_ configuration: PipelineConfiguration) { self.configuration = configuration }

    /// Folds the partition up to the record, which takes as long as a replay. `reason`: for later readers of the
    /// ledger. Throws `Refused` if there is no such record, or it has no defect; `PartitionFold.Problem` if an earlier
    /// one is not passed over; `KafkaError`.
    public func run(
        partition: Int32, offset: Int64, reason: String, id: String, progress: ReplayProgress = ReplayProgress()
    ) throws -> Outcome {
        let topic = configuration.topics.ledger
        let partitions = try configuration.kafka.partitions(of: topic)
        guard partition >= 0, partition < partitions else {
            throw Refused(description: "\(topic) has the partitions 0 to \(partitions - 1), not \(partition)")
        }
        let topicPartition = TopicPartition(topic, partition)
        let (first, end) = (
            try configuration.kafka.beginnings(of: [topicPartition])[topicPartition] ?? 0,
            try configuration.kafka.ends(of: [topicPartition])[topicPartition] ?? 0
        )
        guard offset >= first, offset < end, let record = try frames(partition, offset, offset + 1).next(),
            record.offset == offset
        else {
            throw Refused(description: "\(topic)[\(partition)] has no record at offset \(offset)")
        }
        guard try !SkipSearch.names(offset, in: frames(partition, offset + 1, nil)) else {
            return Outcome(defect: nil)
        }
        progress.expect(offset + 1)
        guard let defect = try defect(partition, offset, progress) else {
            throw Refused(
                description:
                    "\(topic)[\(partition)], offset \(offset): nothing is wrong with this record; what it brings counts"
            )
        }
        try SystemEntry(
            .ledgerSkipped, id: id, source: "/standing/operator",
            [
                SkipSearch.offsetMember.description: .number(offset),
                SkipSearch.reasonMember.description: .text(reason),
            ]
        ).append(to: [Int(partition)], of: partitions, configuration)
        return Outcome(defect: defect)
    }

    private func frames(_ partition: Int32, _ start: Int64, _ end: Int64?) throws -> LedgerTopicFrames {
        try LedgerTopicFrames(
            configuration.kafka, topic: configuration.topics.ledger, partition: partition, from: start, until: end)
    }

    /// Why the record cannot be read or folded; nil if it can.
    private func defect(_ partition: Int32, _ offset: Int64, _ progress: ReplayProgress) throws -> String? {
        var replay = LedgerReplay()
        replay.until = offset + 1
        replay.computesDigests = false
        let (kafka, topic) = (configuration.kafka, configuration.topics.ledger)
        do {
            _ = try replay.run(
                partitions: [partition],
                source: { partition, start, end in
                    try LedgerTopicFrames(
                        kafka, topic: topic, partition: partition, from: start, until: end == .max ? nil : end)
                }, progress: progress)
            return nil
        } catch let problem as PartitionFold.Problem where problem.offset == offset {
            return problem.message
        }
    }
}
