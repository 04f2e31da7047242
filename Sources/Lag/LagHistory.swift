/// The lag of groups at recent looks. It has limits of groups and of points; groups beyond the limit have no history.
public struct LagHistory: Sendable {
    public struct Point: Sendable, Hashable {
        /// Milliseconds since 1970.
        public let time: Int64
        private let knownRecords: Int64
        private let knownSeconds: Double

        /// The sum over the known partitions; nil if none was known.
        public var records: Int64? { knownRecords < 0 ? nil : knownRecords }
        public var seconds: Double? { knownSeconds < 0 ? nil : knownSeconds }

        public init(time: Int64, records: Int64?, seconds: Double?) {
            (self.time, knownRecords, knownSeconds) = (time, records ?? -1, seconds ?? -1)
        }
    }

    /// The limit of groups. The most urgent ones have a history.
    public static let maximumGroups = 2_000
    public static let maximumPoints = 240

    private let limit: Int
    /// A point that comes sooner than this after the one before the last replaces the last.
    private let spacing: Int64
    private var series: [String: [Point]] = [:]

    /// At most `points` of a group, with `spacing` milliseconds between them.
    public init(points: Int = maximumPoints, spacing: Int64) {
        limit = min(Self.maximumPoints, max(2, points))
        self.spacing = spacing
    }

    /// Oldest first; empty if there are none.
    public subscript(_ group: String) -> [Point] { series[group] ?? [] }

    /// Adds a report. Groups that are not in it are dropped.
    public mutating func note(_ report: LagReport) {
        var groups = report.groups
        if groups.count > Self.maximumGroups { groups = Array(report.byAttention.prefix(Self.maximumGroups)) }
        var retained: [String: [Point]] = [:]
        retained.reserveCapacity(groups.count)
        for group in groups {
            var points = series.removeValue(forKey: group.group) ?? []
            let point = Point(time: report.time, records: group.knownRecords, seconds: group.knownSeconds)
            if points.count >= 2, point.time - points[points.count - 2].time < spacing {
                points[points.count - 1] = point
            } else {
                if points.count >= limit { points.removeFirst() }
                points.append(point)
            }
            retained[group.group] = points
        }
        series = retained
    }
}

extension LagReport {
    /// The most urgent first: by status, then by seconds with unknown ones first, then by records and by name.
    public var byAttention: [GroupLag] {
        let keyed = groups.map { group in
            (group: group, status: group.status, seconds: group.seconds ?? .infinity, records: group.knownRecords ?? 0)
        }
        return keyed.sorted { a, b in
            if a.status != b.status { return a.status > b.status }
            if a.seconds != b.seconds { return a.seconds > b.seconds }
            if a.records != b.records { return a.records > b.records }
            return a.group.group < b.group.group
        }.map(\.group)
    }

    /// Groups whose status is worse than `behind`.
    public var wantingAttention: Int { groups.count { $0.status > .behind } }
}
