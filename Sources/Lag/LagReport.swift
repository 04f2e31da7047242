import Events
import Foundation
import Kafka

/// All groups at one time.
public struct LagReport: Sendable, Hashable {
    /// Milliseconds since 1970.
    public let time: Int64
    /// By name.
    public let groups: [GroupLag]
    /// What could not be read, in sentences for people. They are messages, which the table omits.
    public let notes: [String]
    /// The people that the lag of Standing's own groups affects; nil if it is not known which groups those are.
    public var people: PeopleLag?

    public init(time: Int64, groups: [GroupLag], notes: [String]) {
        self.time = time
        self.groups = groups.sorted { $0.group < $1.group }
        self.notes = notes
    }

    /// Adds causes that the members of a lagging group report, and further notes.
    public func adding(_ causes: [LagCause], to group: String, notes more: [String] = []) -> LagReport {
        var groups = groups
        for index in groups.indices where groups[index].group == group && groups[index].status != .ok {
            groups[index].insideCauses = causes
        }
        var report = LagReport(time: time, groups: groups, notes: notes + more)
        report.people = people
        return report
    }

    /// One sentence for each group with a partition that lags by more than `maxSeconds`, or by unknown seconds. A
    /// partition whose lag is unknown (such as one without a commit) does not count. But a group that is `asked` for by
    /// name exceeds the limit too if nothing at all is known of it.
    public func excesses(maxSeconds: Double, asked: [String] = []) -> [String] {
        let limit = String(format: "%g s", maxSeconds)
        var sentences: [String] = []
        for group in groups {
            let name = "group " + group.group.printable()
            if let worst = group.worst(beyond: maxSeconds) {
                let partition = worst.topicPartition.description.printable()
                let age = worst.lag.seconds.map { LagText.decimal($0) + " s behind" } ?? "behind by an unknown time"
                sentences.append("\(name): \(partition) is \(age), the limit is \(limit)")
            } else if group.knownRecords == nil, asked.contains(group.group) {
                sentences.append("\(name): its lag is unknown, so nothing shows that it is within \(limit)")
            }
        }
        let present = Set(groups.map(\.group))
        for group in Set(asked).subtracting(present).sorted() {
            sentences.append(
                "group \(group.printable()): not on the cluster, so nothing shows that it is within \(limit)")
        }
        return sentences
    }
}
