/// What a fold has done since its ledger began. Replaying the same ledger gives the same numbers.
public struct FoldCounters: Equatable, Sendable {
    /// Entries with an event, whatever came of it.
    public var entries: Int64 = 0
    /// Behaviour events that added points.
    public var scored: Int64 = 0
    /// Behaviour events of enrolled subjects that no rule names.
    public var unmatched: Int64 = 0
    public var duplicates: Int64 = 0
    public var notEnrolled: Int64 = 0
    /// Enrolments of a kind that the policy does not score.
    public var kindNotScored: Int64 = 0
    public var enrolments: Int64 = 0
    public var withdrawals: Int64 = 0
    /// Appeals and decisions about a sanction that is not there: counted and harmless.
    public var appealsIgnored: Int64 = 0
    public var ticks: Int64 = 0

    public init() {}

    public static func + (a: Self, b: Self) -> Self {
        var sum = a
        sum.entries += b.entries
        sum.scored += b.scored
        sum.unmatched += b.unmatched
        sum.duplicates += b.duplicates
        sum.notEnrolled += b.notEnrolled
        sum.kindNotScored += b.kindNotScored
        sum.enrolments += b.enrolments
        sum.withdrawals += b.withdrawals
        sum.appealsIgnored += b.appealsIgnored
        sum.ticks += b.ticks
        return sum
    }
}
