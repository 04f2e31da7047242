internal import CEL

/// How a rule's events are grouped into buckets: by the UTC calendar period of the event's time, or all in one.
public enum Period: String, CaseIterable, Sendable {
    case day, month, year, ever

    /// The number of a time's bucket: days since 1970, months since year 0, years, or 0.
    public func bucket(of time: Timestamp) -> Int32 {
        guard self != .ever else { return 0 }
        let day = time.microseconds.floorDivided(by: Timestamp.microsecondsPerDay).quotient
        if self == .day { return Int32(clamping: day) }
        let date = CivilDate(days: day)
        return Int32(clamping: self == .month ? date.year * 12 + date.month - 1 : date.year)
    }

    /// The first instant of a bucket; `distantPast` for `ever`. Saturates instead of overflowing.
    public func start(of bucket: Int32) -> Timestamp { start(of: Int64(bucket)) }

    private func start(of number: Int64) -> Timestamp {
        let day: Int64
        switch self {
        case .ever: return .distantPast
        case .day: day = number
        case .month:
            let month = number.floorDivided(by: 12)
            day = CivilDate(year: month.quotient, month: month.remainder + 1, day: 1).days
        case .year: day = CivilDate(year: number, month: 1, day: 1).days
        }
        return Timestamp(day: day)
    }

    /// The first instant after a bucket; `Int64.max` for `ever`. Saturates instead of overflowing.
    public func end(of bucket: Int32) -> Timestamp {
        self == .ever ? Timestamp(microseconds: .max) : start(of: Int64(bucket) + 1)
    }
}
