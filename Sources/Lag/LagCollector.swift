import Kafka
import Logging

/// Asks a cluster for what `LagEvaluation` judges: groups, their committed offsets, the ends, and the timestamps of the
/// next unread records. Every call blocks; one thread uses it.
///
/// Offsets are read before ends, so that a group that reads while it is looked at never seems to be beyond the end.
/// Ends count every record, also of open transactions, as Kafka's own tools do.
///
/// What a group has not read counts only if somebody can read it: the ends of transactions, what aborted ones left, and
/// holes are nothing to read. A group that reads uncommitted records too may still read what was aborted; that it lags
/// there only is not seen.
final class LagCollector {
    struct Group {
        let name: String
        /// Nil where the broker cannot list groups.
        let state: String?
        let partitions: [TopicPartition: Partition]
    }

    struct Partition {
        let sample: LagSample
        let unit: LagUnit
    }

    struct Observation {
        let groups: [Group]
        let notes: [String]
    }

    /// A record that stays the next unread one is not read again for so long; after that it is, because retention may
    /// have taken it.
    static let recheckMilliseconds: Int64 = 60_000

    private struct Peeked {
        let first: FirstRecord
        let readAt: Int64
    }

    /// A group's offsets before the ends are known.
    private struct Offsets {
        let name: String
        let state: String?
        let committed: [TopicPartition: Int64]
        let places: Set<TopicPartition>
    }

    private let filter: [String]?
    private let knownGroups: [String: [String]]
    private let admin: Admin
    private let reader: FirstRecordReader
    /// Also reads what an open transaction has written.
    private let openReader: FirstRecordReader
    private let frames: FrameCounter?
    private var cache: [PartitionOffset: Peeked] = [:]

    init(
        kafka: KafkaConfiguration, filter: [String]?, knownGroups: [String: [String]], ledgers: FramedTopics?,
        timeoutMilliseconds: Int, logger: Logger
    ) throws(KafkaError) {
        self.filter = filter
        self.knownGroups = knownGroups
        reader = FirstRecordReader(kafka, isolation: "read_committed", logger: logger)
        openReader = FirstRecordReader(kafka, isolation: "read_uncommitted", logger: logger)
        frames = ledgers.map { FrameCounter(kafka, topics: $0, logger: logger) }
        var open = kafka
        if open.properties["isolation.level"] == nil { open.properties["isolation.level"] = "read_uncommitted" }
        admin = try Admin(open, timeoutMilliseconds: timeoutMilliseconds)
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
        // A partition without a leader has no known end; the others' ends are still read.
        let ends = try admin.ends(of: present.subtracting(leaderless).sorted())
        let next = nextRecords(groups, ends, now: now, &notes)
        countFrames(groups, ends, &notes)

        return Observation(
            groups: groups.map { group in
                var partitions: [TopicPartition: Partition] = [:]
                for place in group.places {
                    var sample = LagSample(
                        time: now, committed: group.committed[place], end: ends[place], next: .unknown)
                    if let position = sample.position {
                        sample.next =
                            position == sample.end
                            ? .nothing : next[PartitionOffset(place, offset: position)] ?? .unknown
                    }
                    partitions[place] = Partition(sample: sample, unit: unit(of: place, sample))
                }
                return Group(name: group.name, state: group.state, partitions: partitions)
            }, notes: notes)
    }

    private func unit(of place: TopicPartition, _ sample: LagSample) -> LagUnit {
        guard let frames, frames.isFramed(place.topic) else { return .records }
        guard let position = sample.position, let end = sample.end, position <= end else { return .frames(events: nil) }
        return .frames(events: sample.next == .nothing ? 0 : frames.events(in: place, from: position, to: end))
    }

    /// Counts the events in unread frames, from the group on that is furthest behind of those within the counter's bound.
    private func countFrames(
        _ groups: [Offsets], _ ends: [TopicPartition: Int64], _ notes: inout [String]
    ) {
        guard let frames else { return }
        var unread: [TopicPartition: Range<Int64>] = [:]
        for group in groups {
            for (place, offset) in group.committed where frames.isFramed(place.topic) {
                guard let end = ends[place], offset < end, end - offset <= FrameCounter.maximumFrames else { continue }
                unread[place] = min(offset, unread[place]?.lowerBound ?? offset)..<end
            }
        }
        var failure: String?
        frames.count(unread, &failure)
        if let failure { notes.append("the events in unread frames are not counted: \(failure)") }
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
        /// Each with the end of its partition.
        var lagging: [PartitionOffset: Int64] = [:]
        for group in groups {
            for (place, offset) in group.committed {
                guard let end = ends[place], offset < end else { continue }
                lagging[PartitionOffset(place, offset: offset)] = end
            }
        }
        cache = cache.filter { lagging[$0.key] != nil }
        let due = lagging.filter { offset, end in
            guard let peeked = cache[offset] else { return true }
            return peeked.first.next(before: end) == nil || now - peeked.readAt >= Self.recheckMilliseconds
        }
        var failure: String?
        for (offset, first) in firstRecords(due, &failure) { cache[offset] = Peeked(first: first, readAt: now) }

        var next: [PartitionOffset: LagSample.NextRecord] = [:]
        for (offset, end) in lagging { next[offset] = cache[offset]?.first.next(before: end) ?? .unknown }
        let unknown = next.values.filter { $0 == .unknown }.count
        if unknown > 0 {
            let reason = failure.map { ": \($0)" } ?? ""
            notes.append("the age of the next unread record is unknown at \(unknown) offsets\(reason)")
        }
        return next
    }

    /// The first record from each offset on; `wanted` says where the partitions end. What can be read ends earlier where a
    /// transaction is open: a record of it is unread as well.
    private func firstRecords(
        _ wanted: [PartitionOffset: Int64], _ failure: inout String?
    ) -> [PartitionOffset: FirstRecord] {
        var found = reader.read(Array(wanted.keys), &failure)
        var held: [PartitionOffset: PartitionOffset] = [:]
        for (offset, first) in found {
            guard case .end(let place) = first, first.next(before: wanted[offset] ?? 0) == nil else { continue }
            held[offset] = PartitionOffset(offset.topicPartition, offset: max(place, offset.offset))
        }
        guard !held.isEmpty else { return found }
        let open = openReader.read(Array(Set(held.values)), &failure)
        for (offset, place) in held { found[offset] = open[place] }
        return found
    }
}
