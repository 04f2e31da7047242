public import Events
internal import Foundation
internal import Kafka
internal import Scoring

/// A source topic's records, and its dead letters.
public struct SourceReading: Sendable {
    public struct Position: Sendable, Hashable {
        public let partition: Int32
        /// The oldest offset that the topic still has.
        public let beginning: Int64
        /// The next offset of intake, of all members; nil if intake has not committed one.
        public let position: Int64?
        public let end: Int64

        public var unread: Int64 { max(0, end - max(beginning, position ?? beginning)) }
    }

    public let topic: String
    public let isControl: Bool
    /// Whether intake reads it. A topic that it does not read is among the sources if it is withdrawn.
    public let isRead: Bool
    /// Nil if the topic has no declaration.
    public let declaration: SourceDeclaration?
    /// By partition; nil if the cluster does not have the topic.
    public let positions: [Position]?
    /// Whether it has lost records and imposes no sanction until that is acknowledged, in a ledger partition that is
    /// folded here.
    public let isFrozen: Bool
    /// The ledger partitions in which it is withdrawn, so that its events count for nothing; nil if no partition is known.
    public let withdrawal: WithdrawnSources.Extent?
    /// Records that this member has read since it started.
    public let records: Int64
    /// Open dead letters by reason.
    public let deadLetters: [DeadLetterReader.Count]
    /// Events without effect because their subject was not enrolled, in the ledger partitions that are folded here,
    /// since the start.
    public let notEnrolled: Int64
}

/// Reads intake's positions in the source topics from the cluster. Every call blocks, for a limited time.
public final class SourceReader: Sendable {
    private static let milliseconds = 4000

    private let service: PipelineService
    private let letters: DeadLetterReader

    public init(_ service: PipelineService, letters: DeadLetterReader) {
        (self.service, self.letters) = (service, letters)
    }

    /// The control topic, the others in the order of the configuration, and the topics that are withdrawn and not read
    /// any more. Throws `NotReadYet`, and the cluster's errors.
    public func sources(_ withdrawn: WithdrawnSources) throws -> [SourceReading] {
        let (kafka, topics) = (service.configuration.kafka, service.configuration.topics)
        let read = [topics.control] + topics.sources.filter { $0 != topics.control }
        let names = read + withdrawn.topics.filter { !read.contains($0) }
        let metadata = try kafka.metadata(timeoutMilliseconds: Self.milliseconds)
        var counts: [String: Int] = [:]
        for topic in metadata.topics where names.contains(topic.name) { counts[topic.name] = topic.partitions }
        let topicPartitions = names.flatMap { name in
            (0..<Int32(counts[name] ?? 0)).map { TopicPartition(name, $0) }
        }
        let beginnings = try kafka.beginnings(of: topicPartitions, timeoutMilliseconds: Self.milliseconds)
        let ends = try kafka.ends(of: topicPartitions, timeoutMilliseconds: Self.milliseconds)
        let committed = try committed(topicPartitions)
        let (status, frozen) = (service.status, Set(service.frozenTopics))
        let waiting = Dictionary(grouping: try letters.counts().counts, by: \.topic)
        var notEnrolled: [String: Int64] = [:]
        for item in service.diagnosis.notEnrolled {
            if let topic = item.topic { notEnrolled[topic, default: 0] += item.events }
        }
        return names.map { name in
            SourceReading(
                topic: name, isControl: name == topics.control, isRead: read.contains(name),
                declaration: topics.declarations[name],
                positions: counts[name].map { count in
                    (0..<Int32(count)).map { partition in
                        let topicPartition = TopicPartition(name, partition)
                        return .init(
                            partition: partition, beginning: beginnings[topicPartition] ?? 0,
                            position: committed[topicPartition],
                            end: ends[topicPartition] ?? 0)
                    }
                },
                isFrozen: frozen.contains(name), withdrawal: withdrawn.extent(of: name),
                records: status.intake.recordsByTopic[name] ?? 0,
                deadLetters: waiting[name] ?? [], notEnrolled: notEnrolled[name] ?? 0)
        }
    }

    /// The positions from which intake continues after a restart.
    private func committed(_ topicPartitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
        guard !topicPartitions.isEmpty else { return [:] }
        let group = service.configuration.intakeGroup
        let found: [PartitionOffset]
        if let kafka = service.configuration.kafka as? KafkaConfiguration {
            let admin = try Admin(kafka, timeoutMilliseconds: Self.milliseconds)
            found = try admin.committed(group: group, partitions: topicPartitions)
        } else {
            let consumer = try service.configuration.kafka.consumer(.init(group: group), listener: nil) { _ in }
            defer { consumer.close() }
            found = try consumer.committed(topicPartitions, timeoutMilliseconds: Self.milliseconds)
        }
        var positions: [TopicPartition: Int64] = [:]
        for item in found where item.offset >= 0 { positions[item.topicPartition] = item.offset }
        return positions
    }
}
