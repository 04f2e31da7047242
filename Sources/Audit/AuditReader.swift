public import Events
public import Kafka

/// Reads the audit topic. Every call blocks.
public struct AuditReader: Sendable {
    /// The criteria of records. A nil criterion matches every record.
    public struct Filter: Sendable, Equatable {
        public var actor: String?
        public var action: String?
        public var subject: String?
        public var since: Timestamp?
        public var until: Timestamp?

        public init() {}

        func takes(_ entry: AuditEntry) -> Bool {
            (actor.map { $0 == entry.actor } ?? true) && (action.map { $0 == entry.action } ?? true)
                && (subject.map { $0 == entry.subject } ?? true) && (since.map { entry.time >= $0 } ?? true)
                && (until.map { entry.time < $0 } ?? true)
        }
    }

    /// A record and its position in the topic.
    public struct Found: Sendable, Equatable {
        public let partition: Int32
        public let offset: Int64
        public let entry: AuditEntry
    }

    /// The end of a page: the next one has the records before these offsets. As text `PARTITION:OFFSET[,…]`.
    public struct Cursor: Sendable, Equatable, LosslessStringConvertible {
        var offsets: [Int32: Int64]

        init(_ offsets: [Int32: Int64]) { self.offsets = offsets }

        public init?(_ text: String) {
            offsets = [:]
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                let numbers = part.split(separator: ":", omittingEmptySubsequences: false)
                guard numbers.count == 2, let partition = Int32(numbers[0]), let offset = Int64(numbers[1]),
                    partition >= 0, offset >= 0, offsets.updateValue(offset, forKey: partition) == nil,
                    offsets.count <= Self.maximumPartitions
                else { return nil }
            }
        }

        private static let maximumPartitions = 1000

