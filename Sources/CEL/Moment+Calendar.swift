/// A date and time of day.
public struct CivilTime: Hashable, Sendable {
    public var year: Int64
    /// 1 to 12.
    public var month: Int64
    /// Day of the month, from 1.
    public var day: Int64
    /// 0 to 23; `minute` and `second` are 0 to 59, `millisecond` 0 to 999.
    public var hour: Int64
    public var minute: Int64
    public var second: Int64
    public var millisecond: Int64
    /// 0 is Sunday.
    public var dayOfWeek: Int64
    /// From 0.
    public var dayOfYear: Int64
}

extension Moment {
    /// The parts of a timestamp on a clock `offset` seconds ahead of UTC. A moment outside the range of timestamps
    /// counts as the nearest timestamp.
    public func civil(offset: Int32) -> CivilTime {
        let range = Self.timestampSeconds
        let local = max(range.lowerBound, min(range.upperBound, seconds)) + Int64(offset)
        var (days, second) = local.quotientAndRemainder(dividingBy: 86_400)
        if second < 0 {
            days -= 1
            second += 86_400
        }
        let date = CivilDate(days: days)
        return CivilTime(
            year: date.year, month: date.month, day: date.day, hour: second / 3600, minute: second / 60 % 60,
            second: second % 60, millisecond: Int64(nanoseconds) / 1_000_000,
            dayOfWeek: CivilDate.dayOfWeek(days: days),
            dayOfYear: days - CivilDate(year: date.year, month: 1, day: 1).days)
    }
}

/// Sums and differences. Timestamps outside the years 0001 to 9999 are nil, as are durations beyond Int64 nanoseconds.
/// A method's name has the type of the result, its label the type of the argument.
extension Moment {
    /// Makes a duration.
    public init(nanoseconds total: Int64) {
        var (seconds, part) = total.quotientAndRemainder(dividingBy: Self.nanosecondsPerSecond)
        if part < 0 {
            seconds -= 1
            part += Self.nanosecondsPerSecond
        }
        self.init(seconds: seconds, nanoseconds: Int32(part))
    }

    /// The nanoseconds of a duration; nil if they do not fit, because CEL has no such duration.
    public var totalNanoseconds: Int64? {
        // Subtracts from the next second, so that the least duration fits.
        let (next, late) = seconds.addingReportingOverflow(seconds < 0 ? 1 : 0)
        let (whole, overflow) = next.multipliedReportingOverflow(by: Self.nanosecondsPerSecond)
        let part = Int64(nanoseconds) - (seconds < 0 ? Self.nanosecondsPerSecond : 0)
        let (sum, carry) = whole.addingReportingOverflow(part)
        return late || overflow || carry ? nil : sum
    }

    /// timestamp + duration
    public func timestamp(adding duration: Moment) -> Moment? { plus(duration)?.ifTimestamp }

    /// timestamp - duration
    public func timestamp(subtracting duration: Moment) -> Moment? { minus(duration)?.ifTimestamp }

    /// timestamp - timestamp
    public func duration(since timestamp: Moment) -> Moment? { minus(timestamp)?.ifDuration }

    /// duration + duration
    public func duration(adding other: Moment) -> Moment? { plus(other)?.ifDuration }

    /// duration - duration
    public func duration(subtracting other: Moment) -> Moment? { minus(other)?.ifDuration }

    /// A duration's whole hours, rounded towards zero.
    public var durationHours: Int64 { durationSeconds / 3600 }
    /// A duration's whole minutes, rounded towards zero.
    public var durationMinutes: Int64 { durationSeconds / 60 }
    /// A duration's whole seconds, rounded towards zero.
    public var durationSeconds: Int64 { seconds < 0 && nanoseconds > 0 ? seconds + 1 : seconds }
    /// The fraction of a second in milliseconds, rounded towards zero: 321 of 123.321456789 s.
    public var durationMilliseconds: Int64 {
        (Int64(nanoseconds) - (seconds < 0 && nanoseconds > 0 ? Self.nanosecondsPerSecond : 0)) / 1_000_000
    }

    var ifTimestamp: Moment? { Self.timestampSeconds.contains(seconds) ? self : nil }
    private var ifDuration: Moment? { totalNanoseconds == nil ? nil : self }

    private func plus(_ other: Moment) -> Moment? {
        let part = Int64(nanoseconds) + Int64(other.nanoseconds)
        let carry = part >= Self.nanosecondsPerSecond
        let (sum, overflow) = seconds.addingReportingOverflow(other.seconds)
        let (total, second) = sum.addingReportingOverflow(carry ? 1 : 0)
        guard !overflow, !second else { return nil }
        return Moment(seconds: total, nanoseconds: Int32(part - (carry ? Self.nanosecondsPerSecond : 0)))
    }

    private func minus(_ other: Moment) -> Moment? {
        let part = Int64(nanoseconds) - Int64(other.nanoseconds)
        let borrow = part < 0
        let (difference, overflow) = seconds.subtractingReportingOverflow(other.seconds)
        let (total, second) = difference.subtractingReportingOverflow(borrow ? 1 : 0)
        guard !overflow, !second else { return nil }
        return Moment(seconds: total, nanoseconds: Int32(part + (borrow ? Self.nanosecondsPerSecond : 0)))
    }
}
