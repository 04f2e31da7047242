internal import Events
internal import Kafka
internal import Ledger
public import Replay
internal import Scoring

/// Says in a ledger partition that a record of it is passed over, as far as it cannot be read or folded: an entry that all who
/// fold the partition follow alike (`SkipSearch`).
public struct LedgerSkip {
    public struct Outcome: Hashable, Sendable {
        /// What is wrong with the record; nil where an entry named it before.
        public let defect: String?
        /// False: an entry named it before, and nothing was appended.
        public var isNew: Bool { defect != nil }
    }

    /// Why nothing was appended.
    public struct Refused: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    public static let maximumReasonBytes = 1024

    private let configuration: PipelineConfiguration

    public init(_ configuration: PipelineConfiguration) { self.configuration = configuration }

    /// Folds the partition up to the record, so it takes as long as a replay of that. `reason`: for whoever reads the ledger
    /// later. Throws `Refused` where there is no such record, or nothing is wrong with it; `PartitionFold.Problem` where one
    /// before it is not passed over; `KafkaError`.
    public func run(
        partition: Int32, offset: Int64, reason: String, id: String, progress: ReplayProgress = ReplayProgress()
    ) throws -> Outcome {
        let topic = configuration.topics.ledger
        let partitions = try configuration.kafka.partitions(of: topic)
        guard partition >= 0, partition < partitions else {
            throw Refused(description: "\(topic) has the partitions 0 to \(partitions - 1), not \(partition)")
        }
        let place = TopicPartition(topic, partition)
        let (first, end) = (
            try configuration.kafka.beginnings(of: [place])[place] ?? 0,
            try configuration.kafka.ends(of: [place])[place] ?? 0
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

    /// Why the record cannot be read or folded; nil: it can.
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
