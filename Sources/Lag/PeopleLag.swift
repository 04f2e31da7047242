internal import Kafka

/// What a member of Standing has counted of its ledger partitions.
public struct SanctionReading: Sendable, Hashable {
    /// Noticed, in force or stayed, as of what is folded.
    public var open: Int64
    /// Of these, past their end and not lifted; nil in a ledger whose clock is not the wall's.
    public var overdue: Int64?
    /// Ledger partitions that were counted.
    public var partitions: Int
    /// Source topics that have lost records, and wait for somebody to acknowledge it.
    public var frozenTopics: [String]

    public init(open: Int64, overdue: Int64?, partitions: Int, frozenTopics: [String]) {
        (self.open, self.overdue, self.partitions, self.frozenTopics) = (open, overdue, partitions, frozenTopics)
    }
}

/// How many people Standing's own lag affects. Nothing is interpolated: a number is exact, a bound, or unknown.
///
/// 1. Subjects with unread events in the ledger: exact where every unread frame was read for its subjects, at least those of
///    the frames that were, else unknown.
/// 2. Source records that are not in the ledger yet: each is about one subject at most, so that they bound the subjects from above.
/// 3. Sanctions past their end that are not lifted: exact as of what is folded, by the members' own count of their partitions;
///    at least that where not all of the ledger's partitions were counted.
/// 4. Sanctions that wait on a stale source: those that are open while a source topic is stale. Which of them its unread events
///    would lift, or have lifted, is in the events alone: none at least, all at most. None, if no source is stale. A source is
///    stale if the intake is more than `staleSeconds` behind in it, or by an unknown time, if nothing is known of a partition
///    of it, or if it has lost records.
/// 5. When all is caught up: the longer one of the time that intake and fold take at their rates of the last looks, an
///    extrapolation; unknown if it is of one, never if one never does.
public struct PeopleLag: Sendable, Hashable {
    /// A source that is further behind is stale. Its events are late for everybody whom it writes about.
    public static let staleSeconds = 60.0

    /// Rule 1; unknown without the fold's group.
    public let subjects: CountBounds
    /// Rule 2; nil if not all are known.
    public let sourceRecords: Int64?
    /// Rule 3; nil if no member said, or the ledger's clock is not the wall's.
    public let overdueSanctions: CountBounds?
    /// Noticed, in force or stayed; nil if no member said.
    public let openSanctions: CountBounds?
    /// By name; nil if nobody knows which are: the intake's group is not known, and no member has said of one that it is frozen.
    public let staleSources: [String]?
    /// Rule 4; nil if no member said how many sanctions there are while a source is stale.
    public let waitingSanctions: CountBounds?
    /// Rule 5.
    public let catchUp: LagEvaluation.CatchUp

    /// `fold`, `intake`: Standing's groups; nil where they are not on the cluster. `readings`: what its members say.
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
            }.map(\.place.topic))
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
    /// The same with what Standing's own lag is to people, if one of its groups is in the report. `fold`, `intake`: their names;
    /// `readings`: what members say.
    public func addingPeople(fold: String, intake: String, _ readings: [SanctionReading]) -> LagReport {
        func group(_ name: String) -> GroupLag? { groups.first { $0.group == name } }
        guard group(fold) != nil || group(intake) != nil else { return self }
        var report = self
        report.people = PeopleLag(fold: group(fold), intake: group(intake), readings: readings)
        return report
    }
}
