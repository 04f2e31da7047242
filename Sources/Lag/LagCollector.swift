import Kafka
import Logging

/// Asks a cluster for what `LagEvaluation` judges: groups, their committed offsets, the ends, and the timestamps of the
/// next unread records. Every call blocks; one thread uses it.
///
/// Offsets are read before ends, so that a group that reads while it is looked at never seems to be beyond the end.
/// Ends count every record, also of open transactions, as Kafka's own tools do.
final class LagCollector {
    struct Group {
        let name: String
        /// Nil where the broker cannot list groups.
        let state: String?
        let samples: [TopicPartition: LagSample]
    }

    struct Observation {
        let groups: [Group]
        let notes: [String]
    }

    /// Partitions that are read together for one record each.
    static let peekPartitions = 64
    /// Longest wait for the records of one such round.
    static let peekMilliseconds = 5_000
    /// No round starts later than this after the first one of an observation.
    static let peeksMilliseconds = 30_000
    /// Longest sleep inside a round.
    static let pollMilliseconds = 100
    /// A record that stays the next unread one is not read again for so long; after that it is, because retention may
    /// have taken it.
    static let recheckMilliseconds: Int64 = 60_000
    /// Bytes fetched of a partition at a time. A larger batch comes whole: librdkafka doubles this until it fits.
    static let peekFetchBytes = 64 * 1024
    /// The peek's queue. librdkafka before 2.2 rests for a second whenever it is full, and partitions starve: it must
    /// hold a few times `peekPartitions * peekFetchBytes` (4 MB).
    static let peekQueuedKilobytes = 16 * 1024
    static let peekQueuedRecords = 100_000

    private struct Peeked {
        let next: LagSample.NextRecord
        let readAt: Int64
    }

    /// A group's offsets before the ends are known.
    private struct Offsets {
        let name: String
        let state: String?
        let committed: [TopicPartition: Int64]
        let places: Set<TopicPartition>
    }

    private let kafka: KafkaConfiguration
    private let filter: [String]?
    private let knownGroups: [String: [String]]
    private let logger: Logger
    private let admin: Admin
    private var peeker: Consumer?
    private var cache: [PartitionOffset: Peeked] = [:]

