import Foundation
import Randomness
import Testing

@testable import CEL

private func timestamp(_ text: String) throws -> Moment {
    try #require(Array(text.utf8).withUnsafeBytes { Moment(timestamp: $0) })
}

private func duration(_ text: String) throws -> Moment {
    try #require(Array(text.utf8).withUnsafeBytes { Moment(duration: $0) })
}

private func zone(_ name: String) -> TimeZoneOffset? { Array(name.utf8).withUnsafeBytes { TimeZoneOffset($0) } }

@Suite struct MomentCalendarTests {
    /// The rows of cel-spec's `timestamp_selectors` and `timestamp_selectors_tz`.
    @Test func selectors() throws {
        let moment = try timestamp("2009-02-13T23:31:20.123456789Z")
        let utc = moment.civil(offset: 0)
        #expect((utc.year, utc.month, utc.day) == (2009, 2, 13))
        #expect((utc.hour, utc.minute, utc.second, utc.millisecond) == (23, 31, 20, 123))
        #expect((utc.dayOfWeek, utc.dayOfYear) == (5, 43))
        func there(_ name: String) throws -> CivilTime {
            moment.civil(offset: try #require(zone(name)?.seconds(at: moment)))
        }
        #expect(try there("Australia/Sydney").day == 14)
        #expect(try there("US/Central").day == 13)
        #expect(try there("US/Central").dayOfYear == 43)
        #expect(try there("+11:00").day == 14)
        #expect(try there("-09:30").year == 2009)
        #expect(try there("02:00").hour == 1)
        #expect(try there("Asia/Kathmandu").minute == 16)
        #expect(try there("-00:00").second == 20)
        let early = try timestamp("2009-02-13T02:00:00Z")
        #expect(early.civil(offset: try #require(zone("America/St_Johns")?.seconds(at: early))).day == 12)
        #expect(early.civil(offset: try #require(zone("-02:30")?.seconds(at: early))).day == 12)
    }

    @Test func everyDayFollowsTheOneBefore() {
        var before = Moment(seconds: Moment.timestampSeconds.lowerBound, nanoseconds: 0).civil(offset: 0)
        #expect((before.year, before.month, before.day, before.dayOfWeek, before.dayOfYear) == (1, 1, 1, 1, 0))
        for day in 1..<(400 * 366) {
            let moment = Moment(seconds: Moment.timestampSeconds.lowerBound + Int64(day) * 86_400, nanoseconds: 0)
            let date = moment.civil(offset: 0)
            let isNewMonth = before.day == CivilDate.days(inMonth: before.month, year: before.year)
            let isNewYear = isNewMonth && before.month == 12
            guard date.day == (isNewMonth ? 1 : before.day + 1),
                date.month == (isNewYear ? 1 : isNewMonth ? before.month + 1 : before.month),
                date.year == (isNewYear ? before.year + 1 : before.year),
                date.dayOfWeek == (before.dayOfWeek + 1) % 7,
                date.dayOfYear == (isNewYear ? 0 : before.dayOfYear + 1)
            else {
                Issue.record("\(before) then \(date)")
                return
            }
            before = date
        }
    }

    @Test func momentsOutsideTheRangeAreTheNearestInside() {
        let late = Moment(seconds: .max, nanoseconds: 999_999_999)
        #expect(late.civil(offset: 86_399).year == 10_000)
        #expect(late.civil(offset: 0).year == 9999)
        #expect(Moment(seconds: .min, nanoseconds: 0).civil(offset: 0).year == 1)
        #expect(late.timestampText == "9999-12-31T23:59:59.999999999Z")
        #expect(Moment(seconds: .min, nanoseconds: 5).durationText == "-9223372036854775807.999999995s")
    }

    @Test func sumsOfTimestamps() throws {
        let (first, last) = (try timestamp("0001-01-01T00:00:00Z"), try timestamp("9999-12-31T23:59:59.999999999Z"))
        let (ns, second) = (try duration("1ns"), try duration("1s"))
        #expect(last.timestamp(adding: ns) == nil)
        #expect(last.timestamp(adding: second) == nil)
        #expect(first.timestamp(subtracting: ns) == nil)
        #expect(first.timestamp(adding: try duration("-1s")) == nil)
        #expect(last.duration(since: first) == nil)
        #expect(first.duration(since: last) == nil)
        #expect(
            try timestamp("0001-01-01T00:00:01.000000001Z").timestamp(adding: try duration("-999999999ns"))
                == timestamp("0001-01-01T00:00:00.000000002Z"))
        #expect(
            try timestamp("0001-01-01T00:00:01.999999999Z").timestamp(adding: try duration("999999999ns"))
                == timestamp("0001-01-01T00:00:02.999999998Z"))
        #expect(
            try timestamp("2009-02-13T23:31:00Z").duration(since: try timestamp("2009-02-13T23:29:00Z"))
                == duration("2m"))
        #expect(
            try timestamp("2009-02-13T23:10:00Z").timestamp(subtracting: try duration("600s"))
                == timestamp("2009-02-13T23:00:00Z"))
    }

    @Test func sumsOfDurations() throws {
        let (least, most) = (Moment(nanoseconds: .min), Moment(nanoseconds: .max))
        let one = Moment(nanoseconds: 1)
        #expect(most.duration(adding: one) == nil)
        #expect(least.duration(subtracting: one) == nil)
        let zero = Moment(nanoseconds: 0)
        #expect(zero.duration(subtracting: least) == nil)
        #expect(zero.duration(subtracting: most) == Moment(nanoseconds: -.max))
        #expect(least.duration(adding: most) == Moment(nanoseconds: -1))
        #expect(try duration("900s").duration(subtracting: try duration("42s")) == duration("858s"))
        var random = Seeded(31)
        for _ in 0..<5000 {
            let a = Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...60, using: &random)
            let b = Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...60, using: &random)
            let (sum, overflow) = a.addingReportingOverflow(b)
            let (difference, borrow) = a.subtractingReportingOverflow(b)
            let (x, y) = (Moment(nanoseconds: a), Moment(nanoseconds: b))
            #expect(x.duration(adding: y)?.totalNanoseconds == (overflow ? nil : sum))
            #expect(x.duration(subtracting: y)?.totalNanoseconds == (borrow ? nil : difference))
            #expect((x < y) == (a < b))
        }
    }

    @Test func extremeMomentsDoNotOverflow() {
        let values: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
        for a in values {
            for b in values {
                for (m, n) in [(0, 999_999_999), (999_999_999, 0), (999_999_999, 999_999_999)] as [(Int32, Int32)] {
                    let (x, y) = (Moment(seconds: a, nanoseconds: m), Moment(seconds: b, nanoseconds: n))
                    _ = (x.timestamp(adding: y), x.timestamp(subtracting: y), x.duration(since: y))
                    _ = (x.duration(adding: y), x.duration(subtracting: y), x.durationText, x.timestampText)
                    _ = (x.totalNanoseconds, x.durationHours, x.durationMilliseconds)
                    _ = zone("Europe/Paris")?.seconds(at: x)
                }
            }
        }
    }

    @Test func partsOfDurations() throws {
        let span = try duration("2h46m40s")
        #expect((span.durationHours, span.durationMinutes, span.durationSeconds) == (2, 166, 10_000))
        #expect(try duration("123.321456789s").durationMilliseconds == 321)
        #expect(try duration("-1.5s").durationSeconds == -1)
        #expect(try duration("-1.5s").durationMilliseconds == -500)
        #expect(try duration("-59m59.9s").durationHours == 0)
    }

    @Test(
        arguments: [
            ("UTC", 0), ("+05:30", 19_800), ("-08:00", -28_800), ("02:00", 7200), ("-00:30", -1800), ("+23:59", 86_340),
        ] as [(String, Int32)])
    func fixedZones(_ name: String, _ seconds: Int32) {
        #expect(zone(name)?.seconds(at: Moment(seconds: 0, nanoseconds: 0)) == seconds)
    }

    @Test(arguments: [
        "", "utc", "Z", "+5:30", "+0530", "+24:00", "+05:60", "--05:30", "+05:3", "+05:300", "Mars/Olympus",
        "US/central",
        "America/New_York ", "5", "+", ":", "１1:00",
    ])
    func unknownZones(_ name: String) {
        #expect(zone(name) == nil)
    }

    /// The hour before and the hour of each change, from the IANA database.
    @Test(
        arguments: [
            ("America/New_York", "2026-03-08T06:59:59Z", -18_000),
            ("America/New_York", "2026-03-08T07:00:00Z", -14_400),
            ("America/New_York", "2026-11-01T05:59:59Z", -14_400),
            ("America/New_York", "2026-11-01T06:00:00Z", -18_000),
            ("America/New_York", "2006-04-02T07:00:00Z", -14_400),
            ("America/New_York", "2006-10-29T06:00:00Z", -18_000),
            ("US/Pacific", "2026-03-08T09:59:59Z", -28_800), ("US/Pacific", "2026-03-08T10:00:00Z", -25_200),
            ("America/St_Johns", "2009-03-08T03:30:59Z", -12_600), ("America/St_Johns", "2009-03-08T03:31:00Z", -9000),
            ("Europe/London", "2026-03-29T00:59:59Z", 0), ("Europe/London", "2026-03-29T01:00:00Z", 3600),
            ("Europe/Paris", "2026-10-25T00:59:59Z", 7200), ("Europe/Paris", "2026-10-25T01:00:00Z", 3600),
            ("Europe/Berlin", "1995-09-24T01:00:00Z", 3600), ("EET", "2026-07-01T00:00:00Z", 10_800),
            ("Australia/Sydney", "2026-04-04T15:59:59Z", 39_600), ("Australia/Sydney", "2026-04-04T16:00:00Z", 36_000),
            ("Australia/Sydney", "2026-10-03T16:00:00Z", 39_600),
            ("Australia/Adelaide", "2026-01-01T00:00:00Z", 37_800),
            ("Pacific/Auckland", "2026-09-26T14:00:00Z", 46_800), ("Asia/Jerusalem", "2026-03-27T00:00:00Z", 10_800),
            ("Asia/Kolkata", "2026-07-01T00:00:00Z", 19_800), ("Asia/Tokyo", "2026-07-01T00:00:00Z", 32_400),
            ("America/Sao_Paulo", "2026-01-01T00:00:00Z", -10_800), ("Asia/Kathmandu", "2009-02-13T23:31:30Z", 20_700),
        ] as [(String, String, Int32)])
    func zonesChangeTheirClocks(_ name: String, _ text: String, _ seconds: Int32) throws {
        #expect(try #require(zone(name)).seconds(at: timestamp(text)) == seconds)
    }

    /// Where a zone has an answer it is the system's, whose database may be older or newer than the table's.
    @Test func everyZoneAgreesWithTheSystem() throws {
        var random = Seeded(32)
        var answers = 0
        var questions = 0
        for name in TimeZoneTable.names where !Self.changedLately.contains(name) {
            guard let system = TimeZone(identifier: name) else { continue }
            let ours = try #require(zone(name))
            for _ in 0..<100 {
                let seconds = Int64.random(in: 1_262_304_000...2_100_000_000, using: &random)
                questions += 1
                guard let answer = ours.seconds(at: Moment(seconds: seconds, nanoseconds: 0)) else { continue }
                answers += 1
                let theirs = system.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
                #expect(Int(answer) == theirs, "\(name) at \(seconds)")
            }
        }
        #expect(answers * 10 >= questions * 9)
    }

    private static let changedLately: Set<String> = ["America/Asuncion", "America/Coyhaique"]

    /// What a zone's clocks showed, and nil where the table does not know.
    @Test(
        arguments: [
            ("Europe/Moscow", "2009-12-31T23:59:59Z", nil), ("Europe/Moscow", "2010-01-01T00:00:00Z", 10_800),
            ("Europe/Moscow", "2013-07-01T00:00:00Z", 14_400), ("Europe/Istanbul", "2015-11-07T00:00:00Z", 10_800),
            ("America/Mexico_City", "2022-07-01T00:00:00Z", -18_000),
            ("America/Sao_Paulo", "2019-01-01T00:00:00Z", -7200),
            ("Asia/Tehran", "2021-07-01T00:00:00Z", 16_200), ("Asia/Almaty", "2024-01-01T00:00:00Z", 21_600),
            ("America/Caracas", "2016-04-01T00:00:00Z", -16_200), ("Pacific/Apia", "2011-01-01T00:00:00Z", -36_000),
            ("Africa/Cairo", "2024-07-01T00:00:00Z", 10_800), ("Etc/GMT+5", "0001-01-01T00:00:00Z", -18_000),
            ("Asia/Tokyo", "1969-12-31T23:59:59Z", nil), ("Europe/Paris", "1970-07-01T00:00:00Z", nil),
        ] as [(String, String, Int32?)])
    func whatIsNotKnownIsNotTold(_ name: String, _ text: String, _ seconds: Int32?) throws {
        #expect(try #require(zone(name)).seconds(at: timestamp(text)) == seconds)
    }

    @Test func namesOfZonesAreDifferent() {
        let names = TimeZoneTable.names
        #expect(Set(names).count == names.count)
        #expect(names.count == 588 && TimeZoneTable.zones.count == 271)
        #expect(names.allSatisfy { !$0.isEmpty && $0.contains(where: \.isLetter) })
        for zone in TimeZoneTable.zones {
            #expect(zone.before.map(\.from) == zone.before.map(\.from).sorted())
            #expect((zone.before.last?.from ?? .min) <= zone.since)
        }
    }
}
