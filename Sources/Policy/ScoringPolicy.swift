public import Events
public import CEL

/// A policy that has passed every check: the points of events, and the consequences of a score.
///
/// Indices into `dimensions`, `attributes`, `measures`, `rules`, `bands`, `perks` and `sanctions` are in the document's
/// order, and serve as their numbers everywhere else.
public struct ScoringPolicy: Sendable {
    public struct Score: Sendable, Equatable {
        public var base: Int64
        public var min: Int64
        public var max: Int64
    }

    /// A context. Evidence of one dimension never counts in another.
    public struct Dimension: Sendable, Equatable {
        public var name: String
        /// The bounds to which the dimension's points are clamped.
        public var min: Int64
        public var max: Int64
    }

    public enum Points: Sendable {
        case constant(Int64)
        /// Over the event, or over the standing for a rule over measures. Gives an int.
        case expression(Expression)
    }

    public struct Band: Sendable, Equatable {
        public var name: String
        public var from: Int64
    }

    public struct Perk: Sendable {
        public var id: String
        /// An expression over the standing.
        public var when: Expression
        /// The perk is revoked only after the condition was false for this long.
        public var grace: CalendarSpan
    }

    public struct Sanction: Sendable {
        public enum Trigger: Sendable {
            /// An expression over the dimension's points and measures, the subject's kind and attributes.
            case level(Expression)
            /// The event types that impose it, and a condition over the event; nil if every event matches.
            case event([EventPattern], when: Expression?)
        }

        public var id: String
        public var dimension: Int
        /// The names that a blacklist service blocks while it is in force.
        public var measures: [String]
        public var trigger: Trigger
        public var liftedBy: [EventPattern]
        public var notice: CalendarSpan
        public var lasts: CalendarSpan
    }

    public struct Appeals: Sendable, Equatable {
        /// Whether nothing is blocked while an appeal is undecided.
        public var stay = true
        public var decideWithin = CalendarSpan(30, .days)
    }

    /// Limits of the harm that a policy's activation may do to subjects. A nil limit does not restrict. Shares are of
    /// the enrolled subjects, in hundredths of a percent.
    public struct HarmBudget: Sendable, Equatable {
        /// The share of subjects that may fall to a lower band.
        public var loseBand: Int64?
        /// The share of subjects that may lose points.
        public var losePoints: Int64?
        /// The share of subjects that may lose a perk.
        public var losePerk: Int64?
        /// The points that one subject may lose.
        public var largestLoss: Int64?
        /// The sanctions that would exist if this policy had always been active, and do not exist.
        public var newSanctions: Int64?

        public init() {}
    }

    public var id: String
    public var version: Int64
    public var score: Score
    public var kinds: KindSet
    /// Microseconds that an event waits for its subject's enrolment, and a void for its event (SPEC section 2).
    public var early: Int64 = 3600 * Timestamp.microsecondsPerSecond
    public var dimensions: [Dimension]
    /// Their values are compiled into the expressions. Nothing else needs them.
    public var constants: [Constant] = []
    public var attributes: [Attribute] = []
    public var measures: [Measure] = []
    public var rules: [Rule]
    public var bands: [Band]
    public var perks: [Perk]
    public var sanctions: [Sanction]
    public var appeals = Appeals()
    public var harmBudget = HarmBudget()
    /// The variables of this policy's expressions.
    public var variables: PolicyVariables
    /// The document's text, byte for byte as in the ledger.
    public var text: String

    public static let maximumDimensions = 64
    public static let maximumConstants = 256
    /// The limit of items of a constant list.
    public static let maximumConstantItems = 1024
    public static let maximumAttributes = 64
    public static let maximumMeasures = 256
    public static let maximumRules = 1024
    public static let maximumBands = 64
    public static let maximumPerks = 256
    public static let maximumSanctions = 256
    /// The limit of event types and prefixes of one rule, measure or sanction, and of the names that a sanction blocks.
    public static let maximumNames = 256
    /// The limit of uses of event types and prefixes. A type counts for each rule, measure or sanction that applies to
    /// it, by its own name or by a prefix that covers it.
    public static let maximumUses = 1_000_000
    /// The greatest `early`, in days.
    public static let maximumEarlyDays: Int64 = 7
    /// The limit at which sums saturate.
    public static let saturation: Int64 = 1 << 31

    /// The policy of a ledger partition before its first entry: no rules, and no kinds to score.
    public static let absent = ScoringPolicy(
        id: "absent", version: 0, score: Score(base: 0, min: 0, max: 0), kinds: [], dimensions: [], rules: [],
        bands: [Band(name: "", from: 0)], perks: [], sanctions: [], variables: PolicyVariables(), text: ""
    )

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

    /// In the order of `SubjectKind.allCases`.
    public var kinds: [SubjectKind] { SubjectKind.allCases.filter { contains(KindSet($0)) } }
}
