public import Kafka

/// One group's lag. A total is nil where any partition leaves it unknown; its `known…` twin then says what is known.
public struct GroupLag: Sendable, Hashable {
    public struct Partition: Sendable, Hashable {
        public let place: TopicPartition
        public let lag: LagEvaluation
        /// What `lag` counts.
        public let unit: LagUnit
        public let reader: LagContext.Reader
        /// Who reads it, for people; nil if that is not known, or nobody does.
        public let member: String?
        /// The subjects with unread events in it; nil of a partition whose records are not known to be about subjects.
        public let subjects: CountBounds?

        public init(
            place: TopicPartition, lag: LagEvaluation, unit: LagUnit = .records, reader: LagContext.Reader = .unknown,
            member: String? = nil, subjects: CountBounds? = nil
        ) {
            (self.place, self.lag, self.unit) = (place, lag, unit)
            (self.reader, self.member, self.subjects) = (reader, member, subjects)
        }

        var isFramed: Bool { unit != .records }

        /// The unread events in frames; nil if they were not counted, or the unit is no frame.
        var events: Int64? { if case .frames(let events) = unit { events } else { nil } }
    }

    public let profile: GroupProfile
    /// By topic and partition.
    public let partitions: [Partition]
    /// Of the last dozen looks those at which the group's members or state had changed.
    public let unrest: Int
    /// Of the unread records of the hot partition, the share of the most frequent key; nil if there is none, or its records were
    /// not read.
    public var hotKeyShare: KeyShare?
    /// What its members say themselves; empty where nobody asked them.
    public var insideCauses: [LagCause] = []

    public init(_ profile: GroupProfile, partitions: [Partition], unrest: Int = 0) {
        self.profile = profile
        self.partitions = partitions.sorted { $0.place < $1.place }
        self.unrest = unrest
    }

    public var group: String { profile.name }
    /// The broker's word, such as `Stable` or `Empty`; nil where it was not asked.
    public var state: String? { profile.state }

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

    /// The subjects with unread events: frames are of partitions that no two share a subject of, other records may be. Nil if the
    /// records of a partition are not known to be about subjects, or there is no partition.
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

    /// The maximum over all partitions; nil if one is unknown or there is none.
    public var seconds: Double? { isKnown(\.seconds) ? knownSeconds : nil }
    /// The maximum over the partitions where it is known; nil if it is known of none.
    public var knownSeconds: Double? { partitions.compactMap(\.lag.seconds).max() }

    /// Records a second that the group reads, and that are written to its partitions; nil if one is unknown or there is none.
    public var consumptionRate: Double? { sum(\.consumptionRate) }
    public var arrivalRate: Double? { sum(\.arrivalRate) }

    private func sum(_ rate: KeyPath<LagEvaluation, Double?>) -> Double? {
        isKnown(rate) ? partitions.compactMap { $0.lag[keyPath: rate] }.reduce(0, +) : nil
    }

    /// Until the slowest partition has caught up: never if one never does, and else unknown if it is unknown of one.
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

    /// Growing if any partition's lag grows, else unknown if it is unknown of one, else shrinking if any shrinks.
    public var trend: LagEvaluation.Trend {
        let trends = Set(partitions.map(\.lag.trend))
        return [.growing, .unknown, .shrinking].first { trends.contains($0) } ?? (trends.isEmpty ? .unknown : .steady)
    }

    /// The greatest share of retention that is used up in a partition; nil if one is unknown or there is none.
    public var retentionShare: Double? { isKnown(\.retentionShare) ? knownRetentionShare : nil }
    /// The same of the partitions where it is known; nil if it is known of none.
    public var knownRetentionShare: Double? { partitions.compactMap(\.lag.retentionShare).max() }

    /// Offsets that retention took before the group read them; nil if none are known to be lost.
    public var lost: Int64? {
        let lost = partitions.compactMap(\.lag.lost)
        return lost.isEmpty ? nil : lost.reduce(0, +)
    }

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

    /// Why the group is behind, what matters most first; empty if nothing is wrong.
    public var causes: [LagCause] { insideCauses + LagCause.of(self) }
}
