import Events
import Kafka

extension LagReport {
    private static let columns: [TextTable.Column] = [
        .text("GROUP"), .text("TOPIC"), .number("PARTITION"), .number("COMMITTED"), .number("END"), .number("LAG"),
        .text("UNIT"), .number("EVENTS"), .number("SECONDS"), .text("TREND"), .number("RATE/S"), .number("ARRIVAL/S"),
        .number("CATCH-UP"), .number("RETENTION"), .text("STATUS"),
    ]
    private static let causeColumns: [TextTable.Column] = [.text("GROUP"), .text("CAUSE"), .text("WHAT TO DO")]
    private static let unknown = "unknown"
    private static let none = "-"

    /// Aligned columns: a line per partition, then a `total` line per group with the group's type and state. Without
    /// `all`, the partitions of a topic that do not lag share one line, with their number and the number of all. `UNIT`
    /// is the unit of `LAG` and the rates; `EVENTS` are the unread events in frames; `RETENTION` is the share that is
    /// used up. After a blank line come the causes, if there are any, one per line. After another blank line come the
    /// people that the lag affects, if they were requested.
    public func table(all: Bool = false) -> String {
        var table = TextTable(Self.columns)
        for group in groups {
            let name = group.group
            var rest = group.partitions[...]
            while let topic = rest.first?.topicPartition.topic {
                let partitions = rest.prefix { $0.topicPartition.topic == topic }
                rest = rest.dropFirst(partitions.count)
                let folded = all ? [] : partitions.filter { $0.lag.status == .ok }
                for partition in partitions where all || partition.lag.status != .ok {
                    table.add(Self.row(name, partition))
                }
                guard !folded.isEmpty else { continue }
                table.add([
                    name, topic, "\(folded.count) of \(partitions.count)", Self.none, Self.none, "0",
                    Self.unit(isFramed: folded[0].isFramed), Self.events(of: folded), "0.0", Self.none,
                    Self.rate(folded, \.consumptionRate), Self.rate(folded, \.arrivalRate), "0s", Self.none,
                    LagEvaluation.Status.ok.rawValue,
                ])
            }
            table.add(Self.total(group))
        }
        return ([table.take(), causeTable, people?.table ?? ""].filter { !$0.isEmpty }).joined(separator: "\n")
    }

    private var causeTable: String {
        var table = TextTable(Self.causeColumns)
        for group in groups {
            for cause in group.causes { table.add([group.group, cause.code.rawValue, cause.sentence]) }
        }
        return table.count > 1 ? table.take() : ""
    }

    private static func row(_ group: String, _ partition: GroupLag.Partition) -> [String] {
        let lag = partition.lag
        return [
            group, partition.topicPartition.topic, String(partition.topicPartition.partition),
            lag.committed.map { String($0) } ?? unknown,
            lag.end.map { String($0) } ?? unknown,
            lag.records.map { String($0) } ?? unknown,
            unit(isFramed: partition.isFramed),
            events(of: [partition]),
            lag.seconds.map(LagText.decimal) ?? unknown,
            lag.trend.rawValue,
            lag.consumptionRate.map(LagText.decimal) ?? unknown,
            lag.arrivalRate.map(LagText.decimal) ?? unknown,
            text(lag.catchUp),
            lag.retentionShare.map(LagText.percent) ?? unknown,
            lag.status.rawValue,
        ]
    }

    private static func total(_ group: GroupLag) -> [String] {
        let words = [group.profile.kind?.rawValue, group.state].compactMap { $0 }
        return [
            group.group, "total", none, none, none,
            total(group.records, group.knownRecords) { String($0) },
            group.partitions.isEmpty ? none : unit(isFramed: group.isFramed),
            events(of: group.partitions),
            total(group.seconds, group.knownSeconds, LagText.decimal),
            group.trend.rawValue,
            rate(group.partitions, \.consumptionRate), rate(group.partitions, \.arrivalRate),
            text(group.catchUp),
            total(group.retentionShare, group.knownRetentionShare, LagText.percent),
            group.status.rawValue + (words.isEmpty ? "" : " (\(words.joined(separator: ", ")))"),
        ]
    }

    static func text(_ catchUp: LagEvaluation.CatchUp) -> String {
        switch catchUp {
        case .unknown: unknown
        case .never: "never"
        case .seconds(let seconds): LagText.duration(seconds)
        }
    }

    static func unit(isFramed: Bool) -> String { isFramed ? "frames" : "records" }

    private static func events(of partitions: [GroupLag.Partition]) -> String {
        guard partitions.contains(where: \.isFramed) else { return none }
        guard let events = GroupLag.events(of: partitions) else { return unknown }
        return String(events)
    }

    private static func rate(
        _ partitions: some Collection<GroupLag.Partition>, _ rate: KeyPath<LagEvaluation, Double?>
    ) -> String {
        let known = partitions.compactMap { $0.lag[keyPath: rate] }
        return known.isEmpty || known.count < partitions.count ? unknown : LagText.decimal(known.reduce(0, +))
    }

    private static func total<Value>(_ value: Value?, _ known: Value?, _ text: (Value) -> String) -> String {
        value.map(text) ?? known.map { ">= " + text($0) } ?? unknown
    }
}

extension PeopleLag {
    private static let columns: [TextTable.Column] = [.text("PEOPLE"), .text("NUMBER"), .text("HOW IT IS KNOWN")]

    /// A line per number, with its precision.
    var table: String {
        var table = TextTable(Self.columns)
        for line in lines { table.add([line.what, line.number, line.how]) }
        return table.take()
    }

    /// For people: the thing counted, the number, and its precision.
    var lines: [(what: String, number: String, how: String)] {
        let ask = "its members say: --ask HOST:PORT"
        let stale =
            staleSources.map { $0.isEmpty ? "no source is stale" : "stale: " + $0.joined(separator: ", ") }
            ?? "which sources are stale is unknown"
        return [
            ("subjects with unread events in the ledger", LagText.bounds(subjects), "read from the unread frames"),
            (
                "source records that are not in the ledger", sourceRecords.map { String($0) } ?? "unknown",
                "each is about one subject at most"
            ),
            (
                "sanctions past their end, not lifted", overdueSanctions.map(LagText.bounds) ?? "unknown",
                overdueSanctions.map {
                    $0.atMost == nil
                        ? "counted in the partitions of the members asked, not in all"
                        : "counted by the members, of what is folded"
                } ?? (openSanctions == nil ? ask : "the ledger's clock is not the wall's")
            ),
            (
                "sanctions that wait on a stale source", waitingSanctions.map(LagText.bounds) ?? "unknown",
                waitingSanctions == nil ? "\(stale); \(ask)" : stale
            ),
            (
                "all is caught up in", LagReport.text(catchUp),
                "extrapolated from the rates of the last looks"
            ),
        ]
    }
}
