public import Events

extension Exposition {
    /// The lag of groups, and the people that it affects. An unknown value has no series, and is never 0. `age` is that
    /// of the report, in seconds; nil if there is none. Of a report that is not current only the age is exposed.
    public mutating func addLag(_ report: LagReport?, age: Double?, isCurrent: Bool) {
        if let age { add(.lagReportAgeSeconds, seconds: .seconds(age)) }
        add(.lagReportCurrent, isCurrent ? 1 : 0)
        guard isCurrent, let report else { return }
        for group in report.groups { add(group) }
        if let people = report.people { add(people) }
    }

    private mutating func add(_ group: GroupLag) {
        let labels = [("group", group.group)]
        if let records = group.records { add(.lagRecords, records, labels: labels) }
        if let seconds = group.seconds { add(.lagSeconds, seconds: .seconds(seconds), labels: labels) }
        switch group.catchUp {
        case .unknown: break
        case .never:
            add(
                Metric.lagCatchUpSeconds.rawValue, .gauge, renderedLabels: Self.labels(labels),
                [Sample(Double.infinity)])
        case .seconds(let seconds): add(.lagCatchUpSeconds, seconds: .seconds(seconds), labels: labels)
        }
        add(.lagStatus, 1, labels: labels + [("status", group.status.rawValue)])
        add(.lagUnknownPartitions, Int64(group.partitions.count { $0.lag.records == nil }), labels: labels)
    }

    private mutating func add(_ people: PeopleLag) {
        if people.subjects != .unknown { add(.lagSubjectsAtLeast, people.subjects.atLeast) }
        if let most = people.subjects.atMost { add(.lagSubjectsAtMost, most) }
        if let most = people.waitingSanctions?.atMost { add(.lagSanctionsWaitingAtMost, most) }
        if let stale = people.staleSources { add(.lagStaleSources, Int64(stale.count)) }
    }
}
