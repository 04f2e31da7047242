internal import Kafka

/// A member's counts over its ledger partitions.
public struct SanctionReading: Sendable, Hashable {
    /// Noticed, in force or stayed, in the folded state.
    public var open: Int64
    /// Of these, those past their end and not lifted; nil in a ledger whose clock is not the wall clock.
    public var overdue: Int64?
    /// Ledger partitions that were counted.
    public var partitions: Int
    /// Source topics that have lost records, without an acknowledgement of the loss.
    public var frozenTopics: [String]

    public init(open: Int64, overdue: Int64?, partitions: Int, frozenTopics: [String]) {
        (self.open, self.overdue, self.partitions, self.frozenTopics) = (open, overdue, partitions, frozenTopics)
    }
}

/// The number of people that Standing's own lag affects. Nothing is interpolated: a number is exact, a bound, or
/// unknown.
///
/// 1. Subjects with unread events in the ledger: exact if the subjects of every unread frame were read, otherwise at
///    least those of the frames that were read, otherwise unknown.
/// 2. Source records that are not in the ledger yet. Each is about one subject at most, so they are an upper bound of
///    the subjects.
/// 3. Sanctions past their end that are not lifted: exact for the folded state, by the members' own counts of their
///    partitions; a lower bound if not all of the ledger's partitions were counted.
/// 4. Sanctions that wait on a stale source: those that are open while a source topic is stale. Only its unread events
///    determine which of them they would lift, or have lifted: at least 0, and at most all. 0 if no source is stale. A
///    source is stale if the intake's lag in it is more than `staleSeconds`, or an unknown time, if nothing is known of
///    one of its partitions, or if it has lost records.
/// 5. The time to catch up: the greater one of the times that intake and fold take at their rates of the last looks, an
///    extrapolation. Unknown if one is unknown, never if one never catches up.
public struct PeopleLag: Sendable, Hashable {
    /// A source with a greater lag is stale. Its events are late for all their subjects.
    public static let staleSeconds = 60.0

    /// Rule 1. Unknown without the fold's group.
    public let subjects: CountBounds
    /// Rule 2. Nil if not all are known.
    public let sourceRecords: Int64?
    /// Rule 3. Nil if no member reports it, or if the ledger's clock is not the wall clock.
    public let overdueSanctions: CountBounds?
    /// Noticed, in force or stayed; nil if no member reports it.
    public let openSanctions: CountBounds?
    /// By name. Nil if it is not known which are stale: the intake's group is not known, and no member reports a frozen
    /// one.
    public let staleSources: [String]?
    /// Rule 4. Nil if a source is stale and no member reports its sanctions.
    public let waitingSanctions: CountBounds?
    /// Rule 5.
    public let catchUp: LagEvaluation.CatchUp

    /// `fold` and `intake` are Standing's groups; nil if the cluster does not have them. `readings` are its members'
    /// counts.
    public init(fold: GroupLag?, intake: GroupLag?, readings: [SanctionReading]) {
        subjects = fold?.subjects ?? .unknown
        sourceRecords = intake?.records
        let counted = readings.reduce(0) { $0 + $1.partitions }
        let isWhole = fold.map { $0.partitions.count <= counted } ?? false
        func sum(_ value: (SanctionReading) -> Int64?) -> CountBounds? {
            let known = readings.compactMap(value)
            guard !known.isEmpty else { return nil }
            let sum = known.reduce(0, +)
            return CountBounds(atLeast: sum, atMost: isWhole && known.count == readings.count ? sum : nil)
        }
        openSanctions = sum(\.open)
        overdueSanctions = sum(\.overdue)
        let stale = Set(readings.flatMap(\.frozenTopics)).union(Self.stale(intake)).sorted()
        staleSources = stale.isEmpty && intake?.partitions.isEmpty != false ? nil : stale
        waitingSanctions =
            staleSources?.isEmpty == true
            ? CountBounds(exactly: 0) : openSanctions.map { CountBounds(atLeast: 0, atMost: $0.atMost) }
        catchUp = [intake, fold].reduce(.seconds(0)) { $0.later($1?.catchUp ?? .unknown) }
    }

    private static func stale(_ intake: GroupLag?) -> Set<String> {
        let partitions = intake?.partitions ?? []
        return Set(
            partitions.filter { partition in
                guard let records = partition.lag.records else { return true }
                return records > 0 && partition.lag.seconds ?? .infinity > staleSeconds
            }.map(\.topicPartition.topic))
    }
}

extension LagEvaluation.CatchUp {
    fileprivate func later(_ other: Self) -> Self {
        switch (self, other) {
        case (.never, _), (_, .never): .never
        case (.unknown, _), (_, .unknown): .unknown
        case (.seconds(let a), .seconds(let b)): .seconds(max(a, b))
        }
    }
}

extension LagReport {
    /// Adds the people that Standing's own lag affects, if one of its groups is in the report. `fold` and `intake` are
    /// the groups' names; `readings` are the members' counts.
    public func addingPeople(fold: String, intake: String, _ readings: [SanctionReading]) -> LagReport {
        func group(_ name: String) -> GroupLag? { groups.first { $0.group == name } }
        guard group(fold) != nil || group(intake) != nil else { return self }
        var report = self
        report.people = PeopleLag(fold: group(fold), intake: group(intake), readings: readings)
        return report
    }
}
