public import Events
public import Scoring

/// The results of the same events under one policy, or under two.
///
/// `policy` is the candidate, `against` the baseline. Changes are from `against` to `policy`. Subjects' ids occur only
/// in lists of a limited length. With a `listLimit` of 0 those lists are empty, and no event is named.
public struct BacktestReport: Sendable, Equatable {
    public var input: Input
    public var listLimit: Int
    public var policy: Side
    /// Nil without a baseline.
    public var against: Side?
    public var comparison: Comparison?
    /// Nil if there are no subjects.
    public var histogram: BacktestHistogram?
    /// Nil without outcomes.
    public var outcome: Outcome?
    /// The effect of each rule of the candidate; nil if it was not requested.
    public var sensitivity: [Sensitivity]?

    public struct Input: Sendable, Equatable {
        public var files: [String]
        public var read: Int64
        /// Lines that were not an event that could be folded.
        public var rejected: Int64
        /// Nil if nothing has moved the clock.
        public var clock: Timestamp?
    }

    public struct Outcome: Sendable, Equatable {
        public var name: String
        public var subjects: Int64
        /// Subjects with the outcome, among `subjects`.
        public var outcomes: Int64
    }

    /// All subjects under one policy, at the end.
    public struct Side: Sendable, Equatable {
        public var id: String
        public var version: Int64
        public var counters: FoldCounters
        /// The reasons why events did not count. With a `listLimit` of 0 it names no event.
        public var diagnosis: Diagnosis
        /// Early events that contribute nothing, by the number of their file in the input.
        public var notEnrolledByFile: [Int64]
        public var subjects: Int64
        public var scores: BacktestDistribution?
        /// In policy order, the lowest first.
        public var bands: [Band]
        public var sanctions: [Sanction]
        public var perks: [Perk]
        public var outcome: Discrimination?
        /// In policy order.
        public var measures: [Measure] = []
        public var bandChanges: Int64 = 0
        public var bandReturns: [BandReturn] = []
    }

    /// The values of a measure for the subjects of its kinds.
    public struct Measure: Sendable, Equatable {
        public var id: String
        public var subjects: Int64
        /// Subjects without a value, among `subjects`.
        public var absent: Int64
        public var values: BacktestDistribution?
    }

    /// Changes over a band's lower bound that were reversed soon.
    public struct BandReturn: Sendable, Equatable {
        public var band: String
        public var count: Int64
        /// Nine of ten changes were reversed within this many days.
        public var days: Int64
    }

    /// The differences between the candidate and the candidate without one of its rules.
    public struct Sensitivity: Sendable, Equatable {
        public var rule: String
        public var gain: Int64
        public var pointsGained: Int64
        public var lose: Int64
        public var pointsLost: Int64
        public var bandUp: Int64
        public var bandDown: Int64
        /// Subjects that have one under one policy only, summed over the sanctions, and over the perks.
        public var sanctions: Int64
        public var perks: Int64
    }

    public struct Band: Sendable, Equatable {
        public var name: String
        public var from: Int64
        public var subjects: Int64
    }

    /// The numbers of a sanction's changes and, at the end, of its subjects.
    public struct Sanction: Sendable, Equatable {
        public var id: String
        public var imposed: Int64 = 0
        public var lifted: Int64 = 0
        public var noticed: Int64 = 0
        public var inForce: Int64 = 0
        public var stayed: Int64 = 0
    }

    public struct Perk: Sendable, Equatable {
        public var id: String
        public var granted: Int64 = 0
        public var revoked: Int64 = 0
        /// Subjects that have it at the end.
        public var held: Int64 = 0
    }

    /// The outcomes of subjects that have both an outcome and a standing under one policy.
    public struct Discrimination: Sendable, Equatable {
        public var withoutStanding: Int64
        public var withoutOutcome: Int64
        public var separation: BacktestDiscrimination
        /// In policy order.
        public var bands: [BacktestRate]
        public var deciles: [BacktestRate]
    }

    /// From `against` to `policy`.
    public struct Comparison: Sendable, Equatable {
        /// Subjects under both policies. The following numbers concern them.
        public var subjects: Int64 = 0
        /// Subjects that are not scored under the other policy, because it does not score their kind.
        public var onlyPolicy: Int64 = 0
        public var onlyAgainst: Int64 = 0
        public var gain: Int64 = 0
        public var lose: Int64 = 0
        public var stay: Int64 = 0
        /// Sums of the differences of score. The second is not positive.
        public var pointsGained: Int64 = 0
        public var pointsLost: Int64 = 0
        /// The greatest number of points that one subject loses.
        public var largestLoss: Int64 = 0
        /// Bands are compared by name, in the candidate's order or, if it lacks the old one, in the baseline's.
        public var bandUp: Int64 = 0
        public var bandDown: Int64 = 0
        public var bandSame: Int64 = 0
        /// Subjects whose bands cannot be compared, because neither policy has both.
        public var bandOther: Int64 = 0
        /// Subjects that lose a perk.
        public var losePerk: Int64 = 0
        /// By the band of `against`, then by that of `policy`.
        public var matrix: [[Int64]] = []
        /// The base score, then rules in the candidate's order, then the baseline's other rules, then the limits. Each
        /// column of points adds up to the points gained or lost, and the last to the subjects that gain or lose.
        public var parts: [Part] = []
        /// The largest first, and equal ones by subject.
        public var gainers: [Move] = []
        public var losers: [Move] = []
        /// In the candidate's order, then those that only the baseline has.
        public var sanctions: [Difference] = []
        public var perks: [Difference] = []
    }

    /// One cause of differences of score.
    public struct Part: Sendable, Equatable {
        public enum Source: Sendable, Equatable {
            case base
            case rule(String)
            /// The effect of the clamps of dimensions and of the score.
            case limits
        }

        public var source: Source
        /// Differences of its points, over subjects with a higher score, and over subjects with a lower score.
        public var overGainers: Int64 = 0
        public var overLosers: Int64 = 0
        /// Subjects for which no other part in the direction of the change is larger; of equal ones the first.
        public var largestFor: Int64 = 0
    }

    public struct Level: Sendable, Equatable {
        public var score: Int64
        public var band: String
    }

    public struct Move: Sendable, Equatable {
        public var subject: String
        public var against: Level
        public var policy: Level
        /// The largest part of the change, and its points.
        public var part: Part.Source
        public var points: Int64

        public var difference: Int64 { policy.score - against.score }
    }

    /// The subjects that have a sanction (noticed, in force or stayed) or a perk at the end.
    public struct Difference: Sendable, Equatable {
        public var id: String
        public var both: Int64 = 0
        public var onlyPolicy = Subjects()
        public var onlyAgainst = Subjects()

        public init(id: String) { self.id = id }
    }

    /// A number of subjects, and the first of them by the bytes of their ids.
    public struct Subjects: Sendable, Equatable {
        public var count: Int64 = 0
        public var first: [String] = []
    }

    /// Sanctions and perks of two policies by id: in the candidate's order, then those that only the baseline has.
    static func ids(_ policy: [String], _ against: [String]) -> [String] {
        policy + against.filter { !policy.contains($0) }
    }
}
