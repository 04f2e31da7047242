import Events
import Randomness
import Testing

@Suite struct TimestampTests {
    private static let firstYear: Int64 = -62_135_596_800_000_000  // 0001-01-01T00:00:00Z
    private static let lastYear: Int64 = 253_402_300_799_999_999  // 9999-12-31T23:59:59.999999Z

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", Int64(0)),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2026-01-02T03:04:05Z", 1_767_323_045_000_000),
        ("2026-01-02t03:04:05z", 1_767_323_045_000_000),
        ("2026-01-02T03:04:05.5Z", 1_767_323_045_500_000),
        ("2026-01-02T03:04:05.123456Z", 1_767_323_045_123_456),
        ("2026-01-02T03:04:05.1234567890123Z", 1_767_323_045_123_456),
        ("2026-01-02T03:04:05.0000009Z", 1_767_323_045_000_000),
        ("2026-01-02T03:04:05+00:00", 1_767_323_045_000_000),
        ("2026-01-02T03:04:05-00:00", 1_767_323_045_000_000),
        ("2026-01-02T04:34:05+01:30", 1_767_323_045_000_000),
        ("2026-01-01T16:04:05-11:00", 1_767_323_045_000_000),
        ("2026-01-03T03:03:05.25+23:59", 1_767_323_045_250_000),
        ("2000-02-29T00:00:00Z", 951_782_400_000_000),
        ("2024-02-29T23:59:59Z", 1_709_251_199_000_000),
        ("1900-02-28T00:00:00Z", -2_203_977_600_000_000),
        ("0001-01-01T00:00:00Z", Self.firstYear),
        ("9999-12-31T23:59:59.999999Z", Self.lastYear),
    ])
    func reads(text: String, microseconds: Int64) {
        #expect(Timestamp(text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z", "2026-01-02T03:04Z",
        "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "+2026-01-02T03:04:05Z",
        "2026-00-02T03:04:05Z", "2026-13-02T03:04:05Z", "2026-01-00T03:04:05Z", "2026-01-32T03:04:05Z",
        "2026-04-31T03:04:05Z", "2026-06-31T03:04:05Z", "2026-09-31T03:04:05Z", "2026-11-31T03:04:05Z",
        "2026-02-29T03:04:05Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2000-02-30T00:00:00Z",
        "2026-01-02T24:00:00Z", "2026-01-02T03:60:05Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05.5", "2026-01-02T03:04:05ZZ", "2026-01-02T03:04:05Z ",
        " 2026-01-02T03:04:05Z", "2026-01-02T03:04:05+1:00", "2026-01-02T03:04:05+01", "2026-01-02T03:04:05+0100",
        "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+01:60", "2026-01-02T03:04:05+-1:00",
        "2026-1-02T03:04:05Z", "26-01-02T03:04:05Z", "2026/01/02T03:04:05Z", "2026-01-02T03:04:05\u{0}",
        "２026-01-02T03:04:05Z", "20 6-01-02T03:04:05Z", "2026-W01-5T03:04:05Z", "2026-002T03:04:05.0Z",
        "2026-01-02T03:04:05." + String(repeating: "0", count: 60) + "Z",
    ])
    func refuses(text: String) {
        #expect(Timestamp(text) == nil)
    }

    /// Every month of every year, its first and its last day, against days counted one month after the other.
    @Test func agreesWithAnIndependentDayCount() {
        var days: Int64 = -719_162  // of 0001-01-01
        func digits(_ number: Int64, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: count - text.count) + text
        }
        var wrong: [String] = []
        for year in Int64(1)...9999 {
            let isLeap = year.isMultiple(of: 400) || (year.isMultiple(of: 4) && !year.isMultiple(of: 100))
            for (month, length) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated() {
                let prefix = "\(digits(year, 4))-\(digits(Int64(month) + 1, 2))-"
                for (day, count) in [(Int64(1), days), (Int64(length), days + Int64(length) - 1)] {
                    let text = "\(prefix)\(digits(day, 2))T00:00:00Z"
                    let time = Timestamp(microseconds: count * Timestamp.microsecondsPerDay)
                    if Timestamp(text) != time || time.description != text { wrong.append(text) }
                }
                if Timestamp("\(prefix)\(length + 1)T00:00:00Z") != nil { wrong.append("\(prefix)\(length + 1)") }
                days += Int64(length)
            }
        }
        #expect(wrong.isEmpty)
        #expect(days == 2_932_897)  // of 10000-01-01
    }

    @Test func whatIsWrittenReadsBackTheSame() {
        var random = Seeded(1)
        for _ in 0..<20_000 {
            var microseconds = Int64.random(in: Self.firstYear...Self.lastYear, using: &random)
            // Fractions of every length.
            for _ in 0..<Int.random(in: 0...6, using: &random) { microseconds = microseconds / 10 * 10 }
            let time = Timestamp(microseconds: microseconds)
            #expect(Timestamp(time.description) == time)
        }
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"), (500_000, "1970-01-01T00:00:00.5Z"),
        (120_000, "1970-01-01T00:00:00.12Z"), (86_399_999_000, "1970-01-01T23:59:59.999Z"),
    ])
    func isWrittenWithAFractionOnlyWhereThereIsOne(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).description == text)
    }

    /// Second 60, and the time that it is read as; nil where no leap second can be.
    private static let leapSeconds: [(String, String?)] = [
        // The last second of a month in UTC belongs to the month that it ends.
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
        ("2016-12-31t23:59:60z", "2016-12-31T23:59:59.999999Z"),
        ("2016-12-31T23:59:60.0Z", "2016-12-31T23:59:59.999999Z"),
        ("2016-12-31T23:59:60.25Z", "2016-12-31T23:59:59.999999Z"),
        ("2016-12-31T23:59:60.999999999Z", "2016-12-31T23:59:59.999999Z"),
        ("2015-06-30T23:59:60Z", "2015-06-30T23:59:59.999999Z"),
        ("2026-04-30T23:59:60Z", "2026-04-30T23:59:59.999999Z"),
        ("2026-02-28T23:59:60Z", "2026-02-28T23:59:59.999999Z"),
        ("2024-02-29T23:59:60Z", "2024-02-29T23:59:59.999999Z"),
        ("1969-12-31T23:59:60Z", "1969-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:60Z", "9999-12-31T23:59:59.999999Z"),
        // Where the month ends in UTC, whatever the clock on the wall shows.
        ("1990-12-31T15:59:60-08:00", "1990-12-31T23:59:59.999999Z"),
        ("2017-01-01T00:59:60+01:00", "2016-12-31T23:59:59.999999Z"),
        ("2017-01-01T05:29:60.5+05:30", "2016-12-31T23:59:59.999999Z"),
        // Not on a month's last day, or not in its last minute.
        ("2016-12-15T12:30:60Z", nil), ("2016-12-30T23:59:60Z", nil), ("2024-02-28T23:59:60Z", nil),
        ("2016-12-31T23:58:60Z", nil), ("2016-12-31T22:59:60Z", nil), ("2016-12-31T00:00:60Z", nil),
        ("2017-01-01T00:00:60Z", nil), ("2016-12-31T23:59:60+01:00", nil), ("2016-12-31T23:59:60-00:01", nil),
        ("1990-12-31T23:59:60-08:00", nil), ("2016-12-31T23:59:61Z", nil), ("2016-12-31T23:60:60Z", nil),
        // The last second of the year before the first one.
        ("0001-01-01T00:59:60+01:00", nil),
    ]

    @Test(arguments: leapSeconds) func secondSixtyIsReadOnlyWhereAMonthEnds(text: String, time: String?) {
        #expect(Timestamp(text)?.description == time)
    }

    @Test func aLeapSecondCountsInThePeriodThatItEnds() throws {
        let leap = try #require(Timestamp("2016-12-31T23:59:60.5Z"))
        for period in [Period.day, .month, .year] {
            let bucket = period.bucket(of: leap)
            #expect(period.start(of: bucket) <= leap)
            #expect(period.end(of: bucket) == Timestamp("2017-01-01T00:00:00Z"))
        }
        #expect(try #require(Timestamp("2016-12-31T23:59:59Z")) < leap)
    }

    /// An offset can carry a written year 0001 or 9999 beyond itself; what UTC cannot write in four digits is refused.
    @Test(arguments: ["9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01"])
    func refusesWhatUTCCannotWrite(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func additionSaturates() {
        #expect(Timestamp(microseconds: 5).adding(microseconds: -7).microseconds == -2)
        #expect(Timestamp(microseconds: .max - 1).adding(microseconds: 2).microseconds == .max)
        #expect(Timestamp(microseconds: .min + 1).adding(microseconds: -2).microseconds == .min)
    }

    @Test func isOrdered() throws {
        let times = [.distantPast, try #require(Timestamp("1969-12-31T23:59:59Z")), Timestamp(microseconds: 0)]
        #expect(times.sorted() == times)
    }
}
