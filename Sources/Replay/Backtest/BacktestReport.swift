public import Events
public import Scoring

/// What the same events make of their subjects under one policy, or under two.
///
/// `policy` is the candidate, `against` the baseline: what moved, moved from `against` to `policy`. Subjects' ids
/// appear in lists of a bounded length and nowhere else; under `listLimit` 0 those lists are empty, and no event is named.
public struct BacktestReport: Sendable, Equatable {
    public var input: Input
    public var listLimit: Int
    public var policy: Side
    /// Nil without a baseline.
    public var against: Side?
    public var comparison: Comparison?
    /// Nil of nobody.
    public var histogram: BacktestHistogram?
    /// Nil without outcomes.
    public var outcome: Outcome?
    /// Of each rule of the candidate; nil if nobody asked.
    public var sensitivity: [Sensitivity]?

    public struct Input: Sendable, Equatable {
        public var files: [String]
        public var read: Int64
        /// Lines that were no event that could be folded.
        public var rejected: Int64
        /// Nil if nothing has moved the clock.
        public var clock: Timestamp?
    }

    public struct Outcome: Sendable, Equatable {
        public var name: String
        public var subjects: Int64
        /// Of them, those whom it befell.
        public var outcomes: Int64
    }

    /// Everyone under one policy, at the end.
    public struct Side: Sendable, Equatable {
        public var id: String
        public var version: Int64
        public var counters: FoldCounters
        /// Why events did not count. Under `listLimit` 0 it names no event.
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

    /// What a measure comes to over the subjects of its kinds.
    public struct Measure: Sendable, Equatable {
        public var id: String
        public var subjects: Int64
        /// Of them, those for whom it is absent.
        public var absent: Int64
        public var values: BacktestDistribution?
    }

    /// Changes into or out of a band, over its lower bound, that were taken back soon.
    public struct BandReturn: Sendable, Equatable {
        public var band: String
        public var count: Int64
        /// Nine of ten were taken back within so many.
        public var days: Int64
    }

    /// From the candidate to the same without one of its rules.
    public struct Sensitivity: Sendable, Equatable {
        public var rule: String
        public var gain: Int64
        public var pointsGained: Int64
        public var lose: Int64
        public var pointsLost: Int64
        public var bandUp: Int64
        public var bandDown: Int64
        /// Subjects who have one under one policy only, summed over the sanctions, and over the perks.
        public var sanctions: Int64
        public var perks: Int64
    }

    public struct Band: Sendable, Equatable {
        public var name: String
        public var from: Int64
        public var subjects: Int64
    }

    /// A sanction's times and, at the end, its subjects.
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
        /// Subjects who hold it at the end.
        public var held: Int64 = 0
    }

    /// The outcomes of subjects who have both an outcome and a standing under one policy.
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
        /// Subjects under both; what follows is about them.
        public var subjects: Int64 = 0
        /// Not scored under the other: their kind is not, or not any more.
        public var onlyPolicy: Int64 = 0
        public var onlyAgainst: Int64 = 0
        public var gain: Int64 = 0
        public var lose: Int64 = 0
        public var stay: Int64 = 0
        /// Sums of the differences of score; the second is not positive.
        public var pointsGained: Int64 = 0
        public var pointsLost: Int64 = 0
        /// Points that one subject loses at most.
        public var largestLoss: Int64 = 0
        /// Bands are compared by name, in the candidate's order or, where that lacks the old one, the baseline's.
        public var bandUp: Int64 = 0
        public var bandDown: Int64 = 0
        public var bandSame: Int64 = 0
        /// Neither policy has both bands.
        public var bandOther: Int64 = 0
        /// Subjects who have not a perk that they had.
        public var losePerk: Int64 = 0
        /// By the band of `against`, then by that of `policy`.
        public var matrix: [[Int64]] = []
        /// The base score, then rules in the candidate's order, then the baseline's other rules, then the limits. Each
        /// column of points adds up to the points gained or lost, and the last to those who gain or lose.
        public var parts: [Part] = []
        /// The largest first, those of one size by subject.
        public var gainers: [Move] = []
        public var losers: [Move] = []
        /// The candidate's order, then what only the baseline has.
        public var sanctions: [Difference] = []
        public var perks: [Difference] = []
    }

    /// One reason for differences of score.
    public struct Part: Sendable, Equatable {
        public enum Source: Sendable, Equatable {
            case base
            case rule(String)
            /// What the clamps of dimensions and of the score take or give.
            case limits
        }

        public var source: Source
        /// Differences of its points, over subjects whose score is higher, and over those whose score is lower.
        public var overGainers: Int64 = 0
        public var overLosers: Int64 = 0
        /// Subjects for whom no other part in the direction of the change is larger; of equal ones the first.
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

    /// Who has a sanction (noticed, in force or stayed) or a perk at the end.
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

    /// Sanctions and perks of two policies by id: the candidate's order, then what only the baseline has.
    static func ids(_ policy: [String], _ against: [String]) -> [String] {
        policy + against.filter { !policy.contains($0) }
    }
}
