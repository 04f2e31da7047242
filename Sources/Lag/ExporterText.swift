internal import Events
internal import Kafka

/// The metrics of kafka-lag-exporter, with its names and labels, in Prometheus' text format 0.0.4. An unknown value has
/// no series, and is never 0 or NaN. Seconds are the age of the next unread record, while that exporter interpolates.
///
/// The text comes in parts, one per metric and group, so the text of tens of thousands of partitions is never in memory
/// as a whole.
public struct ExporterText: Sequence, Sendable {
    enum Family: String, CaseIterable {
        case partitionEarliest = "kafka_partition_earliest_offset"
        case partitionLatest = "kafka_partition_latest_offset"
        case offset = "kafka_consumergroup_group_offset"
        case lag = "kafka_consumergroup_group_lag"
        case lagSeconds = "kafka_consumergroup_group_lag_seconds"
        case maxLag = "kafka_consumergroup_group_max_lag"
        case maxLagSeconds = "kafka_consumergroup_group_max_lag_seconds"
        case sumLag = "kafka_consumergroup_group_sum_lag"
        case topicSumLag = "kafka_consumergroup_group_topic_sum_lag"

        var help: String {
            switch self {
            case .partitionEarliest: "Earliest offset of a partition."
            case .partitionLatest: "Latest offset of a partition."
            case .offset: "Last offset that a group has committed of a partition."
            case .lag: "Offsets of a partition that a group has not read."
            case .lagSeconds: "Age of the next record of a partition that a group has not read."
            case .maxLag: "Greatest lag of a group in a partition, in offsets."
            case .maxLagSeconds: "Greatest lag of a group in a partition, in seconds."
            case .sumLag: "Lag of a group in all its partitions, in offsets."
            case .topicSumLag: "Lag of a group in all partitions of a topic, in offsets."
            }
        }
    }

    private let groups: [GroupLag]
    /// The label `cluster_name`.
    private let cluster: String
    private let head: [UInt8]

    /// `report` is nil if there is no current one; then there are no metrics. `head` has other metrics, which come
    /// first.
    public init(_ report: LagReport?, cluster: String, after head: [UInt8] = []) {
        (groups, self.cluster, self.head) = (report?.groups ?? [], cluster, head)
    }

    public func makeIterator() -> AnyIterator<[UInt8]> {
        var (family, group, isBegun) = (0, -1, false)
        // Groups may share partitions, and each series occurs once.
        var seen: Set<TopicPartition> = []
        return AnyIterator {
            if !isBegun {
                isBegun = true
                return head
            }
            guard family < Family.allCases.count, !groups.isEmpty else { return nil }
            let current = Family.allCases[family]
            defer {
                group += 1
                if group == groups.count { (family, group, seen) = (family + 1, -1, []) }
            }
            if group < 0 {
                return Array("# HELP \(current.rawValue) \(current.help)\n# TYPE \(current.rawValue) gauge\n".utf8)
            }
            var out = ByteWriter(capacity: 4096)
            write(current, groups[group], &seen, &out)
            return Array(out.bytes)
        }
    }

    private func write(_ family: Family, _ group: GroupLag, _ seen: inout Set<TopicPartition>, _ out: inout ByteWriter)
    {
        let name = family.rawValue
        // Labels are in ascending order.
        let clusterLabel = "cluster_name=\"\(Exposition.escaped(cluster))\","
        let groupLabel = "group=\"\(Exposition.escaped(group.group))\""
        func begin(_ label: String) {
            out.append(name)
            out.append("{")
            out.append(label)
        }
        func end(_ value: Exposition.Sample) {
            out.append("} ")
            out.append(value.text)
            out.append("\n")
        }
        func append(_ topicPartition: TopicPartition) {
            out.append("partition=\"")
            out.append(decimal: Int64(topicPartition.partition))
            out.append("\",topic=\"")
            out.append(Exposition.escaped(topicPartition.topic))
            out.append("\"")
        }
        func addGroup(_ value: Exposition.Sample?) {
            guard let value else { return }
            begin(clusterLabel)
            out.append(groupLabel)
            end(value)
        }
        func addEach(_ value: (GroupLag.Partition) -> Exposition.Sample?) {
            for partition in group.partitions {
                guard let value = value(partition) else { continue }
                let (client, host) = partition.memberParts
                begin("client_id=\"")
                out.append(Exposition.escaped(client))
                out.append("\",")
                out.append(clusterLabel)
                out.append("consumer_id=\"\",")
                out.append(groupLabel)
                out.append(",member_host=\"")
                out.append(Exposition.escaped(host))
                out.append("\",")
                append(partition.topicPartition)
                end(value)
            }
        }
        func addLog(_ value: (LagEvaluation) -> Int64?) {
            for partition in group.partitions {
                guard let value = value(partition.lag), seen.insert(partition.topicPartition).inserted else { continue }
                begin(clusterLabel)
                append(partition.topicPartition)
                end(.init(value))
            }
        }
        switch family {
        case .partitionEarliest: addLog(\.start)
        case .partitionLatest: addLog { lag in lag.end.map { $0 + lag.held } }
        case .offset: addEach { $0.lag.committed.map { .init($0) } }
        case .lag: addEach { $0.lag.records.map { .init($0) } }
        case .lagSeconds: addEach { $0.lag.seconds.map { .init($0) } }
        case .maxLag:
            addGroup(group.records.flatMap { _ in group.partitions.compactMap(\.lag.records).max() }.map { .init($0) })
        case .maxLagSeconds: addGroup(group.seconds.map { .init($0) })
        case .sumLag: addGroup(group.records.map { .init($0) })
        case .topicSumLag:
            for (topic, partitions) in group.byTopic {
                let known = partitions.compactMap(\.lag.records)
                guard known.count == partitions.count else { continue }
                begin(clusterLabel)
                out.append(groupLabel)
                out.append(",topic=\"\(Exposition.escaped(topic))\"")
                end(.init(known.reduce(0, +)))
            }
        }
    }
}

extension GroupLag {
    /// By name.
    var byTopic: [(topic: String, partitions: ArraySlice<Partition>)] {
        var found: [(topic: String, partitions: ArraySlice<Partition>)] = []
        var rest = partitions[...]
        while let topic = rest.first?.topicPartition.topic {
            let part = rest.prefix { $0.topicPartition.topic == topic }
            found.append((topic, part))
            rest = rest.dropFirst(part.count)
        }
        return found
    }
}

extension GroupLag.Partition {
    /// The member's client and host; empty if the reader is not known.
    var memberParts: (client: String, host: String) {
        guard let member else { return ("", "") }
        let separator = Array(LagCollector.memberHost.utf8)
        var rest = member.utf8[...]
        // A host has no space in it, but a client may have one.
        while let space = rest.lastIndex(of: UInt8(ascii: " ")) {
            if let start = member.utf8.index(space, offsetBy: 1 - separator.count, limitedBy: member.startIndex),
                member.utf8[start...space].elementsEqual(separator)
            {
                return (String(member[..<start]), String(member[member.utf8.index(after: space)...]))
            }
            rest = rest[..<space]
        }
        return (member, "")
    }
}
