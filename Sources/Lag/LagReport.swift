import Events
import Foundation
public import Kafka

/// One group's lag. A total is nil where any partition leaves it unknown; its `known…` twin then says what is known.
public struct GroupLag: Sendable, Hashable {
    public struct Partition: Sendable, Hashable {
        public let place: TopicPartition
        public let lag: LagEvaluation
        /// What `lag` counts.
        public let unit: LagUnit

        public init(place: TopicPartition, lag: LagEvaluation, unit: LagUnit = .records) {
            self.place = place
            self.lag = lag
            self.unit = unit
        }

        var isFramed: Bool { unit != .records }

        /// The unread events in frames; nil if they were not counted, or the unit is no frame.
        var events: Int64? { if case .frames(let events) = unit { events } else { nil } }
    }

    public let group: String
    /// The broker's word, such as `Stable` or `Empty`; nil where it was not asked.
    public let state: String?
    /// By topic and partition.
    public let partitions: [Partition]

    public init(group: String, state: String?, partitions: [Partition]) {
        self.group = group
        self.state = state
        self.partitions = partitions.sorted { $0.place < $1.place }
    }

    /// The sum over all partitions; nil if one is unknown or there is none.
    public var records: Int64? { isKnown(\.records) ? knownRecords : nil }
    /// The sum over the partitions where it is known; nil if it is known of none.
    public var knownRecords: Int64? {
        let known = partitions.compactMap(\.lag.records)
        return known.isEmpty ? nil : known.reduce(0, +)
    }
    /// Whether every record of the group's topics is a frame.
    public var isFramed: Bool { !partitions.isEmpty && partitions.allSatisfy(\.isFramed) }
    /// The unread events in the frames; nil if they were not counted in a partition of frames, or there is none.
    public var events: Int64? { Self.events(of: partitions) }

    static func events(of partitions: [Partition]) -> Int64? {
        let framed = partitions.filter(\.isFramed)
        let counted = framed.compactMap(\.events)
        return framed.isEmpty || counted.count < framed.count ? nil : counted.reduce(0, +)
    }

    /// The maximum over all partitions; nil if one is unknown or there is none.
    public var seconds: Double? { isKnown(\.seconds) ? knownSeconds : nil }
    /// The maximum over the partitions where it is known; nil if it is known of none.
    public var knownSeconds: Double? { partitions.compactMap(\.lag.seconds).max() }

    /// Of the partitions known to lag the one that is most seconds behind, unknown seconds before all, and of equals
    /// the one with most records; nil if none is known to lag.
    public var worst: TopicPartition? { worst(beyond: -.infinity)?.place }

    /// The same among the partitions that are more than `seconds` behind.
    func worst(beyond seconds: Double) -> Partition? {
        partitions.filter { $0.lag.isLagging && ($0.lag.seconds ?? .infinity) > seconds }.max { a, b in
            (a.lag.seconds ?? .infinity, a.lag.records ?? 0) < (b.lag.seconds ?? .infinity, b.lag.records ?? 0)
        }
    }

    /// The status that most wants attention; unknown without partitions.
    public var status: LagEvaluation.Status { partitions.map(\.lag.status).max() ?? .unknown }

    private func isKnown<Value>(_ value: KeyPath<LagEvaluation, Value?>) -> Bool {
        !partitions.isEmpty && partitions.allSatisfy { $0.lag[keyPath: value] != nil }
    }
}

/// All groups at one instant.
public struct LagReport: Sendable, Hashable {
    /// Milliseconds since 1970.
    public let time: Int64
    /// By name.
    public let groups: [GroupLag]
    /// What could not be learned, in sentences for people. They are messages: the table leaves them out.
    public let notes: [String]

