/// What a fold has done since its ledger began. Replaying the same ledger gives the same numbers.
public struct FoldCounters: Equatable, Sendable {
    /// Entries with an event, whatever came of it.
    public var entries: Int64 = 0
    /// Behaviour events that a rule, a measure or a sanction took.
    public var scored: Int64 = 0
    /// Behaviour events of enrolled subjects that no rule, no measure and no sanction took.
    public var unmatched: Int64 = 0
    public var duplicates: Int64 = 0
    /// Events of subjects that were not enrolled and that contribute nothing; early ones are counted when they wait no more.
    public var notEnrolled: Int64 = 0
    /// Behaviour events that came before their subject's enrolment.
    public var early: Int64 = 0
    /// Those of them that were folded when their subject enrolled.
    public var earlyFolded: Int64 = 0
    /// Those that had to go because too many waited; they are among `notEnrolled`.
    public var earlyBeyondLimit: Int64 = 0
    /// Behaviour events of a subject that had as many as one may have (`Fold.maximumSubjectEvents`).
    public var beyondLimit: Int64 = 0
    /// Enrolments of a kind that the policy does not score.
    public var kindNotScored: Int64 = 0
    public var enrolments: Int64 = 0
    public var withdrawals: Int64 = 0
    /// Appeals and decisions about a sanction that is not there: counted and harmless.
    public var appealsIgnored: Int64 = 0
    /// Conditions and points that had no value: no match for that rule and that event.
    public var evaluationErrors: Int64 = 0
    public var sanctionsImposed: Int64 = 0
    public var voids: Int64 = 0
    /// Voids of an event that is not there; one that waits for it is counted when it waits no more.
    public var voidsIgnored: Int64 = 0
    /// Entries whose time lies outside 1970 to 2200, or too far beyond the clock: they contribute nothing and move nothing.
    public var outOfRange: Int64 = 0
    public var ticks: Int64 = 0
    public var policySwitches: Int64 = 0
    /// Activations that changed nothing, because another policy was active than they were approved against, or because the
    /// ledger's fold version does not have all that theirs has.
    public var activationsIgnored: Int64 = 0

    public init() {}

    public static func + (a: Self, b: Self) -> Self { a.combined(b, +) }
    public static func - (a: Self, b: Self) -> Self { a.combined(b, -) }

    private func combined(_ other: Self, _ combine: (Int64, Int64) -> Int64) -> Self {
        var result = self
        // All of them are 64-bit numbers, one after the other.
        withUnsafeMutableBytes(of: &result) { result in
            withUnsafeBytes(of: other) { other in
                let (result, other) = (result.bindMemory(to: Int64.self), other.bindMemory(to: Int64.self))
                for index in result.indices { result[index] = combine(result[index], other[index]) }
            }
        }
        return result
    }
}
