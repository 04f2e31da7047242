/// The zones that have names.
enum TimeZoneTable {
    /// The shift of clocks by daylight saving, in seconds.
    static let saving: Int32 = 3600

    /// The time of a change of clocks in a year.
    struct Turn: Sendable {
        enum Clock { case utc, standard, wall }

        let month: Int64
        /// 0 is Sunday. The first such weekday on or after `day`, or the month's last if `day` is 0.
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

    /// Daylight saving in a range of years: from `start` to `end`, across the end of the year in the south.
    struct Season: Sendable {
        let years: ClosedRange<Int64>
        let start: Turn
        let end: Turn
    }

    enum Rules: Sendable {
        case none, unitedStates, cuba, newfoundland, europe, unitedKingdom, moldova, australia, newZealand, israel
        case lebanon, egypt, chile

        var seasons: [Season] {
            switch self {
            case .none: []
            case .unitedStates: TimeZoneTable.unitedStates
            case .cuba: TimeZoneTable.cuba
            case .newfoundland: TimeZoneTable.newfoundland
            case .europe: TimeZoneTable.europe
            case .unitedKingdom: TimeZoneTable.unitedKingdom
            case .moldova: TimeZoneTable.moldova
            case .australia: TimeZoneTable.australia
            case .newZealand: TimeZoneTable.newZealand
            case .israel: TimeZoneTable.israel
            case .lebanon: TimeZoneTable.lebanon
            case .egypt: TimeZoneTable.egypt
            case .chile: TimeZoneTable.chile
            }
        }
    }

    /// An offset that was in force from an instant until the next one.
    struct Shift: Sendable {
        let from: Int64
        let offset: Int32

        /// `minutes` is east of UTC.
        init(_ from: Int64, _ minutes: Int32) {
            self.from = from
            offset = minutes * 60
        }
    }

    /// A zone's offsets, in seconds east of UTC. From `since` on the rules apply. Earlier the entries of `before`
    /// apply, the last of which ends there. Nothing is known before the first entry.
    struct Zone: Sendable {
        /// Separated by spaces.
        let names: StaticString
        let standard: Int32
        let rules: Rules
        let since: Int64
        let before: [Shift]

        /// `standard` is in minutes.
        init(
            _ names: StaticString, _ standard: Int32, _ rules: Rules = .none, since: Int64 = .min, before: [Shift] = []
        ) {
            self.names = names
            self.standard = standard * 60
            self.rules = rules
            self.since = since
            self.before = before
        }

        init(fixed seconds: Int32) {
            names = ""
            standard = seconds
            rules = .none
            since = .min
            before = []
        }
    }

    private static let lastYear: Int64 = 9999

    private static func sunday(
        _ month: Int64, _ day: Int64, _ hour: Int64, _ clock: Turn.Clock, minute: Int64 = 0
    ) -> Turn {
        Turn(month: month, weekday: 0, day: day, time: hour * 3600 + minute * 60, clock: clock)
    }

    /// Energy Policy Act of 2005; before it, the rules of 1987. Two o'clock local time.
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

    /// Directive 2000/84/EC and earlier ones: one o'clock UTC everywhere.
    static let europe = [
        Season(years: 1996...lastYear, start: sunday(3, 0, 1, .utc), end: sunday(10, 0, 1, .utc)),
        Season(years: 1981...1995, start: sunday(3, 0, 1, .utc), end: sunday(9, 0, 1, .utc)),
    ]

    static let unitedKingdom = [
        Season(years: 1996...lastYear, start: sunday(3, 0, 1, .utc), end: sunday(10, 0, 1, .utc)),
        Season(years: 1990...1995, start: sunday(3, 0, 1, .utc), end: sunday(10, 22, 1, .utc)),
        Season(years: 1981...1989, start: sunday(3, 0, 1, .utc), end: sunday(10, 23, 1, .utc)),
    ]

    /// New South Wales and Victoria, and since 2008 all states with daylight saving.
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

    /// From midnight to midnight, in standard time.
    static let cuba = [
        Season(years: 2013...lastYear, start: sunday(3, 8, 0, .standard), end: sunday(11, 1, 0, .standard))
    ]

    /// As Europe, but at two and at three o'clock local time.
    static let moldova = [Season(years: 1997...lastYear, start: sunday(3, 0, 2, .wall), end: sunday(10, 0, 3, .wall))]

    static let lebanon = [Season(years: 1993...lastYear, start: sunday(3, 0, 0, .wall), end: sunday(10, 0, 0, .wall))]

    /// From April's last Friday to the end of October's last Thursday.
    static let egypt = [
        Season(
            years: 2023...lastYear, start: Turn(month: 4, weekday: 5, day: 0, time: 0, clock: .wall),
            end: Turn(month: 10, weekday: 4, day: 0, time: 86_400, clock: .wall))
    ]

    static let chile = [Season(years: 2019...lastYear, start: sunday(9, 2, 4, .utc), end: sunday(4, 2, 3, .utc))]

    static func zone(named name: UnsafeRawBufferPointer) -> Zone? {
        var low = 0
        var high = index.count
        while low < high {
            let middle = (low + high) / 2
            switch Text.order(index[middle].name, name) {
            case .equal: return zones[index[middle].zone]
            case .less: low = middle + 1
            default: high = middle
            }
        }
        return nil
    }

    /// A name, whose bytes are static memory of the program, and the index of its zone.
    private struct Named: @unchecked Sendable {
        let name: UnsafeRawBufferPointer
        let zone: Int
    }

    static var names: [String] { index.map { String(decoding: $0.name, as: UTF8.self) } }

    /// In the order of the names.
    private static let index: [Named] = zones.indices.flatMap { zone in
        let names = zones[zone].names
        let bytes = UnsafeRawBufferPointer(start: names.utf8Start, count: names.utf8CodeUnitCount)
        return bytes.split(separator: 0x20).map { Named(name: UnsafeRawBufferPointer(rebasing: $0), zone: zone) }
    }
    .sorted { Text.order($0.name, $1.name) == .less }
}
