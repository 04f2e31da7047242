internal import Events
internal import Kafka

/// Makes it known that a source topic was recreated: to the ledger, so that every fold accepts its origins from 0 on,
/// and to intake's group, so that it is read from its beginning. No intake may run meanwhile.
public struct SourceReset {
    private static let patienceMilliseconds = 30_000
    private static let pollMilliseconds = 100

    private let configuration: PipelineConfiguration

    public init(_ configuration: PipelineConfiguration) { self.configuration = configuration }

    /// Throws `PipelineError` if the group is in use, and `KafkaError` if the broker refuses it. It may be run again.
    /// It moves no clock.
    public func run(_ topic: String, id: String) throws {
        let cluster = try configuration.kafka.metadata(timeoutMilliseconds: Self.patienceMilliseconds)
        let names = [configuration.topics.control] + configuration.topics.sources
        guard names.contains(topic) else {
            throw PipelineError(.topicMissing, "\(topic): no source topic of this name")
        }
        let sources = cluster.topics.filter { names.contains($0.name) }
            .flatMap { source in (0..<Int32(source.partitions)).map { TopicPartition(source.name, $0) } }
        guard sources.contains(where: { $0.topic == topic }) else {
            throw PipelineError(.topicMissing, "\(topic): no such topic")
        }
        guard let ledgerPartitions = cluster.topics.first(where: { $0.name == configuration.topics.ledger })?.partitions
        else {
            throw PipelineError(.topicMissing, "\(configuration.topics.ledger): no such topic")
        }
        // As the group's only member, so that no other process reads the topic meanwhile.
        let sole = SoleMember()
        let group = try configuration.kafka.consumer(.init(group: configuration.intakeGroup), listener: sole) { _ in }
        defer { group.close() }
        try group.subscribe(to: names)
        let deadline = ContinuousClock.now + .milliseconds(Self.patienceMilliseconds)
        while sole.topicPartitions == nil, ContinuousClock.now < deadline {
            try group.poll(timeoutMilliseconds: Self.pollMilliseconds) { _ in }
        }
        guard sole.topicPartitions == Set(sources) else {
            throw PipelineError(
                .sourceRecreated, "\(configuration.intakeGroup) has other members: stop every intake first")
        }
        try SystemEntry(.sourceReset, id: id, source: "/standing/operator", ["topic": .text(topic)])
            .append(
                to: Array(0..<ledgerPartitions), of: ledgerPartitions, configuration)
        try group.commit(sources.filter { $0.topic == topic }.map { PartitionOffset($0, offset: 0) }, wait: true)
    }

    /// Reads nothing, and only notes its assignment.
    private final class SoleMember: RebalanceListener {
        private(set) var topicPartitions: Set<TopicPartition>?

        func assigned(_ partitions: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
            topicPartitions = Set(partitions)
            return []
        }

        func revoked(_ partitions: [TopicPartition], lost: Bool, from consumer: any ConsumerClient) {
            topicPartitions = nil
        }
    }
}