        public var description: String {
            offsets.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",")
        }
    }

    public struct Page: Sendable {
        /// The newest first.
        public let found: [Found]
        /// The begin of the next page; nil if there are no older records.
        public let next: Cursor?
    }

    public static let maximumPage = 1000
    /// The limit of records that are read for one page. A page can be shorter than requested, and end before the oldest
    /// record.
    public static let maximumRead = 200_000
    private static let block: Int64 = 5000
    private static let pollMilliseconds = 100
    /// The greatest difference of members' clocks, in microseconds.
    private static let clockDifference: Int64 = 600_000_000

    private let kafka: any KafkaCluster
    private let topic: String

    public init(_ kafka: any KafkaCluster, topic: String) { (self.kafka, self.topic) = (kafka, topic) }

    /// The newest records before `cursor` that match the filter, at most `limit`.
    public func page(_ filter: Filter, before cursor: Cursor? = nil, limit: Int) throws -> Page {
        let topicPartitions = (0..<Int32(try kafka.partitions(of: topic))).map { TopicPartition(topic, $0) }
        let (beginnings, ends) = (try kafka.beginnings(of: topicPartitions), try kafka.ends(of: topicPartitions))
        var next: [Int32: Int64] = [:]
        for topicPartition in topicPartitions {
            let end = ends[topicPartition] ?? 0
            next[topicPartition.partition] = cursor.map { min(end, $0.offsets[topicPartition.partition] ?? 0) } ?? end
        }
        let limit = max(1, min(limit, Self.maximumPage))
        var found: [Found] = []
        var read = 0
        while found.count < limit, read < Self.maximumRead {
            var blocks: [TopicPartition: Range<Int64>] = [:]
            for topicPartition in topicPartitions {
                let (beginning, end) = (beginnings[topicPartition] ?? 0, next[topicPartition.partition] ?? 0)
                if end > beginning { blocks[topicPartition] = max(beginning, end - Self.block)..<end }
            }
            guard !blocks.isEmpty else { break }
            var lists: [Int32: [Found]] = [:]
            var newest: Timestamp?
            try forEach(blocks) { topicPartition, offset, value in
                read += 1
                guard let entry = value.flatMap({ AuditEntry(json: $0) }) else { return }
                newest = max(newest ?? entry.time, entry.time)
                guard filter.takes(entry) else { return }
                lists[topicPartition.partition, default: []].append(
                    Found(partition: topicPartition.partition, offset: offset, entry: entry))
            }
            // Takes the newest of the partitions' last ones, until there are enough.
            while found.count < limit,
                let last = lists.values.compactMap(\.last).max(by: {
                    ($0.entry.time, $1.partition) < ($1.entry.time, $0.partition)
                })
            {
                found.append(last)
                lists[last.partition]?.removeLast()
            }
            for (topicPartition, range) in blocks {
                next[topicPartition.partition] =
                    lists[topicPartition.partition]?.last.map { $0.offset + 1 } ?? range.lowerBound
            }
            // Older records are not in the requested time, except for the difference of the members' clocks.
            if let since = filter.since, let newest, newest.adding(microseconds: Self.clockDifference) < since {
                return Page(found: found, next: nil)
            }
        }
        let hasMore = topicPartitions.contains { next[$0.partition] ?? 0 > beginnings[$0] ?? 0 }
        return Page(found: found, next: hasMore ? Cursor(next) : nil)
    }

    /// Reads everything and checks the chains, by partition, and the signatures unless `trust` is nil. `expecting` is
    /// called with the number of all offsets before the first is read, and `progress` with the number of offsets that
    /// were read since its last call. `heads`: read before, so that each of their records must be there; nil if they are
    /// not compared. `expired`: as in `AuditChain.close`.
    public func verify(
        _ trust: AuditTrust? = nil, heads: AuditHeads? = nil, expired: Timestamp? = nil,
        expecting: (Int64) -> Void = { _ in }, progress: (Int64) -> Void = { _ in }
    ) throws -> [(partition: Int32, chain: AuditChain)] {
        let topicPartitions = (0..<Int32(try kafka.partitions(of: topic))).map { TopicPartition(topic, $0) }
        let (beginnings, ends) = (try kafka.beginnings(of: topicPartitions), try kafka.ends(of: topicPartitions))
        expecting(topicPartitions.reduce(0) { $0 + max(0, (ends[$1] ?? 0) - (beginnings[$1] ?? 0)) })
        // A topic that was made anew can have fewer partitions.
        let missing = (Int32(topicPartitions.count)..<max(Int32(topicPartitions.count), heads?.partitions ?? 0)).map {
            TopicPartition(topic, $0)
        }
        return try (topicPartitions + missing).map { topicPartition in
            let beginning = beginnings[topicPartition] ?? 0
            var next = beginning
            var chain = AuditChain(
                partition: topicPartition.partition, beginning: beginning, trust: trust,
                heads: heads?.of(topicPartition.partition) ?? [])
            if let end = ends[topicPartition], end > beginning {
                try forEach([topicPartition: beginning..<end]) { _, offset, value in
                    chain.note(value, at: offset)
                    progress(offset + 1 - next)
                    next = offset + 1
                }
            }
            chain.close(at: ends[topicPartition] ?? 0, expired: expired)
            return (topicPartition.partition, chain)
        }
    }

    /// The last record of a partition: its offset and the hash of its value. Nil if it has none.
    func newest(of partition: Int32) throws -> (offset: Int64, hash: String)? {
        let topicPartition = TopicPartition(topic, partition)
        guard let end = try kafka.ends(of: [topicPartition])[topicPartition],
            let beginning = try kafka.beginnings(of: [topicPartition])[topicPartition],
            end > beginning
        else { return nil }
        var newest: (Int64, String)?
        try forEach([topicPartition: end - 1..<end]) { _, offset, value in
            newest = (offset, AuditTopic.hash(of: value.map(Array.init) ?? []))
        }
        return newest
    }

    /// Calls `body` with the records at these offsets, in each partition's order.
    private func forEach(
        _ ranges: [TopicPartition: Range<Int64>],
        _ body: (TopicPartition, Int64, UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedKilobytes = 16 * 1024
        let consumer = try kafka.consumer(options, listener: nil) { _ in }
        defer { consumer.close() }
        try consumer.assign(
            ranges.sorted { $0.key < $1.key }.map { PartitionOffset($0.key, offset: $0.value.lowerBound) })
        var reading = Patience.Reading(topic, kafka.patience)
        while !consumer.assignment.allSatisfy({ source in
            source.reachedEnd || ranges[source.topicPartition].map { source.position >= $0.upperBound } ?? true
        }) {
            let count = try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records {
                    let topicPartition = consumer.assignment[record.source].topicPartition
                    guard let range = ranges[topicPartition], range.contains(record.offset) else { continue }
                    try body(topicPartition, record.offset, record.value)
                }
            }
            try reading.note(
                records: count, ended: consumer.assignment.count(where: \.reachedEnd), errors: consumer.takeErrors())
        }
    }
}
