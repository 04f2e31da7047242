public import Events

/// A policy that has passed every check: what each event is worth, and what follows from a score.
///
/// Indices into `dimensions`, `rules`, `bands` and `perks` are in the document's order and serve as their numbers
/// everywhere else.
public struct ScoringPolicy: Sendable {
    public struct Score: Sendable, Equatable {
        public var base: Int64
        public var min: Int64
        public var max: Int64
    }

    /// A context: evidence never crosses it.
    public struct Dimension: Sendable, Equatable {
        public var name: String
        /// Clamp of the dimension's points.
        public var min: Int64
        public var max: Int64
    }

    public struct Rule: Sendable, Equatable {
        public var id: String
        public var dimension: Int
        public var kinds: KindSet
        public var events: [String]
        public var points: Int64
        /// The rule's sum is clamped to `-cap...cap`.
        public var cap: Int64
    }

    public struct Band: Sendable, Equatable {
        public var name: String
        public var from: Int64
    }

    public struct Perk: Sendable, Equatable {
        public var id: String
        /// Bit i: granted in band i.
        public var bands: UInt64
        /// Revoked only after so many microseconds outside these bands.
        public var grace: Int64
    }

    public var id: String
    public var version: Int64
    public var score: Score
    public var kinds: KindSet
    public var dimensions: [Dimension]
    public var rules: [Rule]
    public var bands: [Band]
    public var perks: [Perk]
    /// The document's text, as it goes into the ledger.
    public var text: String

    public static let maximumDimensions = 64
    public static let maximumRules = 1024
    public static let maximumBands = 64
    public static let maximumPerks = 256
    /// Sums saturate here.
    public static let saturation: Int64 = 1 << 31

    /// What a ledger partition has before its first entry: no rule, nobody to score.
    public static let absent = ScoringPolicy(
        id: "absent", version: 0, score: Score(base: 0, min: 0, max: 0), kinds: [], dimensions: [], rules: [],
        bands: [Band(name: "", from: 0)], perks: [], text: "")

    /// The highest band whose `from` is at most `score`.
    public func band(of score: Int64) -> Int {
        var band = 0
        while band + 1 < bands.count, bands[band + 1].from <= score { band += 1 }
        return band
    }
}

/// A set of subject kinds.
public struct KindSet: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public init(_ kind: SubjectKind) { rawValue = 1 << kind.rawValue }
    public static let all = KindSet(rawValue: 0b111)
}