    init(
        kafka: KafkaConfiguration, filter: [String]?, knownGroups: [String: [String]], timeoutMilliseconds: Int,
        logger: Logger
    ) throws(KafkaError) {
        var kafka = kafka
        for (name, value) in [
            ("isolation.level", "read_uncommitted"), ("fetch.message.max.bytes", String(Self.peekFetchBytes)),
        ] where kafka.properties[name] == nil {
            kafka.properties[name] = value
        }
        self.kafka = kafka
        self.filter = filter
        self.knownGroups = knownGroups
        self.logger = logger
        admin = try Admin(kafka, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// `now` is the samples' time, in milliseconds since 1970.
    func collect(now: Int64) throws(KafkaError) -> Observation {
        var notes: [String] = []
        // Only partitions that are there are asked for: asking for a topic that is gone could create it.
        var counts: [String: Int] = [:]
        var leaderless: Set<TopicPartition> = []
        for topic in try admin.metadata().topics {
            counts[topic.name] = topic.partitions
            leaderless.formUnion(topic.leaderless.map { TopicPartition(topic.name, $0) })
        }

        var groups: [Offsets] = []
        for group in try listGroups(&notes) {
            groups.append(try offsets(of: group.name, state: group.state, counts: counts, &notes))
        }
        let present = Set(groups.flatMap(\.places)).filter { $0.partition < counts[$0.topic] ?? 0 }
        // A partition without a leader has an end that nobody tells; the others are told all the same.
        let ends = try admin.ends(of: present.subtracting(leaderless).sorted())
        let next = nextRecords(groups, ends, now: now, &notes)

        return Observation(
            groups: groups.map { group in
                var samples: [TopicPartition: LagSample] = [:]
                for place in group.places {
                    var sample = LagSample(
                        time: now, committed: group.committed[place], end: ends[place], next: .unknown)
                    if let position = sample.position {
                        sample.next =
                            position == sample.end
                            ? .nothing : next[PartitionOffset(place, offset: position)] ?? .unknown
                    }
                    samples[place] = sample
                }
                return Group(name: group.name, state: group.state, samples: samples)
            }, notes: notes)
    }

    private func listGroups(_ notes: inout [String]) throws(KafkaError) -> [(name: String, state: String?)] {
        do throws(KafkaError) {
            let groups = try admin.groups()
            guard let filter else { return groups.map { ($0.name, $0.state) } }
            for name in filter where !groups.contains(where: { $0.name == name }) {
                notes.append("group \(name): not on the cluster")
            }
            return groups.filter { filter.contains($0.name) }.map { ($0.name, $0.state) }
        } catch {
            guard Self.refusals.contains(error.name) else { throw error }
            notes.append("the broker does not list groups (\(error.name)): only the groups known here are shown")
            return Set(filter ?? Array(knownGroups.keys)).sorted().map { ($0, nil) }
        }
    }

    /// A broker's ways to say that it cannot, or may not, list groups.
    private static let refusals: Set<String> = [
        "_UNSUPPORTED_FEATURE", "UNSUPPORTED_VERSION", "CLUSTER_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED",
    ]

    /// What a group committed, beside every partition of the topics it is seen or known to read.
    private func offsets(
        of group: String, state: String?, counts: [String: Int], _ notes: inout [String]
    ) throws(KafkaError) -> Offsets {
        var topics: Set<String> = []
        for topic in knownGroups[group] ?? [] {
            if counts[topic] == nil {
                notes.append("group \(group): topic \(topic) is not on the cluster")
            } else {
                topics.insert(topic)
            }
        }
        var committed: [PartitionOffset] = []
        do throws(KafkaError) {
            committed = try admin.committed(group: group)
            if committed.isEmpty, !topics.isEmpty {
                committed = try admin.committed(group: group, partitions: Self.places(of: topics, counts).sorted())
            }
        } catch {
            guard !error.isRetriable, !error.isFatal else { throw error }
            notes.append("group \(group): the committed offsets are unknown: \(error)")
        }
        var offsets: [TopicPartition: Int64] = [:]
        for item in committed {
            offsets[item.topicPartition] = item.offset
            topics.insert(item.topicPartition.topic)
        }
        return Offsets(
            name: group, state: state, committed: offsets,
            places: Self.places(of: topics, counts).union(offsets.keys))
    }

    private static func places(of topics: Set<String>, _ counts: [String: Int]) -> Set<TopicPartition> {
        var places: Set<TopicPartition> = []
        for topic in topics {
            for partition in 0..<(counts[topic] ?? 0) { places.insert(TopicPartition(topic, Int32(partition))) }
        }
        return places
    }

    /// The next unread record at each committed offset below its end, read where it is not remembered.
    private func nextRecords(
        _ groups: [Offsets], _ ends: [TopicPartition: Int64], now: Int64, _ notes: inout [String]
    ) -> [PartitionOffset: LagSample.NextRecord] {
        var lagging: Set<PartitionOffset> = []
        for group in groups {
            for (place, offset) in group.committed where offset < ends[place] ?? 0 {
                lagging.insert(PartitionOffset(place, offset: offset))
            }
        }
        cache = cache.filter { lagging.contains($0.key) }
        let due = lagging.filter { offset in
            cache[offset].map { now - $0.readAt >= Self.recheckMilliseconds } ?? true
        }
        var failure: String?
        for (offset, next) in peek(Array(due), &failure) { cache[offset] = Peeked(next: next, readAt: now) }

        let unknown = lagging.filter { cache[$0] == nil || cache[$0]?.next == .unknown }.count
        if unknown > 0 {
            let reason = failure.map { ": \($0)" } ?? ""
            notes.append("the age of the next unread record is unknown at \(unknown) offsets\(reason)")
        }
        return cache.mapValues(\.next)
    }

    /// Reads the first record at or behind each offset, in rounds; what is missing in the answer was not read in time.
    private func peek(
        _ wanted: [PartitionOffset], _ failure: inout String?
    ) -> [PartitionOffset: LagSample.NextRecord] {
        var found: [PartitionOffset: LagSample.NextRecord] = [:]
        let deadline = ContinuousClock.now + .milliseconds(Self.peeksMilliseconds)
        var rest = wanted
        while !rest.isEmpty, ContinuousClock.now < deadline {
            // A consumer reads a partition at one place only; another group's offset in it waits for the next round.
            var round: [PartitionOffset] = []
            var places: Set<TopicPartition> = []
            var later: [PartitionOffset] = []
            for item in rest {
                if round.count < Self.peekPartitions, places.insert(item.topicPartition).inserted {
                    round.append(item)
                } else {
                    later.append(item)
                }
            }
            rest = later
            do {
                try read(round, into: &found, &failure)
            } catch {
                peeker = nil
                failure = "\(error)"
                break
            }
        }
        if !rest.isEmpty, failure == nil { failure = "there was no time to read them all" }
        return found
    }

    private func read(
        _ round: [PartitionOffset], into found: inout [PartitionOffset: LagSample.NextRecord],
        _ failure: inout String?
    ) throws {
        let consumer = try peeker ?? makePeeker()
        peeker = consumer
        _ = consumer.takeErrors()
        try consumer.assign(round)
        var open = Set(round.indices)
        let deadline = ContinuousClock.now + .milliseconds(Self.peekMilliseconds)
        while !open.isEmpty, ContinuousClock.now < deadline {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records where open.remove(record.source) != nil {
                    let made = record.timestamp
                    found[round[record.source]] = made < 0 ? .unknown : .timestamp(made)
                }
            }
            for (place, error) in consumer.takeErrors() {
                guard let source = round.firstIndex(where: { $0.topicPartition == place }), open.contains(source)
                else { continue }
                if error.isOffsetOutOfRange {
                    found[round[source]] = .expired
                } else {
                    failure = "\(error)"
                    if error.isRetriable { continue }
                    found[round[source]] = .unknown
                }
                open.remove(source)
            }
            // Transactions leave markers that are counted as offsets and are no records.
            for source in open where consumer.assignment[source].reachedEnd {
                found[round[source]] = .unknown
                open.remove(source)
            }
        }
        if !open.isEmpty, failure == nil { failure = "no record within \(Self.peekMilliseconds) ms" }
        try consumer.assign([])
    }

    private func makePeeker() throws(KafkaError) -> Consumer {
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedRecords = Self.peekQueuedRecords
        options.maximumQueuedKilobytes = Self.peekQueuedKilobytes
        return try Consumer(kafka, options: options) { [logger] notice in
            switch notice {
            case .log(_, let facility, let message): logger.debug("\(facility): \(message)")
            case .error(let error): logger.warning("\(error)")
            case .statistics: break
            }
        }
    }
}
