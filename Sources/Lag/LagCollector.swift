import Foundation
import Kafka
import Logging

/// Asks a cluster for the input of `LagEvaluation`: groups and their members, their committed offsets, the logs' starts
/// and ends, and the timestamps of the next unread records. Every call blocks. Only one thread may use it.
///
/// Every request to a broker has a time limit. A request that is refused, or hangs, only leaves its own answer unknown.
///
/// Offsets are read before ends, so that a group that reads during a look never seems to be beyond the end.
///
/// Unread offsets count only if they have records that can be read: the ends of transactions, aborted records, and
/// holes do not count. The lag of a group that reads only committed data ends at the last stable offset. It is not
/// known what another group reads. Its lag ends at the high watermark, also over open transactions, as in Kafka's own
/// tools. A lag that consists only of aborted records is not detected there.
final class LagCollector {
    struct Group {
        let profile: GroupProfile
        let partitions: [TopicPartition: Partition]
    }

    struct Partition {
        let sample: LagSample
        let unit: LagUnit
        let context: LagContext
        /// The reader, for people; nil if it is not known, or if there is none.
        let member: String?
        /// Nil if the group may not read events about subjects.
        let subjects: CountBounds?
    }

    struct Observation {
        let groups: [Group]
        let notes: [String]
    }

    /// The longest wait for one broker's description of the topics. If it hangs, another one is asked.
    static let metadataMilliseconds = 2_500
    static let metadataPause = 0.1
    /// The longest waits for the list of groups, for one coordinator's answers about a group, and for those about all
    /// groups.
    static let listMilliseconds = 3_000
    static let descriptionLimits = Admin.GroupLimits(requestMilliseconds: 2_000, totalMilliseconds: 4_000)
    static let commitLimits = Admin.GroupLimits(requestMilliseconds: 3_000, totalMilliseconds: 6_000)
    /// The limit of groups that a note names for one reason. The others are counted.
    static let namedGroups = 5

    /// A group and its offsets, before the ends are known.
    struct Offsets {
        var profile: GroupProfile
        var committed: [TopicPartition: Int64] = [:]
        var partitions: Set<TopicPartition> = []
        var members: [TopicPartition: String] = [:]
    }

    let filter: [String]?
    let knownGroups: [String: [String]]
    private let committedReaders: [GroupPattern]
    private let timeoutMilliseconds: Int
    /// Reads high watermarks.
    private let admin: Admin
    /// Reads last stable offsets and groups. It waits no longer than the limits above.
    let groupAdmin: Admin
    private let nextRecords: NextRecords
    private let retention: TopicRetention
    private let frames: FrameCounter?
    /// The last list of groups, for looks at which brokers do not list them.
    var listed: [String: Admin.Group] = [:]

    init(
        kafka: KafkaConfiguration, filter: [String]?, knownGroups: [String: [String]], committedReaders: [GroupPattern],
        ledgers: FramedTopics?, timeoutMilliseconds: Int, queuedKilobytes: Int, logger: Logger
    ) throws(KafkaError) {
        self.filter = filter
        self.timeoutMilliseconds = timeoutMilliseconds
        self.knownGroups = knownGroups
        self.committedReaders = committedReaders
        // The property decides only what this process's groups read, not what is read here.
        let isOwnCommitted = kafka.properties["isolation.level"] != "read_uncommitted"
        ownReadCommitted = isOwnCommitted
        var (uncommitted, committed) = (kafka, kafka)
        uncommitted.properties["isolation.level"] = "read_uncommitted"
        committed.properties["isolation.level"] = "read_committed"
        committed.patience.limit = .milliseconds(Self.listMilliseconds)
        admin = try Admin(uncommitted, timeoutMilliseconds: timeoutMilliseconds)
        groupAdmin = try Admin(committed, timeoutMilliseconds: min(timeoutMilliseconds, Self.listMilliseconds))
        retention = TopicRetention(groupAdmin)
        nextRecords = NextRecords(kafka, queuedKilobytes: queuedKilobytes, logger: logger)
        frames = ledgers.map {
            FrameCounter(kafka, topics: $0, queuedKilobytes: queuedKilobytes, logger: logger)
        }
    }

