public import Events

/// The criteria of a search for subjects. Numbers are those of the fold's policy. A nil criterion matches every
/// subject.
public struct SubjectFilter: Sendable {
    /// The first bytes of their ids.
    public var prefix: [UInt8] = []
    public var kind: SubjectKind?
    /// The band of the last published level.
    public var band: Int?
    /// A perk that they have.
    public var perk: Int?
    /// A sanction that is noticed, in force or stayed.
    public var sanction: Int?
    /// The state of that sanction, or, if none is given, of any sanction.
    public var sanctionState: SanctionState?
    /// The enrolment's time, in microseconds since 1970.
    public var enrolled: ClosedRange<Int64>?
    /// Of the last published level.
    public var score: ClosedRange<Int64>?

    public init() {}

    /// Whether every subject with the prefix matches.
    var isOpen: Bool {
        kind == nil && band == nil && perk == nil && sanction == nil && sanctionState == nil && enrolled == nil
            && score == nil
    }
}

/// The columns of a subject in a list.
public struct SubjectSummary: Sendable, Equatable {
    /// A sanction that is not idle, by its index in the policy.
    public struct Sanction: Sendable, Equatable {
        public var sanction: Int
        public var state: SanctionState
    }

    public var subject: [UInt8]
    public var kind: SubjectKind
    /// The last published score and band.
    public var level: Fact.Level
    /// The time of the enrolment, in microseconds since 1970.
    public var enrolled: Int64
    public var perks: [Int]
    public var sanctions: [Sanction]
}

/// One page of a search, in the order of ids.
public struct SubjectRange: Sendable {
    public var subjects: [SubjectSummary] = []
    /// All subjects up to this id were searched; nil if all subjects were.
    public var completeThrough: [UInt8]?
    /// The number of entries that were searched.
    public var scanned = 0
}
