/// A date and time of day of the proleptic Gregorian calendar.
public struct CivilTime: Hashable, Sendable {
    public var year: Int64
    /// From 1.
    public var month: Int64
    /// Of the month, from 1.
    public var day: Int64
    public var hour: Int64
    public var minute: Int64
    public var second: Int64
    public var millisecond: Int64
    /// From 0, which is Sunday.
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

    /// From 0, which is Sunday.
    static func dayOfWeek(days: Int64) -> Int64 {
        let day = (days + 4) % 7
        return day < 0 ? day + 7 : day
    }
}

extension Moment {
    /// The parts of a timestamp on a clock `offset` seconds ahead of UTC. A moment that is not a timestamp counts as
    /// the nearest that is.
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

/// Sums: of a timestamp and a duration nil outside the years 0001 to 9999, of durations nil beyond Int64
/// nanoseconds. The name says what comes out, the label what goes in.
extension Moment {
    /// A duration.
    public init(nanoseconds total: Int64) {
        var (seconds, part) = total.quotientAndRemainder(dividingBy: Self.nanosecondsPerSecond)
        if part < 0 {
            seconds -= 1
            part += Self.nanosecondsPerSecond
        }
        self.init(seconds: seconds, nanoseconds: Int32(part))
    }

    /// Of a duration; nil where they do not fit, which is then no duration of CEL.
    public var totalNanoseconds: Int64? {
        // Down from the second above, so that the least duration fits.
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

    /// A duration's whole hours, towards zero.
    public var durationHours: Int64 { durationSeconds / 3600 }
    public var durationMinutes: Int64 { durationSeconds / 60 }
    public var durationSeconds: Int64 { seconds < 0 && nanoseconds > 0 ? seconds + 1 : seconds }
    /// What is left beside whole seconds, in milliseconds towards zero: 321 of 123.321456789 s.
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

/// How far a clock is ahead of UTC.
///
/// A name is `UTC`, an offset `[+-]hh:mm` of less than a day, or one of the IANA names of `TimeZoneTable`: widely
/// used ones, with the rules that are in force. There is no daylight saving before the first year of a zone's rules,
/// and no other offset before the law that set the present one; so of the past a zone tells only what its rules say,
/// not what its clocks showed.
public struct TimeZoneOffset: Sendable {
    private let standard: Int32
    private let seasons: [TimeZoneTable.Season]

    /// Nil for a name that is not known.
    public init?(_ name: UnsafeRawBufferPointer) {
        if let zone = TimeZoneTable.zone(named: name) {
            standard = zone.standard * 60
            seasons = zone.rules.seasons
        } else {
            guard let fixed = Self.fixed(name) else { return nil }
            standard = fixed
            seasons = []
        }
    }

    /// Seconds east of UTC at a timestamp.
    public func seconds(at moment: Moment) -> Int32 {
        guard !seasons.isEmpty else { return standard }
        let year = moment.civil(offset: standard).year
        guard let season = seasons.first(where: { $0.years.contains(year) }) else { return standard }
        let start = season.start.seconds(year: year, standard: standard, saving: 0)
        let end = season.end.seconds(year: year, standard: standard, saving: TimeZoneTable.saving)
        let isSummer =
            start < end
            ? moment.seconds >= start && moment.seconds < end : moment.seconds >= start || moment.seconds < end
        return isSummer ? standard + TimeZoneTable.saving : standard
    }

    private static func fixed(_ text: UnsafeRawBufferPointer) -> Int32? {
        var index = 0
        let negative = text.first == 0x2D
        if negative || text.first == 0x2B { index = 1 }
        guard text.count == index + 5, text[index + 2] == 0x3A else { return nil }
        var parts: [Int32] = []
        for at in [index, index + 3] {
            let (tens, ones) = (text[at] &- 0x30, text[at + 1] &- 0x30)
            guard tens <= 9, ones <= 9 else { return nil }
            parts.append(Int32(tens) * 10 + Int32(ones))
        }
        guard parts[0] <= 23, parts[1] <= 59 else { return nil }
        return (parts[0] * 3600 + parts[1] * 60) * (negative ? -1 : 1)
    }
}

/// The zones that are known by name.
enum TimeZoneTable {
    /// How far daylight saving puts the clocks forward, in seconds.
    static let saving: Int32 = 3600

    /// When clocks change in a year.
    struct Turn: Sendable {
        enum Clock { case utc, standard, wall }

        let month: Int64
        /// From 0, which is Sunday: the first on or after `day`, or the month's last where `day` is 0.
        let weekday: Int64
        let day: Int64
        /// Seconds from midnight of that day on `clock`.
        let time: Int64
        let clock: Clock

        func seconds(year: Int64, standard: Int32, saving: Int32) -> Int64 {
            let first = day > 0 ? day : CivilTime.days(inMonth: month, year: year) - 6
            let earliest = CivilTime.days(year: year, month: month, day: first)
            let days = earliest + (weekday - CivilTime.dayOfWeek(days: earliest) + 7) % 7
            let local = days * 86_400 + time
            return switch clock {
            case .utc: local
            case .standard: local - Int64(standard)
            case .wall: local - Int64(standard) - Int64(saving)
            }
        }
    }

    /// Daylight saving of some years: from `start` to `end`, over the turn of the year in the south.
    struct Season: Sendable {
        let years: ClosedRange<Int64>
        let start: Turn
        let end: Turn
    }

    enum Rules: Sendable {
        case none, unitedStates, newfoundland, europe, unitedKingdom, australia, newZealand, israel

        var seasons: [Season] {
            switch self {
            case .none: []
            case .unitedStates: TimeZoneTable.unitedStates
            case .newfoundland: TimeZoneTable.newfoundland
            case .europe: TimeZoneTable.europe
            case .unitedKingdom: TimeZoneTable.unitedKingdom
            case .australia: TimeZoneTable.australia
            case .newZealand: TimeZoneTable.newZealand
            case .israel: TimeZoneTable.israel
            }
        }
    }

    struct Zone: Sendable {
        let name: StaticString
        /// Minutes east of UTC.
        let standard: Int32
        let rules: Rules

        init(_ name: StaticString, _ standard: Int32, _ rules: Rules = .none) {
            self.name = name
            self.standard = standard
            self.rules = rules
        }
    }

    private static let lastYear: Int64 = 9999

    private static func sunday(
        _ month: Int64, _ day: Int64, _ hour: Int64, _ clock: Turn.Clock, minute: Int64 = 0
    ) -> Turn {
        Turn(month: month, weekday: 0, day: day, time: hour * 3600 + minute * 60, clock: clock)
    }

    /// Energy Policy Act of 2005; before it, the rules of 1987. Two o'clock on the wall.
    static let unitedStates = [
        Season(years: 2007...lastYear, start: sunday(3, 8, 2, .wall), end: sunday(11, 1, 2, .wall)),
        Season(years: 1987...2006, start: sunday(4, 1, 2, .wall), end: sunday(10, 0, 2, .wall)),
    ]

    /// As the United States, at a minute past midnight until the summer of 2011.
    static let newfoundland = [
        Season(years: 2012...lastYear, start: sunday(3, 8, 2, .wall), end: sunday(11, 1, 2, .wall)),
        Season(years: 2011...2011, start: sunday(3, 8, 0, .wall, minute: 1), end: sunday(11, 1, 2, .wall)),
        Season(years: 2007...2010, start: sunday(3, 8, 0, .wall, minute: 1), end: sunday(11, 1, 0, .wall, minute: 1)),
        Season(years: 1989...2006, start: sunday(4, 1, 0, .wall, minute: 1), end: sunday(10, 0, 0, .wall, minute: 1)),
    ]

    /// Directive 2000/84/EC and those before it: one o'clock UTC everywhere.
    static let europe = [
        Season(years: 1996...lastYear, start: sunday(3, 0, 1, .utc), end: sunday(10, 0, 1, .utc)),
        Season(years: 1981...1995, start: sunday(3, 0, 1, .utc), end: sunday(9, 0, 1, .utc)),
    ]

    static let unitedKingdom = [
        Season(years: 1996...lastYear, start: sunday(3, 0, 1, .utc), end: sunday(10, 0, 1, .utc)),
        Season(years: 1990...1995, start: sunday(3, 0, 1, .utc), end: sunday(10, 22, 1, .utc)),
        Season(years: 1981...1989, start: sunday(3, 0, 1, .utc), end: sunday(10, 23, 1, .utc)),
    ]

    /// New South Wales and Victoria, and since 2008 all that keep summer time.
    static let australia = [
        Season(years: 2008...lastYear, start: sunday(10, 1, 2, .standard), end: sunday(4, 1, 2, .standard)),
        Season(years: 2007...2007, start: sunday(10, 0, 2, .standard), end: sunday(3, 0, 2, .standard)),
        Season(years: 2006...2006, start: sunday(10, 0, 2, .standard), end: sunday(4, 1, 2, .standard)),
        Season(years: 2001...2005, start: sunday(10, 0, 2, .standard), end: sunday(3, 0, 2, .standard)),
    ]

    static let newZealand = [
        Season(years: 2008...lastYear, start: sunday(9, 0, 2, .standard), end: sunday(4, 1, 2, .standard)),
        Season(years: 2007...2007, start: sunday(9, 0, 2, .standard), end: sunday(3, 15, 2, .standard)),
        Season(years: 1990...2006, start: sunday(10, 1, 2, .standard), end: sunday(3, 15, 2, .standard)),
    ]

    /// The Friday before March's last Sunday.
    static let israel = [
        Season(
            years: 2013...lastYear, start: Turn(month: 3, weekday: 5, day: 23, time: 7200, clock: .wall),
            end: sunday(10, 0, 2, .wall))
    ]

    static func zone(named name: UnsafeRawBufferPointer) -> Zone? {
        guard name.count >= 2, name.count <= longestName else { return nil }
        return zones.first { zone in
            zone.name.utf8CodeUnitCount == name.count
                && (0..<name.count).allSatisfy { zone.name.utf8Start[$0] == name[$0] }
        }
    }

    static let longestName = 32

    static let zones: [Zone] = [
        Zone("UTC", 0), Zone("GMT", 0), Zone("Etc/UTC", 0), Zone("Etc/GMT", 0), Zone("Zulu", 0), Zone("Universal", 0),

        Zone("America/New_York", -300, .unitedStates), Zone("US/Eastern", -300, .unitedStates),
        Zone("EST5EDT", -300, .unitedStates), Zone("America/Detroit", -300, .unitedStates),
        Zone("America/Toronto", -300, .unitedStates), Zone("Canada/Eastern", -300, .unitedStates),
        Zone("America/Chicago", -360, .unitedStates), Zone("US/Central", -360, .unitedStates),
        Zone("CST6CDT", -360, .unitedStates), Zone("America/Winnipeg", -360, .unitedStates),
        Zone("America/Denver", -420, .unitedStates), Zone("US/Mountain", -420, .unitedStates),
        Zone("MST7MDT", -420, .unitedStates), Zone("America/Boise", -420, .unitedStates),
        Zone("America/Edmonton", -420, .unitedStates),
        Zone("America/Los_Angeles", -480, .unitedStates), Zone("US/Pacific", -480, .unitedStates),
        Zone("PST8PDT", -480, .unitedStates), Zone("America/Vancouver", -480, .unitedStates),
        Zone("America/Anchorage", -540, .unitedStates), Zone("US/Alaska", -540, .unitedStates),
        Zone("America/Halifax", -240, .unitedStates), Zone("Canada/Atlantic", -240, .unitedStates),
        Zone("America/St_Johns", -210, .newfoundland), Zone("Canada/Newfoundland", -210, .newfoundland),
        Zone("America/Phoenix", -420), Zone("US/Arizona", -420), Zone("MST", -420), Zone("EST", -300),
        Zone("America/Regina", -360), Zone("Canada/Saskatchewan", -360), Zone("America/Puerto_Rico", -240),
        Zone("Pacific/Honolulu", -600), Zone("US/Hawaii", -600), Zone("HST", -600),

        Zone("America/Mexico_City", -360), Zone("America/Costa_Rica", -360), Zone("America/Guatemala", -360),
        Zone("America/Panama", -300), Zone("America/Bogota", -300), Zone("America/Lima", -300),
        Zone("America/Jamaica", -300), Zone("America/Guayaquil", -300), Zone("America/Caracas", -240),
        Zone("America/La_Paz", -240), Zone("America/Sao_Paulo", -180), Zone("Brazil/East", -180),
        Zone("America/Argentina/Buenos_Aires", -180), Zone("America/Buenos_Aires", -180),
        Zone("America/Montevideo", -180),

        Zone("Europe/London", 0, .unitedKingdom), Zone("GB", 0, .unitedKingdom),
        Zone("Europe/Dublin", 0, .unitedKingdom), Zone("Europe/Belfast", 0, .unitedKingdom),
        Zone("WET", 0, .europe), Zone("Europe/Lisbon", 0, .europe), Zone("Atlantic/Canary", 0, .europe),
        Zone("CET", 60, .europe), Zone("MET", 60, .europe), Zone("Europe/Paris", 60, .europe),
        Zone("Europe/Berlin", 60, .europe), Zone("Europe/Madrid", 60, .europe), Zone("Europe/Rome", 60, .europe),
        Zone("Europe/Amsterdam", 60, .europe), Zone("Europe/Brussels", 60, .europe),
        Zone("Europe/Luxembourg", 60, .europe), Zone("Europe/Vienna", 60, .europe),
        Zone("Europe/Zurich", 60, .europe), Zone("Europe/Stockholm", 60, .europe), Zone("Europe/Oslo", 60, .europe),
        Zone("Europe/Copenhagen", 60, .europe), Zone("Europe/Prague", 60, .europe),
        Zone("Europe/Bratislava", 60, .europe), Zone("Europe/Budapest", 60, .europe),
        Zone("Europe/Warsaw", 60, .europe), Zone("Europe/Ljubljana", 60, .europe),
        Zone("Europe/Zagreb", 60, .europe), Zone("Europe/Belgrade", 60, .europe),
        Zone("Europe/Sarajevo", 60, .europe), Zone("Europe/Malta", 60, .europe),
        Zone("EET", 120, .europe), Zone("Europe/Athens", 120, .europe), Zone("Europe/Helsinki", 120, .europe),
        Zone("Europe/Sofia", 120, .europe), Zone("Europe/Bucharest", 120, .europe),
        Zone("Europe/Tallinn", 120, .europe), Zone("Europe/Riga", 120, .europe),
        Zone("Europe/Vilnius", 120, .europe), Zone("Europe/Kiev", 120, .europe), Zone("Europe/Kyiv", 120, .europe),
        Zone("Asia/Nicosia", 120, .europe), Zone("Asia/Jerusalem", 120, .israel), Zone("Israel", 120, .israel),
        Zone("Asia/Tel_Aviv", 120, .israel),
        Zone("Europe/Moscow", 180), Zone("Europe/Minsk", 180), Zone("Europe/Istanbul", 180), Zone("Turkey", 180),
        Zone("Atlantic/Reykjavik", 0), Zone("Iceland", 0),

        Zone("Africa/Abidjan", 0), Zone("Africa/Accra", 0), Zone("Africa/Dakar", 0), Zone("Africa/Lagos", 60),
        Zone("Africa/Algiers", 60), Zone("Africa/Tunis", 60), Zone("Africa/Kinshasa", 60),
        Zone("Africa/Johannesburg", 120), Zone("Africa/Harare", 120), Zone("Africa/Maputo", 120),
        Zone("Africa/Tripoli", 120), Zone("Africa/Nairobi", 180), Zone("Africa/Addis_Ababa", 180),

        Zone("Asia/Baghdad", 180), Zone("Asia/Riyadh", 180), Zone("Asia/Kuwait", 180), Zone("Asia/Qatar", 180),
        Zone("Asia/Bahrain", 180), Zone("Asia/Tehran", 210), Zone("Iran", 210), Zone("Asia/Dubai", 240),
        Zone("Asia/Muscat", 240), Zone("Asia/Baku", 240), Zone("Asia/Tbilisi", 240), Zone("Asia/Yerevan", 240),
        Zone("Asia/Kabul", 270), Zone("Asia/Karachi", 300), Zone("Asia/Tashkent", 300), Zone("Asia/Almaty", 300),
        Zone("Asia/Kolkata", 330), Zone("Asia/Calcutta", 330), Zone("Asia/Colombo", 330),
        Zone("Asia/Kathmandu", 345), Zone("Asia/Katmandu", 345), Zone("Asia/Dhaka", 360), Zone("Asia/Yangon", 390),
        Zone("Asia/Rangoon", 390), Zone("Asia/Bangkok", 420), Zone("Asia/Jakarta", 420),
        Zone("Asia/Ho_Chi_Minh", 420), Zone("Asia/Saigon", 420), Zone("Asia/Phnom_Penh", 420),
        Zone("Asia/Shanghai", 480), Zone("PRC", 480), Zone("Asia/Chongqing", 480), Zone("Asia/Hong_Kong", 480),
        Zone("Hongkong", 480), Zone("Asia/Macau", 480), Zone("Asia/Taipei", 480), Zone("Asia/Singapore", 480),
        Zone("Singapore", 480), Zone("Asia/Kuala_Lumpur", 480), Zone("Asia/Manila", 480),
        Zone("Asia/Ulaanbaatar", 480), Zone("Asia/Tokyo", 540), Zone("Japan", 540), Zone("Asia/Seoul", 540),
        Zone("ROK", 540), Zone("Asia/Pyongyang", 540),

        Zone("Australia/Perth", 480), Zone("Australia/West", 480), Zone("Australia/Darwin", 570),
        Zone("Australia/North", 570), Zone("Australia/Brisbane", 600), Zone("Australia/Queensland", 600),
        Zone("Australia/Adelaide", 570, .australia), Zone("Australia/South", 570, .australia),
        Zone("Australia/Sydney", 600, .australia), Zone("Australia/NSW", 600, .australia),
        Zone("Australia/ACT", 600, .australia), Zone("Australia/Canberra", 600, .australia),
        Zone("Australia/Melbourne", 600, .australia), Zone("Australia/Victoria", 600, .australia),
        Zone("Australia/Hobart", 600, .australia), Zone("Australia/Tasmania", 600, .australia),
        Zone("Pacific/Auckland", 720, .newZealand), Zone("NZ", 720, .newZealand), Zone("Pacific/Guam", 600),
        Zone("Pacific/Port_Moresby", 600), Zone("Pacific/Fiji", 720), Zone("Pacific/Tongatapu", 780),
        Zone("Pacific/Apia", 780),
    ]
}
