internal import CEL

/// A length of time: days of 24 hours, or months or years of the UTC calendar.
public struct CalendarSpan: Hashable, Sendable {
    /// The raw value is the unit's word in policies.
    public enum Unit: String, CaseIterable, Sendable { case days, months, years }

    public var count: Int64
    public var unit: Unit

    public init(_ count: Int64, _ unit: Unit) {
        self.count = count
        self.unit = unit
    }

    public static let zero = CalendarSpan(0, .days)
    /// No span is longer.
    public static let maximumYears: Int64 = 1000

    /// The greatest count of a unit.
    public static func maximum(_ unit: Unit) -> Int64 {
        switch unit {
        case .days: maximumYears * 366
        case .months: maximumYears * 12
        case .years: maximumYears
        }
    }

    /// `N days`, `N months` or `N years`; the singular is accepted too.
    public init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let count = Int64(words[0]),
            let unit = Unit.allCases.first(where: { words[1] == $0.rawValue || words[1] == $0.rawValue.dropLast() }),
            count <= Self.maximum(unit)
        else { return nil }
        self.init(count, unit)
    }
}

extension CalendarSpan: CustomStringConvertible {
    /// As a policy has it: `1 day`, `24 months`.
    public var description: String { "\(count) \(count == 1 ? String(unit.rawValue.dropLast()) : unit.rawValue)" }
}

extension Timestamp {
    /// The same time of day, one span later. A day that the month lacks becomes the month's last day: one month after
    /// 31 January is 28 or 29 February. Saturates instead of overflowing.
    public func adding(_ span: CalendarSpan) -> Timestamp {
        // More than the time from the first timestamp to the last.
        let limit: Int64 = 1_000_000 * 366
        let count = max(-limit, min(limit, span.count))
        let months: Int64
        switch span.unit {
        case .days: return adding(microseconds: Timestamp(day: count).microseconds)
        case .months: months = count
        case .years: months = count * 12
        }
        let (day, time) = microseconds.floorDivided(by: Self.microsecondsPerDay)
        let date = CivilDate(days: day)
        let month = (date.year * 12 + date.month - 1 + months).floorDivided(by: 12)
        let last = CivilDate.days(inMonth: month.remainder + 1, year: month.quotient)
        let target = CivilDate(year: month.quotient, month: month.remainder + 1, day: min(date.day, last)).days
        return Timestamp(day: target).adding(microseconds: time)
    }
}
