internal import Events
internal import Policy
internal import Scoring

/// The differences if the policy in the shadow had always been the active one: a comparison of subjects' standings in
/// the two states. Each subject is compared at one ledger offset, which advances during a comparison.
public struct ShadowDifference: Hashable, Sendable, Codable {
    /// The limit of subjects in `sample`.
    public static let maximumSample = 20

    public struct Policy: Hashable, Sendable, Codable {
        public var id: String
        public var version: Int64
    }

    /// A ledger partition whose subjects are compared.
    public struct Partition: Hashable, Sendable, Codable {
        public var partition: Int32
        /// The ledger offsets at which the comparison began and ended, and the clocks; nil before the first event.
        public var fromOffset: Int64
        public var toOffset: Int64
        public var fromClock: String?
        public var toClock: String?
    }

    /// Numbers of subjects whose score in the shadow is higher, lower, or the same.
    public struct Scores: Hashable, Sendable, Codable {
        public var higher: Int64 = 0
        public var lower: Int64 = 0
        public var same: Int64 = 0
    }

    public struct BandMove: Hashable, Sendable, Codable {
        /// The band under the active policy, and the band in the shadow.
        public var from: String
        public var to: String
        public var subjects: Int64
    }

    /// Numbers of subjects whose band in the shadow is higher, lower, the same, or not comparable, because neither
    /// policy has both. The order is that of the policy in the shadow or, if it lacks one of them, of the active one.
    public struct Bands: Hashable, Sendable, Codable {
        public var up: Int64 = 0
        public var down: Int64 = 0
        public var same: Int64 = 0
        public var other: Int64 = 0
        /// Every pair of bands with subjects, including pairs of equal bands; by the active policy's order, then by the
        /// other's.
        public var moves: [BandMove] = []
    }

    /// A perk or a sanction. A sanction counts while it is noticed, in force or stayed.
    public struct Item: Hashable, Sendable, Codable {
        public var id: String
        /// Subjects that have it under the active policy, and subjects that have it in the shadow.
        public var live: Int64
        public var shadow: Int64
        /// Subjects that have it only in the shadow, and subjects that have it only under the active policy.
        public var gained: Int64
        public var lost: Int64
    }

    public struct Level: Hashable, Sendable, Codable {
        public var score: Int64
        public var band: String
    }

    public struct Subject: Hashable, Sendable, Codable {
        public var subject: String
        public var kind: String
        public var live: Level
        public var shadow: Level
        public var perksGained: [String]
        public var perksLost: [String]
        public var sanctionsGained: [String]
        public var sanctionsLost: [String]

        /// The difference of the scores.
        public var difference: Int64 { shadow.score - live.score }
    }

    /// The policy in the shadow.
    public var policy: Policy
    /// The active policies: one, unless partitions have different ones.
    public var active: [Policy]
    public var partitions: [Partition]
    public var subjects: Int64 = 0
    public var scores = Scores()
    public var bands = Bands()
    /// In the order of the policy in the shadow; then those that only the active policy has.
    public var perks: [Item] = []
    public var sanctions: [Item] = []
    /// The subjects whose scores differ most, of those with any difference; of equals the first by the bytes of their
    /// ids.
    public var sample: [Subject] = []
}

extension ShadowDifference.Partition {
    init(partition: Int32, from: (offset: Int64, clock: Timestamp), to: (offset: Int64, clock: Timestamp)) {
        self.partition = partition
        (fromOffset, toOffset) = (from.offset, to.offset)
        (fromClock, toClock) = (Self.text(from.clock), Self.text(to.clock))
    }

    private static func text(_ clock: Timestamp) -> String? { clock == .distantPast ? nil : "\(clock)" }
}

extension ShadowDifference {
    init(_ comparison: StateComparison, live: ScoringPolicy, shadow: ScoringPolicy, _ partition: Partition) {
        policy = Policy(id: shadow.id, version: shadow.version)
        active = [Policy(id: live.id, version: live.version)]
        partitions = [partition]
        subjects = comparison.subjects
        scores = Scores(
            higher: comparison.higher, lower: comparison.lower,
            same: comparison.subjects - comparison.higher - comparison.lower)
        let (before, after) = (live.bands.map(\.name), shadow.bands.map(\.name))
        for (from, row) in comparison.bands.enumerated() {
            for (to, subjects) in row.enumerated() where subjects > 0 {
                bands.moves.append(BandMove(from: before[from], to: after[to], subjects: subjects))
                switch BandDistance.steps(from: before[from], to: after[to], before, after) {
                case nil: bands.other += subjects
                case 0?: bands.same += subjects
                case let direction? where direction > 0: bands.up += subjects
                default: bands.down += subjects
                }
            }
        }
        let items = comparison.items.map {
            Item(id: $0.id, live: $0.live, shadow: $0.shadow, gained: $0.gained, lost: $0.lost)
        }
        (perks, sanctions) = (Array(items[..<comparison.perkCount]), Array(items[comparison.perkCount...]))
        sample = comparison.sample.map { subject in
            func ids(_ indexes: [Int], arePerks: Bool) -> [String] {
                indexes.filter { ($0 < comparison.perkCount) == arePerks }.map { items[$0].id }
            }
            return Subject(
                subject: String(decoding: subject.key, as: UTF8.self), kind: subject.kind.description,
                live: Level(score: subject.live.score, band: before[subject.live.band]),
                shadow: Level(score: subject.shadow.score, band: after[subject.shadow.band]),
                perksGained: ids(subject.gained, arePerks: true), perksLost: ids(subject.lost, arePerks: true),
                sanctionsGained: ids(subject.gained, arePerks: false),
                sanctionsLost: ids(subject.lost, arePerks: false))
        }
    }

    /// The difference for the subjects of both. They are of different partitions, and compared with the same policy in
    /// the shadow.
    public static func + (a: Self, b: Self) -> Self {
        var sum = a
        for policy in b.active where !sum.active.contains(policy) { sum.active.append(policy) }
        sum.partitions = (a.partitions + b.partitions).sorted { $0.partition < $1.partition }
        sum.subjects += b.subjects
        sum.scores.higher += b.scores.higher
        sum.scores.lower += b.scores.lower
        sum.scores.same += b.scores.same
        sum.bands.up += b.bands.up
        sum.bands.down += b.bands.down
        sum.bands.same += b.bands.same
        sum.bands.other += b.bands.other
        for move in b.bands.moves {
            if let index = sum.bands.moves.firstIndex(where: { $0.from == move.from && $0.to == move.to }) {
                sum.bands.moves[index].subjects += move.subjects
            } else {
                sum.bands.moves.append(move)
            }
        }
        sum.perks = added(a.perks, b.perks)
        sum.sanctions = added(a.sanctions, b.sanctions)
        let all = (a.sample + b.sample).sorted { a, b in
            let (x, y) = (a.difference.magnitude, b.difference.magnitude)
            return x != y ? x > y : a.subject.utf8.lexicographicallyPrecedes(b.subject.utf8)
        }
        sum.sample = Array(all.prefix(maximumSample))
        return sum
    }

    private static func added(_ a: [Item], _ b: [Item]) -> [Item] {
        var sum = a
        for item in b {
            guard let index = sum.firstIndex(where: { $0.id == item.id }) else {
                sum.append(item)
                continue
            }
            sum[index].live += item.live
            sum[index].shadow += item.shadow
            sum[index].gained += item.gained
            sum[index].lost += item.lost
        }
        return sum
    }
}
