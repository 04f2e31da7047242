/// Which times an entry of a ledger may have (SPEC section 2): others contribute nothing and move nothing.
public enum EntryTime {
    /// The years 1970 to 2200, both included.
    public static let years: ClosedRange<Int64> = 1970...2200
    /// An entry lies at most so far beyond its partition's clock.
    public static let maximumJump = CalendarSpan(10, .years)

    @usableFromInline static let first: Int64 = 0
    @usableFromInline static let last =
        Timestamp.daysFromCivil(year: years.upperBound + 1, month: 1, day: 1) * Timestamp.microsecondsPerDay - 1
    /// No ten years are shorter.
    @usableFromInline static let shortestJump = 3650 * Timestamp.microsecondsPerDay

    /// `clock`: `distantPast` while no event or tick has moved it, and then it is not compared.
    @inlinable public static func isOutOfRange(_ time: Timestamp, clock: Timestamp) -> Bool {
        let time = time.microseconds
        if time < first || time > last { return true }
        // No overflow: the shortest jump is a small part of what is left below the greatest number.
        guard clock.microseconds > 0, time > clock.microseconds &+ shortestJump, clock.microseconds <= last else {
            return clock.microseconds <= 0 && clock != .distantPast && jumps(time, clock)
        }
        return jumps(time, clock)
    }

    @usableFromInline static func jumps(_ time: Int64, _ clock: Timestamp) -> Bool {
        time > clock.adding(maximumJump).microseconds
    }
}
