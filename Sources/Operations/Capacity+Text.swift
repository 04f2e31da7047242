internal import Events
internal import Foundation

extension Capacity {
    private var results: [(name: String, key: String, value: Double, unit: Unit)] {
        [
            ("events a second, mean", "meanRate", meanRate, .count),
            ("events a second, peak", "peakRate", peakRate, .count),
            ("ledger partitions", "ledgerPartitions", partitions, .count),
            ("state of a partition", "statePerPartitionBytes", statePerPartition, .bytes),
            ("state of all", "stateBytes", state, .bytes), ("members", "members", members, .count),
            ("memory of a member", "memoryPerMemberBytes", memoryPerMember, .bytes),
            ("busy cores of a member at the peak", "coresPerMember", coresPerMember, .number),
            ("ledger a day", "ledgerPerDayBytes", ledgerPerDay, .bytes), ("ledger", "ledgerBytes", ledger, .bytes),
            ("disk of the brokers, with replicas", "brokerDiskBytes", brokerDisk, .bytes),
            ("disk of a member, archive and snapshots", "diskPerMemberBytes", diskPerMember, .bytes),
            ("network into a member at the peak", "networkInBytesPerSecond", networkIn, .rate),
            ("network out of a member at the peak", "networkOutBytesPerSecond", networkOut, .rate),
            ("restore of a member from snapshots", "restoreSeconds", restore, .seconds),
            ("restore from the archive alone, or a policy's switch", "refoldSeconds", refold, .seconds),
        ]
    }

    private enum Unit { case count, number, bytes, rate, seconds }

    private static func shown(_ value: Double, _ unit: Unit) -> String {
        switch unit {
        case .count: (value.rounded(.up).whole ?? 0).inThousands
        case .number: String(format: "%.1f", value)
        case .bytes: size(value)
        case .rate: size(value) + "/s"
        case .seconds: StatusReport.span(value.rounded(.up))
        }
    }

    /// In powers of 1000, with at least three digits.
    static func size(_ bytes: Double) -> String {
        for (unit, size) in [("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where bytes >= size {
            return String(format: bytes / size < 10 ? "%.2f" : "%.1f", bytes / size) + " " + unit
        }
        return String(format: "%.0f B", bytes)
    }

    /// The results, and below them every assumption with its origin.
    public func text(_ demand: Demand, _ figures: Figures) -> String {
        var text = TextTable([.text("what"), .number("how much")])
        for item in results { text.add([item.name, Self.shown(item.value, item.unit)]) }
        var assumptions = TextTable([.number("assumed"), .text("what"), .text("from")])
        for (_, value, unit) in Self.asked(demand) { assumptions.add([Self.number(value), unit, "asked for"]) }
        for (_, figure) in figures.all { assumptions.add([Self.number(figure.value), figure.unit, figure.origin]) }
        for (value, unit) in Self.rules { assumptions.add([Self.number(value), unit, "a rule of this command"]) }
        let known = figures.identityDays == nil ? "An event is known again for as long as the ledger is old.\n" : ""
        return text.take() + "\n" + assumptions.take() + known
    }

    private static func asked(_ demand: Demand) -> [(key: String, value: Double, unit: String)] {
        [
            ("subjects", demand.subjects, "subjects"), ("eventsPerDay", demand.eventsPerDay, "events a day"),
            ("peakFactor", demand.peakFactor, "times the mean at the peak"), ("years", demand.years, "years of ledger"),
            ("countsForDays", demand.countsForDays, "days that an event counts"),
            ("standbys", demand.standbys, "standbys of each partition"),
            ("cores", demand.coresPerMember, "cores of a member"),
            ("memoryBytes", demand.memoryPerMember, "bytes of memory of a member"),
            ("replication", demand.replication, "replicas on the brokers"),
        ]
    }

    private static let rules: [(Double, String)] = [
        (loadShare, "of a member's cores are busy at the peak"), (memoryShare, "of a member's memory are used"),
        (partitionState, "bytes of state of a partition at the most"),
        (partitionRate, "events a second of a partition at the most"),
        (snapshotSeconds, "seconds between two snapshots of a partition"),
    ]

    private static func number(_ value: Double) -> String {
        if value == value.rounded(), let whole = value.whole { return whole.inThousands }
        return String(format: "%.2f", value)
    }

    /// `{"asked":{…},"figures":[{"name","value","unit","origin"}],"results":{…}}` on one line.
    public func json(_ demand: Demand, _ figures: Figures) -> String {
        JSONWriter.object { out in
            out.open("asked")
            for item in Self.asked(demand) { out.member(item.key, json: Self.json(item.value)) }
            out.close()
            out.list("figures", figures.all) { out, item in
                out.open()
                out.member("name", item.name)
                out.member("value", json: Self.json(item.figure.value))
                out.member("unit", item.figure.unit)
                out.member("origin", item.figure.origin)
                out.close()
            }
            out.open("results")
            for item in results { out.member(item.key, json: Self.json(item.value)) }
            out.close()
        }
    }

    /// Whole numbers without a fraction, others with three decimals.
    private static func json(_ value: Double) -> String {
        if value == value.rounded(), let whole = value.whole { return String(whole) }
        return String(format: "%.3f", value)
    }
}
