import Events
import Foundation
import Kafka

/// All groups at one instant.
public struct LagReport: Sendable, Hashable {
    /// Milliseconds since 1970.
    public let time: Int64
    /// By name.
    public let groups: [GroupLag]
    /// What could not be learned, in sentences for people. They are messages: the table leaves them out.
    public let notes: [String]
    /// What the lag of Standing's own groups is to people; nil if nobody said which groups those are.
    public var people: PeopleLag?

    public init(time: Int64, groups: [GroupLag], notes: [String]) {
        self.time = time
        self.groups = groups.sorted { $0.group < $1.group }
        self.notes = notes
    }

    /// The same with what the members of a group say themselves, where it is behind, and with further notes.
    public func adding(_ causes: [LagCause], to group: String, notes more: [String] = []) -> LagReport {
        var groups = groups
        for index in groups.indices where groups[index].group == group && groups[index].status != .ok {
            groups[index].insideCauses = causes
        }
        var report = LagReport(time: time, groups: groups, notes: notes + more)
        report.people = people
        return report
    }

    /// One sentence for each group that is not within `maxSeconds`: a partition of it is further behind, or by unknown
    /// seconds. A partition of which not even the lag is known (such as one for which nothing was committed) does not
    /// count; but of the groups that are `asked` for by name, one of which nothing at all is known is not within the limit
    /// either.
    public func excesses(maxSeconds: Double, asked: [String] = []) -> [String] {
        let limit = String(format: "%g s", maxSeconds)
        var sentences: [String] = []
        for group in groups {
            let name = "group " + group.group.printable()
            if let worst = group.worst(beyond: maxSeconds) {
                let place = worst.place.description.printable()
                let age = worst.lag.seconds.map { LagText.decimal($0) + " s behind" } ?? "behind by an unknown time"
                sentences.append("\(name): \(place) is \(age), the limit is \(limit)")
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
