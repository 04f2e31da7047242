/// The times that an entry of a ledger may have (SPEC section 2). An entry with another time contributes nothing and
/// moves no clock.
public enum EntryTime {
    /// 1970-01-01T00:00:00Z.
    public static let first = Timestamp(microseconds: 0)
    /// The last microsecond of the year 2200.
    public static let last = Timestamp(microseconds: 7_289_654_399_999_999)
    /// An entry's time is at most this span after its partition's clock.
    public static let maximumJump = CalendarSpan(10, .years)
    /// No ten years are shorter than this. A smaller difference needs no calendar.
    private static let shortestJump: Int64 = 3650 * 86_400_000_000

    /// The latest time that an entry may have when the clock is at `clock`. `distantPast`: no event or tick has moved
    /// the clock, and it is not compared.
    public static func latest(at clock: Timestamp) -> Timestamp {
        clock == .distantPast ? last : min(last, clock.adding(maximumJump))
    }

    /// `clock`: as in `latest`.
    public static func isOutOfRange(_ time: Timestamp, clock: Timestamp) -> Bool {
        guard time >= first, time <= last else { return true }
        if time <= clock.adding(microseconds: shortestJump) { return false }
        return time > latest(at: clock)
    }
}
