import Events
import Foundation
import Kafka

extension LagReport {
    /// One line without its end: an object with sorted keys. An unknown value is null. `time` is RFC 3339 in UTC.
    /// Seconds, rates and shares are rounded to thousandths. `catchUp` is seconds, `"never"` or null. `unit` is the
    /// unit of `records` and the rates, `records` or `frames`; `events` are the unread events in frames. `seconds` are
    /// the age of the next unread record, exact or null. `retention` is the share that is used up. `isolation` is
    /// `read_committed` for a group that reads only committed data, according to the configuration.
    ///
    /// `subjects` are those with unread events; only Standing's own groups have them. `people`, if Standing's groups
    /// are known, are the people that their lag affects: bounds, and `exact` if they are equal.
    public func json() -> String {
        var bytes: [UInt8] = []
        for chunk in jsonChunks { bytes += chunk }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The same text in parts, one per group, so that a report of tens of thousands of partitions is not in memory
    /// twice.
    public var jsonChunks: some Sequence<[UInt8]> & Sendable { JSONChunks(self) }

    private struct JSONChunks: Sequence, Sendable {
        let report: LagReport

        init(_ report: LagReport) { self.report = report }

        func makeIterator() -> AnyIterator<[UInt8]> {
            var index = -1
            return AnyIterator {
                defer { index += 1 }
                guard index <= report.groups.count else { return nil }
                var out = JSONWriter()
                if index < 0 {
                    return Array(#"{"groups":["#.utf8)
                } else if index < report.groups.count {
                    LagReport.write(report.groups[index], &out)
                    return (index > 0 ? [UInt8(ascii: ",")] : []) + out.take()
                }
                report.writeEnd(&out)
                return Array("],".utf8) + out.take().dropFirst()
            }
        }
    }

    /// Writes everything after the groups, as an object of its own.
    private func writeEnd(_ out: inout JSONWriter) {
        out.open()
        out.list("notes", notes) { out, note in out.value(note) }
        if let people {
            out.key("people")
            Self.write(people, &out)
        }
        out.member("time", Self.text(time))
        out.close()
    }

    private static func write(_ people: PeopleLag, _ out: inout JSONWriter) {
        out.open()
        out.catchUp(people.catchUp)
        out.member("openSanctions", people.openSanctions)
        out.member("overdueSanctions", people.overdueSanctions)
        out.member("sourceRecords", people.sourceRecords)
        out.key("staleSources")
        if let stale = people.staleSources {
            out.list(stale) { out, topic in out.value(topic) }
        } else {
            out.null()
        }
        out.member("subjects", people.subjects)
        out.member("waitingSanctions", people.waitingSanctions)
        out.close()
    }

    /// RFC 3339 in UTC.
    static func text(_ time: Int64) -> String {
        let (seconds, milliseconds) = time.quotientAndRemainder(dividingBy: 1000)
        let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        return whole.dropLast() + String(format: ".%03ldZ", Int(milliseconds))
    }

    fileprivate static func write(_ group: GroupLag, _ out: inout JSONWriter) {
        out.open()
        out.member("arrivalRate", thousandths: group.arrivalRate)
        out.catchUp(group.catchUp)
        out.list("causes", group.causes) { out, cause in
            out.open()
            out.member("code", cause.code.rawValue)
            out.member("partition", cause.topicPartition.map(\.partition))
            out.member("sentence", cause.sentence)
            out.member("topic", cause.topicPartition?.topic)
            out.close()
        }
        out.member("consumptionRate", thousandths: group.consumptionRate)
        out.member("events", group.events)
        out.member("group", group.group)
        out.member("isolation", group.profile.readsCommitted ? "read_committed" : nil)
        out.member("knownRecords", group.knownRecords)
        out.member("knownSeconds", thousandths: group.knownSeconds)
        out.member("lost", group.lost)
        out.member("members", group.profile.members)
        out.list("partitions", group.partitions) { out, partition in write(partition, &out) }
        out.member("records", group.records)
        out.member("retention", thousandths: group.retentionShare)
        out.member("seconds", thousandths: group.seconds)
        out.member("state", group.state)
        out.member("status", group.status.rawValue)
        if let subjects = group.subjects { out.member("subjects", subjects) }
        out.trend(group.trend)
        out.member("type", group.profile.kind?.rawValue)
        out.member("unit", unit(isFramed: group.isFramed))
        out.key("worst")
        if let worst = group.worst {
            out.open()
            out.member("partition", worst.partition)
            out.member("topic", worst.topic)
            out.close()
        } else {
            out.null()
        }
        out.close()
    }

    private static func write(_ partition: GroupLag.Partition, _ out: inout JSONWriter) {
        let lag = partition.lag
        out.open()
        out.member("arrivalRate", thousandths: lag.arrivalRate)
        out.catchUp(lag.catchUp)
        out.member("committed", lag.committed)
        out.member("consumptionRate", thousandths: lag.consumptionRate)
        out.member("end", lag.end)
        out.member("events", partition.events)
        out.member("lost", lag.lost)
        out.member("member", partition.member)
        out.member("partition", partition.topicPartition.partition)
        out.member("records", lag.records)
        out.member("retention", thousandths: lag.retentionShare)
        out.member("seconds", thousandths: lag.seconds)
        out.member("start", lag.start)
        out.member("status", lag.status.rawValue)
        out.member("topic", partition.topicPartition.topic)
        out.trend(lag.trend)
        out.member("unit", unit(isFramed: partition.isFramed))
        out.close()
    }
}
