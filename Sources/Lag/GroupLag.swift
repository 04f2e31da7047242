public import Kafka

/// One group's lag. A total is nil if it is unknown for any partition; its `known…` counterpart covers the known
/// partitions.
public struct GroupLag: Sendable, Hashable {
    public struct Partition: Sendable, Hashable {
        public let topicPartition: TopicPartition
        public let lag: LagEvaluation
        /// The unit of `lag`.
        public let unit: LagUnit
        public let reader: LagContext.Reader
        /// The reader, for people; nil if it is not known, or if there is none.
        public let member: String?
        /// The subjects with unread events in it; nil if the partition's records may not be about subjects.
        public let subjects: CountBounds?

        public init(
            topicPartition: TopicPartition, lag: LagEvaluation, unit: LagUnit = .records,
            reader: LagContext.Reader = .unknown,
            member: String? = nil, subjects: CountBounds? = nil
        ) {
            (self.topicPartition, self.lag, self.unit) = (topicPartition, lag, unit)
            (self.reader, self.member, self.subjects) = (reader, member, subjects)
        }

        var isFramed: Bool { unit != .records }

        /// The unread events in frames; nil if they were not counted, or if the unit is not frames.
        var events: Int64? { if case .frames(let events) = unit { events } else { nil } }
    }

    public let profile: GroupProfile
    /// By topic and partition.
    public let partitions: [Partition]
    /// The number of recent looks, of a dozen, at which the group's members or state had changed.
    public let unrest: Int
    /// The share of the most frequent key in the unread records of the hot partition; nil if there is no hot partition,
    /// or if its records were not read.
    public var hotKeyShare: KeyShare?
    /// The causes that its members report; empty if they were not asked.
    public var insideCauses: [LagCause] = []

    public init(_ profile: GroupProfile, partitions: [Partition], unrest: Int = 0) {
        self.profile = profile
        self.partitions = partitions.sorted { $0.topicPartition < $1.topicPartition }
        self.unrest = unrest
    }

    public var group: String { profile.name }
    /// The broker's word, such as `Stable` or `Empty`; nil if it was not asked.
    public var state: String? { profile.state }

    /// The sum over all partitions; nil if one is unknown, or if there are none.
    public var records: Int64? { isKnown(\.records) ? knownRecords : nil }
    /// The sum over the known partitions; nil if none is known.
    public var knownRecords: Int64? {
        let known = partitions.compactMap(\.lag.records)
        return known.isEmpty ? nil : known.reduce(0, +)
    }
    /// Whether every record of the group's topics is a frame.
    public var isFramed: Bool { !partitions.isEmpty && partitions.allSatisfy(\.isFramed) }
    /// The unread events in the frames; nil if they were not counted in a partition of frames, or if there are no such
    /// partitions.
    public var events: Int64? { Self.events(of: partitions) }

    /// The subjects with unread events. No two partitions of frames share a subject; other partitions may. Nil if the
    /// records of a partition may not be about subjects, or if there are no partitions.
    public var subjects: CountBounds? {
        guard !partitions.isEmpty else { return nil }
        var sum = CountBounds(exactly: 0)
        for partition in partitions {
            guard let subjects = partition.subjects else { return nil }
            sum = partition.isFramed ? sum + subjects : sum.union(subjects)
        }
        return sum
    }

    static func events(of partitions: [Partition]) -> Int64? {
        let framed = partitions.filter(\.isFramed)
        let counted = framed.compactMap(\.events)
        return framed.isEmpty || counted.count < framed.count ? nil : counted.reduce(0, +)
    }

    /// The maximum over all partitions; nil if one is unknown, or if there are none.
    public var seconds: Double? { isKnown(\.seconds) ? knownSeconds : nil }
    /// The maximum over the known partitions; nil if none is known.
    public var knownSeconds: Double? { partitions.compactMap(\.lag.seconds).max() }

    /// Records per second that the group reads, and that are written to its partitions; nil if one is unknown, or if
    /// there are none.
    public var consumptionRate: Double? { sum(\.consumptionRate) }
    public var arrivalRate: Double? { sum(\.arrivalRate) }

    private func sum(_ rate: KeyPath<LagEvaluation, Double?>) -> Double? {
        isKnown(rate) ? partitions.compactMap { $0.lag[keyPath: rate] }.reduce(0, +) : nil
    }

    /// The time until the slowest partition has caught up. Never if one never does; otherwise unknown if one is
    /// unknown.
    public var catchUp: LagEvaluation.CatchUp {
        var slowest = 0.0
        var isKnown = !partitions.isEmpty
        for partition in partitions {
            switch partition.lag.catchUp {
            case .never: return .never
            case .unknown: isKnown = false
            case .seconds(let seconds): slowest = max(slowest, seconds)
            }
        }
        return isKnown ? .seconds(slowest) : .unknown
    }

    /// Growing if any partition's lag grows; otherwise unknown if one is unknown; otherwise shrinking if any shrinks.
    public var trend: LagEvaluation.Trend {
        let trends = Set(partitions.map(\.lag.trend))
        return [.growing, .unknown, .shrinking].first { trends.contains($0) } ?? (trends.isEmpty ? .unknown : .steady)
    }

    /// The greatest share of retention that is used up in a partition; nil if one is unknown, or if there are none.
    public var retentionShare: Double? { isKnown(\.retentionShare) ? knownRetentionShare : nil }
    /// The same over the known partitions; nil if none is known.
    public var knownRetentionShare: Double? { partitions.compactMap(\.lag.retentionShare).max() }

    /// Offsets that retention deleted before the group read them; nil if none are known.
    public var lost: Int64? {
        let lost = partitions.compactMap(\.lag.lost)
        return lost.isEmpty ? nil : lost.reduce(0, +)
    }

    /// The partition with the greatest known lag in seconds. Unknown seconds precede all others, and equal ones are
    /// ordered by records. Nil if no partition is known to lag.
    public var worst: TopicPartition? { worst(beyond: -.infinity)?.topicPartition }

    /// The same among the partitions that lag by more than `seconds`.
    func worst(beyond seconds: Double) -> Partition? {
        partitions.filter { $0.lag.isLagging && ($0.lag.seconds ?? .infinity) > seconds }.max { a, b in
            (a.lag.seconds ?? .infinity, a.lag.records ?? 0) < (b.lag.seconds ?? .infinity, b.lag.records ?? 0)
        }
    }

    /// The most urgent status; unknown without partitions.
    public var status: LagEvaluation.Status { partitions.map(\.lag.status).max() ?? .unknown }

    private func isKnown<Value>(_ value: KeyPath<LagEvaluation, Value?>) -> Bool {
        !partitions.isEmpty && partitions.allSatisfy { $0.lag[keyPath: value] != nil }
    }

    /// The causes of the group's lag, the most important first; empty if nothing is wrong.
    public var causes: [LagCause] { insideCauses + LagCause.of(self) }
}
