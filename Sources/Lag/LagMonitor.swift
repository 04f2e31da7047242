public import Kafka
public import Logging

/// Observes the lag of every consumer group of a cluster, Standing's and others: each `observe` takes one sample of
/// every partition and evaluates the last `window` of them. Only one thread may use it.
public final class LagMonitor {
    /// The limit of its clients to the cluster: two for requests, and consumers of next records, of frames and of keys.
    public static let clients = 6

    /// Enough for the next records of tens of thousands of partitions.
    public static let standardQueuedKilobytes = 16 * 1024

    private let collector: LagCollector
    private let keys: KeySampler
    /// By group.
    private var histories: [String: GroupHistory] = [:]

    /// - Parameters:
    ///   - groups: The groups to observe; nil for every group of the cluster.
    ///   - knownGroups: The topics that groups are known to read. They replace the list of groups if a broker has none (the
    ///     embedded one), and add topics that a group reads and has not committed yet. They are groups of this program, so
    ///     `isolation.level` decides what they read.
    ///   - committedReaders: Other groups that read only committed data.
    ///   - ledgers: Topics of frames. Their lag is counted in frames and, near the end, in events as well.
    ///   - timeoutMilliseconds: The longest wait for one answer of the cluster.
    ///   - queuedKilobytes: The limit of each consumer's queue. With less, a look reads fewer records and frames.
    public init(
        kafka: KafkaConfiguration, groups: [String]? = nil, knownGroups: [String: [String]] = [:],
        committedReaders: [GroupPattern] = [], ledgers: FramedTopics? = nil, timeoutMilliseconds: Int = 10_000,
        queuedKilobytes: Int = LagMonitor.standardQueuedKilobytes,
        logger: Logger = Logger(label: "standing.lag")
    ) throws(KafkaError) {
        collector = try LagCollector(
            kafka: kafka, filter: groups, knownGroups: knownGroups, committedReaders: committedReaders,
            ledgers: ledgers, timeoutMilliseconds: timeoutMilliseconds,
            queuedKilobytes: queuedKilobytes, logger: logger)
        keys = KeySampler(kafka, topics: ledgers, queuedKilobytes: queuedKilobytes, logger: logger)
    }

    /// Takes a sample and reports. `now` is the wall clock in milliseconds since 1970. Blocks for some seconds, and
    /// longer if brokers do not answer. Throws if the cluster does not answer at all. The next call may succeed, and
    /// continues the same windows.
    @available(*, noasync, message: "observe blocks: call it on a thread of its own")
    public func observe(now: Int64) throws(KafkaError) -> LagReport {
        let observation = try collector.collect(now: now)
        var retained: [String: GroupHistory] = [:]
        var groups = observation.groups.map { group in
            var history = histories.removeValue(forKey: group.profile.name) ?? GroupHistory()
            let partitions = history.note(group, now: now)
            retained[group.profile.name] = history
            return GroupLag(group.profile, partitions: partitions, unrest: history.unrest)
        }
        histories = retained
        readHotKeys(&groups)
        return LagReport(time: now, groups: groups, notes: observation.notes)
    }
}

extension LagMonitor {
    /// The limit of groups whose hot partitions a look reads.
    static let hotPartitionsRead = 2

    /// Finds the most frequent keys of hot partitions, in the groups with the greatest lag.
    private func readHotKeys(_ groups: inout [GroupLag]) {
        let hot = groups.indices.compactMap { index in LagCause.hot(groups[index]).map { (index, $0.partition) } }
        let worst = hot.sorted { $0.1.lag.records ?? 0 > $1.1.lag.records ?? 0 }.prefix(Self.hotPartitionsRead)
        for (index, partition) in worst {
            let lag = partition.lag
            guard let committed = lag.committed, let end = lag.end else { continue }
            let position = max(committed, lag.start ?? committed)
            groups[index].hotKeyShare = keys.read(partition.topicPartition, from: position, to: end)
        }
    }
}

/// A group's state in a monitor.
struct GroupHistory {
    /// The number of looks, among the last `unrestLooks`, at which the group's members or state had changed.
    private(set) var unrest = 0
    static let unrestLooks = 12

    private var windows: [TopicPartition: LagWindow] = [:]
    private var profile: GroupProfile?
    private var changes: [Bool] = []

    /// Adds a look's samples, and evaluates each partition.
    mutating func note(_ group: LagCollector.Group, now: Int64) -> [GroupLag.Partition] {
        note(group.profile)
        // Windows of partitions that no longer exist are dropped.
        var retained: [TopicPartition: LagWindow] = [:]
        retained.reserveCapacity(group.partitions.count)
        let partitions = group.partitions.map { topicPartition, seen in
            var window = windows.removeValue(forKey: topicPartition) ?? LagWindow()
            window.append(seen.sample)
            let lag = LagEvaluation(window, now: now, seen.context)
            retained[topicPartition] = window
            return GroupLag.Partition(
                topicPartition: topicPartition, lag: lag, unit: seen.unit, reader: seen.context.reader,
                member: seen.member,
                subjects: seen.subjects)
        }
        windows = retained
        return partitions
    }

    mutating func note(_ profile: GroupProfile) {
        if let before = self.profile {
            if changes.count == Self.unrestLooks { changes.removeFirst() }
            changes.append(before.state != profile.state || before.members != profile.members)
            unrest = changes.count { $0 }
        }
        self.profile = profile
    }
}
