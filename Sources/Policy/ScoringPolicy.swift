public import Events
public import CEL

/// A policy that has passed every check: what each event is worth, and what follows from a score.
///
/// Indices into `dimensions`, `attributes`, `measures`, `rules`, `bands`, `perks` and `sanctions` are in the document's order
/// and serve as their numbers everywhere else.
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

    public enum Points: Sendable {
        case constant(Int64)
        /// Over the event, or of a rule over measures over the standing; gives an int.
        case expression(Expression)
    }

    public struct Band: Sendable, Equatable {
        public var name: String
        public var from: Int64
    }

    public struct Perk: Sendable {
        public var id: String
        /// Over the standing.
        public var when: Expression
        /// Revoked only after so long without the condition.
        public var grace: CalendarSpan
    }

    public struct Sanction: Sendable {
        public enum Trigger: Sendable {
            /// Over the dimension's points and measures, the subject's kind and attributes.
            case level(Expression)
            /// What imposes it, and a condition over the event (nil: always).
            case event([EventPattern], when: Expression?)
        }

        public var id: String
        public var dimension: Int
        /// What a blacklist service blocks while it is in force.
        public var measures: [String]
        public var trigger: Trigger
        public var liftedBy: [EventPattern]
        public var notice: CalendarSpan
        public var lasts: CalendarSpan
    }

    public struct Appeals: Sendable, Equatable {
        /// Nothing is blocked while an appeal is undecided.
        public var stay = true
        public var decideWithin = CalendarSpan(30, .days)
    }

    /// What activating a policy may cost those who are scored; nil: no bound. Shares are of the subjects who are enrolled, in
    /// hundredths of a percent.
    public struct HarmBudget: Sendable, Equatable {
        /// Who may fall to a lower band.
        public var loseBand: Int64?
        /// Who may lose points.
        public var losePoints: Int64?
        /// Who may lose a perk.
        public var losePerk: Int64?
        /// Points that one subject may lose.
        public var largestLoss: Int64?
        /// Sanctions that would be on subjects, had this policy always been active, and are not.
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
    /// Their values stand in the expressions: nothing else needs them.
    public var constants: [Constant] = []
    public var attributes: [Attribute] = []
    public var measures: [Measure] = []
    public var rules: [Rule]
    public var bands: [Band]
    public var perks: [Perk]
    public var sanctions: [Sanction]
    public var appeals = Appeals()
    public var harmBudget = HarmBudget()
    /// Where the expressions of this policy find their variables.
    public var variables: PolicyVariables
    /// The document's text, as it goes into the ledger.
    public var text: String

    public static let maximumDimensions = 64
    public static let maximumConstants = 256
    /// Items of a constant that is a list.
    public static let maximumConstantItems = 1024
    public static let maximumAttributes = 64
    public static let maximumMeasures = 256
    public static let maximumRules = 1024
    public static let maximumBands = 64
    public static let maximumPerks = 256
    public static let maximumSanctions = 256
    /// Event types and prefixes of one rule, measure or sanction, and what a sanction blocks.
    public static let maximumNames = 256
    /// Event types and prefixes, each as often as a rule, a measure or a sanction applies to it: by its own name, or by a prefix
    /// that covers it.
    public static let maximumUses = 1_000_000
    /// The longest `early`, in days.
    public static let maximumEarlyDays: Int64 = 7
    /// Sums saturate here.
    public static let saturation: Int64 = 1 << 31

    /// What a ledger partition has before its first entry: no rule, nobody to score.
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
