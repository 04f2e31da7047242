import Events
import Foundation
import Kafka

extension LagReport {
    /// One line without its end: an object with sorted keys. Unknown is null; `time` is RFC 3339 in UTC; seconds, rates and shares
    /// are rounded to thousandths; `catchUp` is seconds, `"never"` or null. `unit` is what `records` and the rates
    /// count, `records` or `frames`; `events` are the unread events in frames. `seconds` are the age of the next unread record,
    /// exact or null. `retention` is the share of it that is used up. `isolation` is `read_committed` for a group that reads
    /// committed data only, as far as somebody has said so.
    ///
    /// It is written as it goes: a report of tens of thousands of partitions takes no more memory than its text.
    public func json() -> String {
        var out = JSONWriter()
        out.open()
        out.key("groups")
        out.list(groups) { out, group in Self.write(group, &out) }
        out.key("notes")
        out.list(notes) { out, note in out.string(note) }
        out.key("time")
        let (seconds, milliseconds) = time.quotientAndRemainder(dividingBy: 1000)
        let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        out.string(whole.dropLast() + String(format: ".%03ldZ", Int(milliseconds)))
        out.close()
        return out.text
    }

    private static func write(_ group: GroupLag, _ out: inout JSONWriter) {
        out.open()
        out.number("arrivalRate", group.arrivalRate)
        out.catchUp(group.catchUp)
        out.key("causes")
        out.list(group.causes) { out, cause in
            out.open()
            out.text("code", cause.code.rawValue)
            out.whole("partition", cause.place.map { Int64($0.partition) })
            out.text("sentence", cause.sentence)
            out.text("topic", cause.place?.topic)
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
        out.whole("partition", Int64(partition.place.partition))
        out.whole("records", lag.records)
        out.number("retention", lag.retentionShare)
        out.number("seconds", lag.seconds)
        out.whole("start", lag.start)
        out.text("status", lag.status.rawValue)
        out.text("topic", partition.place.topic)
        out.trend(lag.trend)
        out.text("unit", unit(isFramed: partition.isFramed))
        out.close()
    }
}

/// Writes objects and lists one after the other; the keys come in the order of the calls.
private struct JSONWriter: ~Copyable {
    private var bytes = ByteWriter(capacity: 4096)
    /// Something stands before the next key or item, in the object or list that is open.
    private var needsComma = false

    var text: String { String(decoding: bytes.bytes, as: UTF8.self) }

    mutating func open() {
        bytes.append("{")
        needsComma = false
    }

    mutating func close() {
        bytes.append("}")
        needsComma = true
    }

    mutating func key(_ name: StaticString) {
        separate()
        bytes.append("\"")
        bytes.append(name)
        bytes.append("\":")
        needsComma = false
    }

    mutating func list<Item>(_ items: [Item], _ write: (inout JSONWriter, Item) -> Void) {
        bytes.append("[")
        needsComma = false
        for item in items {
            separate()
            write(&self, item)
            needsComma = true
        }
        bytes.append("]")
        needsComma = true
    }

    mutating func string(_ text: String) {
        bytes.append(jsonString: text)
        needsComma = true
    }

    mutating func null() {
        bytes.append("null")
        needsComma = true
    }

    mutating func text(_ name: StaticString, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    mutating func whole(_ name: StaticString, _ value: Int64?) {
        key(name)
        guard let value else { return null() }
        bytes.append(decimal: value)
        needsComma = true
    }

    /// Rounded to thousandths, without a fraction if it is whole.
    mutating func number(_ name: StaticString, _ value: Double?) {
        key(name)
        guard let value, value.isFinite, abs(value) < 9e15 else { return null() }
        let rounded = (value * 1000).rounded() / 1000
        if rounded == rounded.rounded() {
            bytes.append(decimal: Int64(rounded))
        } else {
            bytes.append(rounded.description)
        }
        needsComma = true
    }

    mutating func trend(_ trend: LagEvaluation.Trend) {
        text("trend", trend == .unknown ? nil : trend.rawValue)
    }

    mutating func catchUp(_ value: LagEvaluation.CatchUp) {
        switch value {
        case .unknown: number("catchUp", nil)
        case .never: text("catchUp", "never")
        case .seconds(let seconds): number("catchUp", seconds)
        }
    }

    private mutating func separate() {
        if needsComma { bytes.append(",") }
        needsComma = false
    }
}
