public import Events

/// Which subjects a search is for. Numbers are those of the fold's policy; what is nil does not restrict.
public struct SubjectFilter: Sendable {
    /// How their ids begin, in bytes.
    public var prefix: [UInt8] = []
    public var kind: SubjectKind?
    public var band: Int?
    /// A perk that they hold.
    public var perk: Int?
    /// A sanction that they are under: noticed, in force or stayed.
    public var sanction: Int?
    /// The state of that sanction; without one, of any.
    public var sanctionState: SanctionState?
    /// Microseconds since 1970, of the enrolment's time.
    public var enrolled: ClosedRange<Int64>?
    public var score: ClosedRange<Int64>?

    public init() {}

    /// Whether any subject passes.
    var isOpen: Bool {
        kind == nil && band == nil && perk == nil && sanction == nil && sanctionState == nil && enrolled == nil
            && score == nil
    }
}

/// What a list shows of a subject.
public struct SubjectSummary: Sendable, Equatable {
    public struct Sanction: Sendable, Equatable {
        public var sanction: Int
        public var state: SanctionState
    }

    public var subject: [UInt8]
    public var kind: SubjectKind
    /// The score and band as published last.
    public var level: Fact.Level
    /// The time of the enrolment, in microseconds since 1970.
    public var enrolled: Int64
    public var perks: [Int]
    public var sanctions: [Sanction]
}

/// A part of the answer to a search, in the order of ids.
public struct SubjectRange: Sendable {
    public var subjects: [SubjectSummary] = []
    /// Everything up to this id has been looked at; nil if everything has.
    public var completeThrough: [UInt8]?
    /// Entries that were looked at.
    public var scanned = 0
}
