/// Which times an entry of a ledger may have (SPEC section 2): others contribute nothing and move nothing.
public enum EntryTime {
    /// 1970-01-01T00:00:00Z.
    public static let first = Timestamp(microseconds: 0)
    /// The last microsecond of the year 2200.
    public static let last = Timestamp(microseconds: 7_289_654_399_999_999)
    /// An entry lies at most so far beyond its partition's clock.
    public static let maximumJump = CalendarSpan(10, .years)
    /// No ten years are shorter: what lies nearer needs no calendar.
    private static let shortestJump: Int64 = 3650 * 86_400_000_000

    /// The latest time that an entry may have where the clock stands there. `distantPast`: no event or tick has moved it, and it
    /// is not compared.
    public static func latest(at clock: Timestamp) -> Timestamp {
        clock == .distantPast ? last : min(last, clock.adding(maximumJump))
    }

    /// `clock`: as `latest` has it.
    public static func isOutOfRange(_ time: Timestamp, clock: Timestamp) -> Bool {
        guard time >= first, time <= last else { return true }
        if time <= clock.adding(microseconds: shortestJump) { return false }
        return time > latest(at: clock)
    }
}
