internal import Events
public import Kafka
internal import Scoring

/// The start of a consumer whose state is that of a ledger partition at some point, instead of the first fact.
public struct FactStart: Hashable, Sendable {
    /// A fact topic and the partition.
    public let topicPartition: TopicPartition
    /// The Kafka offset to read from. Records from there on can have numbers below `sequence`; they are repeats.
    public let offset: Int64
    /// The next sequence number to accept. The state at the point contains the facts before it.
    public let sequence: Int64
}

/// Finds the starts in the fact topics, from the marks that the ledger's owners have committed (`FactSearch`).
public struct FactStarts {
    /// A consumer cannot continue from the point, because its next fact is not in the topic.
    public struct Gone: Error, Hashable, Sendable, CustomStringConvertible {
        public let topicPartition: TopicPartition
        /// Of the missing fact.
        public let sequence: Int64
        /// The oldest offset of the topic.
        public let beginning: Int64

        public var description: String {
            "\(topicPartition) does not have sequence \(sequence) any more, which comes next, and begins at offset \(beginning)"
        }
    }

    private static let pollMilliseconds = 100
    private static let committedMilliseconds = 10_000
    private static let queuedKilobytes = 32 * 1024

    private let configuration: PipelineConfiguration

    public init(_ configuration: PipelineConfiguration) { self.configuration = configuration }

    /// `sequences`: of each ledger partition, the last number of each fact topic by `FactTopic.rawValue`. The starts
    /// are in the order of topics, then of partitions. Throws `Gone`, `PipelineError` if a fact topic is missing or has
    /// too few partitions, and `KafkaError`.
    public func find(after sequences: [Int32: [Int64]]) throws -> [FactStart] {
        let kafka = configuration.kafka
        let partitions = sequences.keys.sorted()
        for topic in configuration.topics.facts { try check(topic, has: partitions) }
        let marks = try marks(of: partitions)
        let wanted = configuration.topics.facts.enumerated().flatMap { topic, name in
            partitions.map { (TopicPartition(name, $0), topic) }
        }
        let topicPartitions = wanted.map { $0.0 }
        // The ends are read first, because a beginning can move too.
        let ends = try kafka.ends(of: topicPartitions)
        let beginnings = try kafka.beginnings(of: topicPartitions)
        var searches = wanted.map { topicPartition, topic in
            FactSearch(
                after: sequences[topicPartition.partition]![topic],
                mark: marks[topicPartition.partition]?[topic] ?? .init(),
                beginning: beginnings[topicPartition] ?? 0, end: ends[topicPartition] ?? 0)
        }
        while true {
            let open = searches.indices.filter { searches[$0].outcome == nil }
            if open.isEmpty { break }
            try read(open.map { ($0, topicPartitions[$0]) }, for: &searches)
        }
        return try zip(wanted, searches).map { item, search in
            let (topicPartition, topic) = item
            let next = sequences[topicPartition.partition]![topic] + 1
            guard case .found(let offset) = search.outcome else {
                throw Gone(topicPartition: topicPartition, sequence: next, beginning: beginnings[topicPartition] ?? 0)
            }
            return FactStart(topicPartition: topicPartition, offset: offset, sequence: next)
        }
    }

    private func check(_ topic: String, has partitions: [Int32]) throws {
        let count: Int
        do throws(KafkaError) {
            count = try configuration.kafka.partitions(of: topic)
        } catch {
            guard error.isUnknownTopic else { throw error }
            throw PipelineError(.topicMissing, "there is no topic \(topic); `standing topics apply` creates it")
        }
        guard let last = partitions.last, last >= count else { return }
        throw PipelineError(
            .topicMissing,
            "\(topic) has \(count) partitions, and the ledger has a partition \(last): `standing topics apply` mends that"
        )
    }

    private func marks(of partitions: [Int32]) throws -> [Int32: [Publication.Mark]] {
        let consumer = try configuration.kafka.consumer(
            Consumer.Options(group: configuration.foldGroup), listener: nil
        ) { _ in }
        defer { consumer.close() }
        let committed = try consumer.committed(
            partitions.map { TopicPartition(configuration.topics.ledger, $0) },
            timeoutMilliseconds: Self.committedMilliseconds)
        var marks: [Int32: [Publication.Mark]] = [:]
        for item in committed { marks[item.topicPartition.partition] = Publication.marks(in: item.metadata) }
        return marks
    }

    /// One round of the open searches.
    private func read(_ open: [(search: Int, topicPartition: TopicPartition)], for searches: inout [FactSearch]) throws
    {
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedKilobytes = Self.queuedKilobytes
        let consumer = try configuration.kafka.consumer(options, listener: nil) { _ in }
        defer { consumer.close() }
        try consumer.assign(
            open.map { PartitionOffset($0.topicPartition, offset: searches[$0.search].range.lowerBound) })
        var reading = Patience.Reading("the fact topics", configuration.kafka.patience)
        let decoder = EventDecoder()
        var ended: Set<Int> = []
        while true {
            var news: [TopicPartition] = []
            for (source, item) in consumer.assignment.enumerated() where !ended.contains(source) {
                guard item.reachedEnd || item.position >= searches[open[source].search].range.upperBound else {
                    continue
                }
                ended.insert(source)
                news.append(item.topicPartition)
            }
            if ended.count == open.count { break }
            if !news.isEmpty { try consumer.pause(news) }
            let count = try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records {
                    searches[open[record.source].search].add(
                        record.value.flatMap { decoder.sequence(ofFact: $0) }, at: record.offset)
                }
            }
            try reading.note(records: count, ended: ended.count, errors: consumer.takeErrors())
        }
        for item in open { searches[item.search].endRound() }
    }
}
