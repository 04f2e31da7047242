import Events
import Testing

struct EntryTimeTests {
    private func time(_ text: String) -> Timestamp { Timestamp(text)! }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", false), ("1969-12-31T23:59:59.999999Z", true), ("2200-12-31T23:59:59.999999Z", false),
        ("2201-01-01T00:00:00Z", true), ("9999-12-31T23:59:59Z", true), ("0001-01-01T00:00:00Z", true),
    ]) func timesLieFrom1970To2200(text: String, isOut: Bool) {
        #expect(EntryTime.isOutOfRange(time(text), clock: .distantPast) == isOut)
    }

    @Test func theBoundsAreTheDocumentedOnes() {
        #expect(
            EntryTime.first == time("1970-01-01T00:00:00Z") && EntryTime.last == time("2200-12-31T23:59:59.999999Z"))
        #expect(EntryTime.latest(at: .distantPast) == EntryTime.last)
        #expect(EntryTime.latest(at: time("2195-01-01T00:00:00Z")) == EntryTime.last)
        #expect(EntryTime.latest(at: time("2005-03-01T00:00:00Z")) == time("2015-03-01T00:00:00Z"))
    }

    /// Ten years of the calendar: a missing day is the month's last.
    @Test(arguments: [
        ("2026-03-01T00:00:00Z", "2036-03-01T00:00:00Z"), ("2096-03-01T00:00:00Z", "2106-03-01T00:00:00Z"),
        ("2024-02-29T12:00:00Z", "2034-02-28T12:00:00Z"), ("1970-01-01T00:00:00Z", "1980-01-01T00:00:00Z"),
    ]) func anEntryLiesAtMostTenYearsBeyondTheClock(clock: String, last: String) {
        let (clock, last) = (time(clock), time(last))
        #expect(!EntryTime.isOutOfRange(last, clock: clock))
        #expect(EntryTime.isOutOfRange(last.adding(microseconds: 1), clock: clock))
        #expect(!EntryTime.isOutOfRange(time("1999-01-01T00:00:00Z"), clock: max(clock, time("1999-01-01T00:00:00Z"))))
    }

    @Test(arguments: [Int64.min, .min + 1, -1, 0, 1 << 52, .max - 1, .max]) func nothingOverflows(number: Int64) {
        for clock in [Int64.min, .min + 1, -1, 0, 1 << 52, .max - 1, .max] {
            let isOut = EntryTime.isOutOfRange(Timestamp(microseconds: number), clock: Timestamp(microseconds: clock))
            if number < 0 || number > 1 << 60 { #expect(isOut) }
        }
    }

    /// What is added to a time, and a bucket's ends, saturate.
    @Test(arguments: [Int64.min, .min + 1, -62_135_596_800_000_000, 0, 253_402_300_799_999_999, .max - 1, .max])
    func spansAndBucketsSaturate(microseconds: Int64) {
        let time = Timestamp(microseconds: microseconds)
        for count in [0, 1, 366_000, 1_000_000_000_000, .max] as [Int64] {
            for unit in CalendarSpan.Unit.allCases {
                #expect(time.adding(CalendarSpan(count, unit)) >= time, "\(microseconds) and \(count) \(unit)")
            }
        }
        for period in Period.allCases {
            let bucket = period.bucket(of: time)
            #expect(period.start(of: bucket) <= time && period.end(of: bucket) >= time)
        }
    }
}
