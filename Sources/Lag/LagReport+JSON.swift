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
        out.key("notes")
        out.list(notes) { out, note in out.string(note) }
        if let people {
            out.key("people")
            Self.write(people, &out)
        }
        out.key("time")
        out.string(Self.text(time))
        out.close()
    }

    private static func write(_ people: PeopleLag, _ out: inout JSONWriter) {
        out.open()
        out.catchUp(people.catchUp)
        out.bounds("openSanctions", people.openSanctions)
        out.bounds("overdueSanctions", people.overdueSanctions)
        out.whole("sourceRecords", people.sourceRecords)
        out.key("staleSources")
        if let stale = people.staleSources {
            out.list(stale) { out, topic in out.string(topic) }
        } else {
            out.null()
        }
        out.bounds("subjects", people.subjects)
        out.bounds("waitingSanctions", people.waitingSanctions)
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
        out.number("arrivalRate", group.arrivalRate)
        out.catchUp(group.catchUp)
        out.key("causes")
        out.list(group.causes) { out, cause in
            out.open()
            out.text("code", cause.code.rawValue)
            out.whole("partition", cause.topicPartition.map { Int64($0.partition) })
            out.text("sentence", cause.sentence)
            out.text("topic", cause.topicPartition?.topic)
            out.close()
        }
        out.number("consumptionRate", group.consumptionRate)
        out.whole("events", group.events)
        out.text("group", group.group)
        out.text("isolation", group.profile.readsCommitted ? "read_committed" : nil)
        out.whole("knownRecords", group.knownRecords)
        out.number("knownSeconds", group.knownSeconds)
        out.whole("lost", group.lost)
        out.whole("members", group.profile.members.map { Int64($0) })
        out.key("partitions")
        out.list(group.partitions) { out, partition in write(partition, &out) }
        out.whole("records", group.records)
        out.number("retention", group.retentionShare)
        out.number("seconds", group.seconds)
        out.text("state", group.state)
        out.text("status", group.status.rawValue)
        if let subjects = group.subjects { out.bounds("subjects", subjects) }
        out.trend(group.trend)
        out.text("type", group.profile.kind?.rawValue)
        out.text("unit", unit(isFramed: group.isFramed))
        out.key("worst")
        if let worst = group.worst {
            out.open()
            out.whole("partition", Int64(worst.partition))
            out.text("topic", worst.topic)
            out.close()
        } else {
            out.null()
        }
        out.close()
    }

    private static func write(_ partition: GroupLag.Partition, _ out: inout JSONWriter) {
        let lag = partition.lag
        out.open()
        out.number("arrivalRate", lag.arrivalRate)
        out.catchUp(lag.catchUp)
        out.whole("committed", lag.committed)
        out.number("consumptionRate", lag.consumptionRate)
        out.whole("end", lag.end)
        out.whole("events", partition.events)
        out.whole("lost", lag.lost)
        out.text("member", partition.member)
        out.whole("partition", Int64(partition.topicPartition.partition))
        out.whole("records", lag.records)
        out.number("retention", lag.retentionShare)
        out.number("seconds", lag.seconds)
        out.whole("start", lag.start)
        out.text("status", lag.status.rawValue)
        out.text("topic", partition.topicPartition.topic)
        out.trend(lag.trend)
        out.text("unit", unit(isFramed: partition.isFramed))
        out.close()
    }
}
