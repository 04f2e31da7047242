public import Kafka
public import Logging

/// Watches the lag of every consumer group of a cluster, ours and others': each `observe` takes one sample of every
/// partition and judges the last `window` of them. A value of one thread.
public final class LagMonitor {
    private struct Key: Hashable {
        let group: String
        let place: TopicPartition
    }

    private let collector: LagCollector
    private let window: Int
    private var windows: [Key: LagWindow] = [:]

    /// - Parameters:
    ///   - groups: Only these; nil for every group of the cluster.
    ///   - knownGroups: The topics that groups are known to read. They stand in for the list of groups where a broker
    ///     has none (the embedded one), and show what a group reads but has not committed yet.
    ///   - ledgers: Topics of frames: their lag is counted in frames and, near the end, in events as well.
    ///   - window: Samples kept of a partition.
    ///   - timeoutMilliseconds: Longest wait for one answer of the cluster.
    public init(
        kafka: KafkaConfiguration, groups: [String]? = nil, knownGroups: [String: [String]] = [:],
        ledgers: FramedTopics? = nil, window: Int = 12, timeoutMilliseconds: Int = 10_000,
        logger: Logger = Logger(label: "standing.lag")
    ) throws(KafkaError) {
        collector = try LagCollector(
            kafka: kafka, filter: groups, knownGroups: knownGroups, ledgers: ledgers,
            timeoutMilliseconds: timeoutMilliseconds, logger: logger)
        self.window = window
    }

    /// Takes a sample and reports; `now` is the wall clock in milliseconds since 1970. Blocks for some round trips, and
    /// for about a minute more where records cannot be read. Throws if the cluster does not answer; the next call may
    /// succeed and goes on with the same windows.
    @available(*, noasync, message: "observe blocks: call it on a thread of its own")
    public func observe(now: Int64) throws(KafkaError) -> LagReport {
        let observation = try collector.collect(now: now)
        var kept: [Key: LagWindow] = [:]
        let groups = observation.groups.map { group in
            let partitions = group.partitions.map { place, seen in
                let key = Key(group: group.name, place: place)
                var samples = windows[key] ?? LagWindow(limit: window)
                samples.append(seen.sample)
                kept[key] = samples
                return GroupLag.Partition(
                    place: place, lag: LagEvaluation(samples.samples, now: now), unit: seen.unit)
            }
            return GroupLag(group: group.name, state: group.state, partitions: partitions)
        }
        windows = kept
        return LagReport(time: now, groups: groups, notes: observation.notes)
    }
}
