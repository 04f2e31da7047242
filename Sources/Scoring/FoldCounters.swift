/// Counts since the ledger began. A replay of the same ledger gives the same numbers.
public struct FoldCounters: Equatable, Sendable {
    /// Entries with an event, whatever its effect.
    public var entries: Int64 = 0
    /// Behaviour events that a rule, a measure or a sanction took.
    public var scored: Int64 = 0
    /// Behaviour events of enrolled subjects that no rule, measure or sanction took.
    public var unmatched: Int64 = 0
    /// Events whose (subject, source, id) was used before.
    public var duplicates: Int64 = 0
    /// Events of subjects that were not enrolled and that contribute nothing. Early ones are counted when their wait
    /// expires.
    public var notEnrolled: Int64 = 0
    /// Behaviour events that came before their subject's enrolment.
    public var early: Int64 = 0
    /// Early events that were folded when their subject enrolled.
    public var earlyFolded: Int64 = 0
    /// Early events that were dropped because too many waited. They are among `notEnrolled` too.
    public var earlyBeyondLimit: Int64 = 0
    /// Behaviour events beyond a subject's limit (`Fold.maximumSubjectEvents`).
    public var beyondLimit: Int64 = 0
    /// Enrolments of a kind that the policy does not score.
    public var kindNotScored: Int64 = 0
    public var enrolments: Int64 = 0
    public var withdrawals: Int64 = 0
    /// Appeals and decisions about a sanction that does not exist or cannot be appealed.
    public var appealsIgnored: Int64 = 0
    /// Conditions and points that could not be evaluated: no match for that rule and that event.
    public var evaluationErrors: Int64 = 0
    public var sanctionsImposed: Int64 = 0
    /// Voids that took an event back.
    public var voids: Int64 = 0
    /// Voids of an event that does not exist. A void that waits is counted when its wait expires.
    public var voidsIgnored: Int64 = 0
    /// Entries whose time is outside 1970 to 2200, or too far beyond the clock: they contribute nothing and move nothing.
    public var outOfRange: Int64 = 0
    /// Entries that only move the clock.
    public var ticks: Int64 = 0
    /// Switches to a state that was folded from the history: under another policy, or with other sources left out.
    public var policySwitches: Int64 = 0
    /// Activations that changed nothing, because they were approved against a policy other than the active one, or
    /// because their policy needs a newer fold version than the ledger's; and withdrawals of sources that need one.
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