    public init(time: Int64, groups: [GroupLag], notes: [String]) {
        self.time = time
        self.groups = groups.sorted { $0.group < $1.group }
        self.notes = notes
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
                let age = worst.lag.seconds.map { Self.decimal($0) + " s behind" } ?? "behind by an unknown time"
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

// MARK: - Table

extension LagReport {
    private static let columns: [TextTable.Column] = [
        .text("GROUP"), .text("TOPIC"), .number("PARTITION"), .number("COMMITTED"), .number("END"), .number("LAG"),
        .text("UNIT"), .number("EVENTS"), .number("SECONDS"), .number("RATE/S"), .number("CATCH-UP"), .text("STATUS"),
    ]
    private static let unknown = "unknown"
    /// Longer times to catch up are shown as more than this.
    private static let maximumDays = 9999

    /// Aligned columns, a line a partition, then a `total` line a group with the group's state. Without `all`, the
    /// partitions of a topic that are not behind share one line, which says how many of how many they are. `UNIT` is what
    /// `LAG` and `RATE/S` count; `EVENTS` are the unread events in frames.
    public func table(all: Bool = false) -> String {
        var table = TextTable(Self.columns)
        for group in groups {
            let name = group.group
            var rest = group.partitions[...]
            while let topic = rest.first?.place.topic {
                let partitions = rest.prefix { $0.place.topic == topic }
                rest = rest.dropFirst(partitions.count)
                let folded = all ? [] : partitions.filter { $0.lag.status == .ok }
                for partition in partitions where all || partition.lag.status != .ok {
                    table.add(Self.row(name, partition))
                }
                guard !folded.isEmpty else { continue }
                table.add([
                    name, topic, "\(folded.count) of \(partitions.count)", "-", "-", "0",
                    Self.unit(isFramed: folded[0].isFramed), Self.events(of: folded), "0.0", Self.rate(folded), "0s",
                    LagEvaluation.Status.ok.rawValue,
                ])
            }
            table.add([
                name, "total", "-", "-", "-",
                Self.total(group.records, group.knownRecords) { String($0) },
                group.partitions.isEmpty ? "-" : Self.unit(isFramed: group.isFramed),
                Self.events(of: group.partitions),
                Self.total(group.seconds, group.knownSeconds, Self.decimal),
                Self.rate(group.partitions), "-",
                group.status.rawValue + (group.state.map { " (\($0))" } ?? ""),
            ])
        }
        return table.take()
    }

    private static func row(_ group: String, _ partition: GroupLag.Partition) -> [String] {
        let lag = partition.lag
        let catchUp =
            switch lag.catchUp {
            case .unknown: unknown
            case .never: "never"
            case .seconds(let seconds): duration(seconds)
            }
        return [
            group, partition.place.topic, String(partition.place.partition),
            lag.committed.map { String($0) } ?? unknown,
            lag.end.map { String($0) } ?? unknown,
            lag.records.map { String($0) } ?? unknown,
            unit(isFramed: partition.isFramed),
            events(of: [partition]),
            lag.seconds.map(decimal) ?? unknown,
            lag.consumptionRate.map(decimal) ?? unknown,
            catchUp, lag.status.rawValue,
        ]
    }

    private static func unit(isFramed: Bool) -> String { isFramed ? "frames" : "records" }

    private static func events(of partitions: [GroupLag.Partition]) -> String {
        guard partitions.contains(where: \.isFramed) else { return "-" }
        guard let events = GroupLag.events(of: partitions) else { return unknown }
        return String(events)
    }

    private static func rate(_ partitions: some Collection<GroupLag.Partition>) -> String {
        let known = partitions.compactMap(\.lag.consumptionRate)
        return known.isEmpty || known.count < partitions.count ? unknown : decimal(known.reduce(0, +))
    }

    private static func total<Value>(_ value: Value?, _ known: Value?, _ text: (Value) -> String) -> String {
        value.map(text) ?? known.map { ">= " + text($0) } ?? unknown
    }

    private static func decimal(_ value: Double) -> String { String(format: "%.1f", value) }

    /// The two greatest units, rounded up to whole seconds.
    private static func duration(_ value: Double) -> String {
        guard value < Double(maximumDays) * 86_400 else { return ">\(maximumDays)d" }
        let seconds = Int(value.rounded(.up))
        return switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m \(seconds % 60)s"
        case ..<86_400: "\(seconds / 3600)h \(seconds % 3600 / 60)m"
        default: "\(seconds / 86_400)d \(seconds % 86_400 / 3600)h"
        }
    }
}

// MARK: - JSON

extension LagReport {
    /// One line without its end: an object with sorted keys. Unknown is null; `time` is RFC 3339 in UTC; seconds and
    /// rates are rounded to thousandths; `catchUp` is seconds, `"never"` or null. `unit` is what `records` and the rates
    /// count, `records` or `frames`; `events` are the unread events in frames.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(Document(self)), as: UTF8.self)
    }

    private struct Document: Encodable {
        let time: String
        let groups: [Group]
        let notes: [String]

        init(_ report: LagReport) {
            let (seconds, milliseconds) = report.time.quotientAndRemainder(dividingBy: 1000)
            let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
            time = whole.dropLast() + String(format: ".%03ldZ", Int(milliseconds))
            groups = report.groups.map(Group.init)
            notes = report.notes
        }
    }

    private struct Group: Encodable {
        let group: String
        @Nullable var state: String?
        let status: String
        @Nullable var records: Int64?
        @Nullable var knownRecords: Int64?
        @Nullable var events: Int64?
        let unit: String
        @Nullable var seconds: Double?
        @Nullable var knownSeconds: Double?
        @Nullable var worst: Place?
        let partitions: [Partition]

        init(_ lag: GroupLag) {
            group = lag.group
            state = lag.state
            status = lag.status.rawValue
            records = lag.records
            knownRecords = lag.knownRecords
            events = lag.events
            unit = LagReport.unit(isFramed: lag.isFramed)
            seconds = lag.seconds.map(rounded)
            knownSeconds = lag.knownSeconds.map(rounded)
            worst = lag.worst.map { Place(topic: $0.topic, partition: $0.partition) }
            partitions = lag.partitions.map(Partition.init)
        }
    }

    private struct Place: Encodable {
        let topic: String
        let partition: Int32
    }

    private struct Partition: Encodable {
        let topic: String
        let partition: Int32
        @Nullable var committed: Int64?
        @Nullable var end: Int64?
        @Nullable var records: Int64?
        @Nullable var events: Int64?
        let unit: String
        @Nullable var seconds: Double?
        @Nullable var consumptionRate: Double?
        @Nullable var arrivalRate: Double?
        let catchUp: CatchUp
        let status: String

        init(_ partition: GroupLag.Partition) {
            let lag = partition.lag
            topic = partition.place.topic
            self.partition = partition.place.partition
            committed = lag.committed
            end = lag.end
            records = lag.records
            events = partition.events
            unit = LagReport.unit(isFramed: partition.isFramed)
            seconds = lag.seconds.map(rounded)
            consumptionRate = lag.consumptionRate.map(rounded)
            arrivalRate = lag.arrivalRate.map(rounded)
            catchUp = CatchUp(value: lag.catchUp)
            status = lag.status.rawValue
        }
    }

    private struct CatchUp: Encodable {
        let value: LagEvaluation.CatchUp

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch value {
            case .unknown: try container.encodeNil()
            case .never: try container.encode("never")
            case .seconds(let seconds): try container.encode(rounded(seconds))
            }
        }
    }
}

/// Encodes nil as null instead of leaving the key out.
@propertyWrapper
private struct Nullable<Value: Encodable>: Encodable {
    var wrappedValue: Value?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}

private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
