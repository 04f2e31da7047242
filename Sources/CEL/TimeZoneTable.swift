/// The zones that have names, as `TimeZoneTable+Data.swift` has them.
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
            let first = day > 0 ? day : CivilDate.days(inMonth: month, year: year) - 6
            let earliest = CivilDate(year: year, month: month, day: first).days
            let days = earliest + (weekday - CivilDate.dayOfWeek(days: earliest) + 7) % 7
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

    /// An offset that was in force from an instant until the next one.
    struct Shift: Sendable {
        let from: Int64
        let offset: Int32
    }

    /// A zone's offsets, in seconds east of UTC. From `since` on the seasons apply. Earlier the entries of `before`
    /// apply, the last of which ends there. Nothing is known before the first entry.
    struct Zone: Sendable {
        let standard: Int32
        /// The latest first; standard time applies in years without one.
        let seasons: [Season]
        let since: Int64
        let before: [Shift]

        init(_ standard: Int32, _ seasons: [Season] = [], since: Int64 = .min, before: [Shift] = []) {
            self.standard = standard
            self.seasons = seasons
            self.since = since
            self.before = before
        }
    }

    /// A name, whose bytes are static memory of the program, and the index of its zone.
    private struct Named: @unchecked Sendable {
        let name: UnsafeRawBufferPointer
        let zone: Int
    }

    static var zones: [Zone] { table.zones }

    /// In the order of their bytes.
    static var names: [String] { table.names.map { String(decoding: $0.name, as: UTF8.self) } }

    static func zone(named name: UnsafeRawBufferPointer) -> Zone? {
        let (zones, names) = table
        var low = 0
        var high = names.count
        while low < high {
            let middle = (low + high) / 2
            switch Text.order(names[middle].name, name) {
            case .equal: return zones[names[middle].zone]
            case .less: low = middle + 1
            default: high = middle
            }
        }
        return nil
    }

    // MARK: Reading the data

    private static let table: (zones: [Zone], names: [Named]) = {
        let rules = readRules()
        var scanner = TableScanner(zoneData)
        var zones: [Zone] = []
        var names: [Named] = []
        while !scanner.isAtEnd {
            zones.append(takeZone(&scanner, rules))
            repeat { names.append(Named(name: scanner.word(), zone: zones.count - 1)) } while scanner.take(" ")
            _ = scanner.take("\n")
        }
        names.sort { Text.order($0.name, $1.name) == .less }
        return (zones, names)
    }()

    /// Starts at a zone's line, and ends at its first name.
    private static func takeZone(_ scanner: inout TableScanner, _ rules: [String: [Season]]) -> Zone {
        let standard = takeMinutes(&scanner)
        _ = scanner.take(" ")
        let seasons = rules[String(decoding: scanner.word(), as: UTF8.self)] ?? []
        _ = scanner.take(" ")
        let since = scanner.integer() ?? .min
        var before: [Shift] = []
        while scanner.take(",") {
            let from = scanner.integer() ?? .min
            _ = scanner.take(":")
            before.append(Shift(from: from, offset: takeMinutes(&scanner)))
        }
        _ = scanner.take(" ")
        return Zone(standard, seasons, since: since, before: before)
    }

    private static func takeMinutes(_ scanner: inout TableScanner) -> Int32 {
        Int32(truncatingIfNeeded: scanner.integer() ?? 0) * 60
    }

    private static func readRules() -> [String: [Season]] {
        var scanner = TableScanner(ruleData)
        var rules: [String: [Season]] = [:]
        while !scanner.isAtEnd {
            let name = String(decoding: scanner.word(), as: UTF8.self)
            var seasons: [Season] = []
            while scanner.take(" ") {
                let first = Int64(scanner.number() ?? 0)
                _ = scanner.take("-")
                let last = scanner.number().map(Int64.init) ?? lastYear
                seasons.append(Season(years: first...last, start: takeTurn(&scanner), end: takeTurn(&scanner)))
            }
            rules[name] = seasons
            _ = scanner.take("\n")
        }
        return rules
    }

    /// Starts at the space before ` MONTH/DAY/WEEKDAY/MINUTE` and the letter of the clock.
    private static func takeTurn(_ scanner: inout TableScanner) -> Turn {
        var numbers: [Int64] = []
        for _ in 0..<4 {
            _ = scanner.take()
            numbers.append(Int64(scanner.number() ?? 0))
        }
        let clock: Turn.Clock =
            switch scanner.take() {
            case UInt8(ascii: "u"): .utc
            case UInt8(ascii: "s"): .standard
            default: .wall
            }
        return Turn(month: numbers[0], weekday: numbers[2], day: numbers[1], time: numbers[3] * 60, clock: clock)
    }

    private static let lastYear: Int64 = 9999
}