    private let ownReadCommitted: Bool

    /// `now` is the samples' time, in milliseconds since 1970.
    func collect(now: Int64) throws(KafkaError) -> Observation {
        var notes: [String] = []
        // Only existing partitions are requested: a request for a topic that no longer exists could create it.
        let topics = try readTopics()
        var groups = readGroups(counts: Dictionary(topics.map { ($0.name, $0.partitions) }) { $1 }, &notes)
        for index in groups.indices {
            let name = groups[index].profile.name
            groups[index].profile.readsCommitted =
                (knownGroups[name] != nil && ownReadCommitted) || committedReaders.contains { $0.matches(name) }
        }
        let logs = readLogs(groups, topics, &notes)

        var positions: [NextRecords.Position: NextRecords.Wanted] = [:]
        var lagging: Set<String> = []
        var samples = groups.map { group in
            group.partitions.reduce(into: [TopicPartition: LagSample]()) { samples, partition in
                let sample = logs.sample(of: partition, group, now: now)
                samples[partition] = sample
                guard let position = sample.unread(partition, group.profile), let end = sample.end else { return }
                lagging.insert(partition.topic)
                positions[position] = NextRecords.Wanted(end: end, mayExpire: sample.start == nil)
            }
        }
        let next = readNext(positions, now: now, &notes)
        for (index, group) in groups.enumerated() {
            for (partition, sample) in samples[index] {
                if let position = sample.unread(partition, group.profile) {
                    samples[index][partition]?.next = next[position] ?? .unknown
                } else if sample.isRead {
                    samples[index][partition]?.next = .nothing
                }
            }
        }
        countFrames(samples, &notes)
        let retentions = retention.read(lagging, now: now)
        return Observation(
            groups: zip(groups, samples).map { group, samples in
                Group(
                    profile: group.profile,
                    partitions: samples.reduce(into: [:]) { result, item in
                        let (partition, sample) = item
                        let context = LagContext(
                            reader: group.profile.reader(of: partition, group.members),
                            retention: retentions[partition.topic],
                            knowsCommits: group.profile.commitFailure == nil)
                        result[partition] = Partition(
                            sample: sample, unit: unit(of: partition, sample), context: context,
                            member: group.members[partition],
                            subjects: knownGroups[group.profile.name].map { _ in subjects(of: partition, sample) })
                    })
            }, notes: notes)
    }

    // MARK: Logs

    /// Throws if no broker describes the topics in time. Each handle asks any broker to which it has a connection.
    private func readTopics() throws(KafkaError) -> [Metadata.Topic] {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
        var (asked, other) = (admin, groupAdmin)
        while true {
            let left = Int((deadline - ContinuousClock.now) / .milliseconds(1))
            do throws(KafkaError) {
                return try asked.metadata(milliseconds: max(1, min(Self.metadataMilliseconds, left))).topics
            } catch {
                guard error.isRetriable, !error.isFatal, left > Self.metadataMilliseconds else { throw error }
                swap(&asked, &other)
                Thread.sleep(forTimeInterval: Self.metadataPause)
            }
        }
    }

    /// The leaders' answers about the partitions' logs.
    private struct Logs {
        var starts: [TopicPartition: Int64] = [:]
        var highWatermarks: [TopicPartition: Int64] = [:]
        var lastStableOffsets: [TopicPartition: Int64] = [:]

        func sample(of partition: TopicPartition, _ group: Offsets, now: Int64) -> LagSample {
            let highWatermark = highWatermarks[partition]
            let end = group.profile.readsCommitted ? lastStableOffsets[partition] : highWatermark
            return LagSample(
                time: now, committed: group.committed[partition], start: starts[partition], end: end,
                highWatermark: highWatermark, next: .unknown)
        }
    }

