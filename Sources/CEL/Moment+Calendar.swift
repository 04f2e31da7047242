/// A date and time of day of the proleptic Gregorian calendar.
public struct CivilTime: Hashable, Sendable {
    public var year: Int64
    /// 1 to 12.
    public var month: Int64
    /// Day of the month, from 1.
    public var day: Int64
    public var hour: Int64
    public var minute: Int64
    public var second: Int64
    public var millisecond: Int64
    /// 0 is Sunday.
    public var dayOfWeek: Int64
    /// From 0.
    public var dayOfYear: Int64

    /// Days since 1970-01-01 (Hinnant, "chrono-compatible algorithms").
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    static func days(inMonth month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// 0 is Sunday.
    static func dayOfWeek(days: Int64) -> Int64 {
        let day = (days + 4) % 7
        return day < 0 ? day + 7 : day
    }
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
        let date = CivilTime.date(days: days)
        return CivilTime(
            year: date.year, month: date.month, day: date.day, hour: second / 3600, minute: second / 60 % 60,
            second: second % 60, millisecond: Int64(nanoseconds) / 1_000_000,
            dayOfWeek: CivilTime.dayOfWeek(days: days),
            dayOfYear: days - CivilTime.days(year: date.year, month: 1, day: 1))
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

    /// -duration
    public var negatedDuration: Moment? { Moment(seconds: 0, nanoseconds: 0).minus(self)?.ifDuration }

    /// A duration's whole hours, rounded towards zero.
    public var durationHours: Int64 { durationSeconds / 3600 }
    public var durationMinutes: Int64 { durationSeconds / 60 }
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