    private func readLogs(_ groups: [Offsets], _ topics: [Metadata.Topic], _ notes: inout [String]) -> Logs {
        var leaders: [TopicPartition: Int32] = [:]
        for topic in topics {
            for (partition, leader) in topic.leaders.enumerated() where leader >= 0 {
                leaders[TopicPartition(topic.name, Int32(partition))] = leader
            }
        }
        let partitions = Set(groups.flatMap(\.partitions))
        let stable = Set(groups.filter(\.profile.readsCommitted).flatMap(\.partitions))
        var offsets = LogOffsets(uncommitted: admin, committed: groupAdmin, leaders: leaders)
        var logs = Logs()
        // A last stable offset that is read before the high watermark is never beyond it.
        logs.lastStableOffsets = offsets.read(.lastStableOffset, of: stable)
        logs.highWatermarks = offsets.read(.highWatermark, of: partitions)
        let behind = groups.reduce(into: Set<TopicPartition>()) { behind, group in
            for partition in group.partitions {
                guard let end = logs.highWatermarks[partition], group.committed[partition] ?? 0 < end else { continue }
                behind.insert(partition)
            }
        }
        logs.starts = offsets.read(.start, of: behind)
        for (leader, error) in offsets.failures.sorted(by: { $0.key < $1.key }) {
            notes.append("broker \(leader) does not tell the offsets of all its partitions: \(error)")
        }
        let leaderless = partitions.filter { leaders[$0] == nil }.count
        if leaderless > 0 { notes.append("partitions without a leader, whose ends are unknown: \(leaderless)") }
        return logs
    }

    // MARK: Records

    private func readNext(
        _ positions: [NextRecords.Position: NextRecords.Wanted], now: Int64, _ notes: inout [String]
    ) -> [NextRecords.Position: LagSample.NextRecord] {
        var failure: String?
        let next = nextRecords.read(positions, now: now, &failure)
        let unknown = next.values.filter { $0 == .unknown }.count
        if unknown > 0 {
            let reason = failure.map { ": \($0)" } ?? ""
            notes.append("the age of the next unread record is unknown at \(unknown) offsets\(reason)")
        }
        return next
    }

    private func unit(of partition: TopicPartition, _ sample: LagSample) -> LagUnit {
        guard let frames, frames.isFramed(partition.topic) else { return .records }
        guard let position = sample.position, let end = sample.end, position <= end else { return .frames(events: nil) }
        return .frames(events: sample.isRead ? 0 : frames.events(in: partition, from: position, to: end))
    }

    /// The subjects of a partition of Standing's groups, in which each record that is not a frame of the ledger is an
    /// event or a fact about one subject.
    private func subjects(of partition: TopicPartition, _ sample: LagSample) -> CountBounds {
        guard let position = sample.position, let end = sample.end, position <= end else { return .unknown }
        if sample.isRead { return CountBounds(exactly: 0) }
        if let frames, frames.isFramed(partition.topic) {
            return frames.subjects(in: partition, from: position, to: end)
        }
        return CountBounds(atLeast: 0, atMost: end - position)
    }

    /// Counts the events in unread frames. Starts at the group with the greatest lag of those within the counter's
    /// limit. If there are none, it starts at the first frames that one of the other groups has not read.
    private func countFrames(_ samples: [[TopicPartition: LagSample]], _ notes: inout [String]) {
        guard let frames else { return }
        var unread: [TopicPartition: Range<Int64>] = [:]
        var far: [TopicPartition: Range<Int64>] = [:]
        for (partition, sample) in samples.joined() where frames.isFramed(partition.topic) {
            guard let position = sample.position, let end = sample.end, position < end else { continue }
            guard end - position <= FrameCounter.maximumFrames else {
                far[partition] = position..<position + FrameCounter.maximumFrames
                continue
            }
            let known = unread[partition] ?? position..<end
            unread[partition] = min(position, known.lowerBound)..<max(end, known.upperBound)
        }
        unread.merge(far) { near, _ in near }
        var failure: String?
        frames.count(unread, &failure)
        if let failure { notes.append("the events in unread frames are not counted: \(failure)") }
    }
}

extension LagSample {
    /// The position of the record that the group reads next; nil if it is at the end, or if it is not known.
    fileprivate func unread(_ partition: TopicPartition, _ group: GroupProfile) -> NextRecords.Position? {
        guard let position, let end, position < end else { return nil }
        return NextRecords.Position(
            offset: PartitionOffset(partition, offset: position), isCommitted: group.readsCommitted)
    }
}
