import Randomness
import Testing

@testable import CEL

private func timestamp(_ text: String) -> Moment? { Array(text.utf8).withUnsafeBytes { Moment(timestamp: $0) } }
private func duration(_ text: String) -> Moment? { Array(text.utf8).withUnsafeBytes { Moment(duration: $0) } }

@Suite struct MomentTextTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0, 0), ("2009-02-13T23:31:30Z", 1_234_567_890, 0),
            ("2009-02-13t23:31:30.5z", 1_234_567_890, 500_000_000), ("2009-02-14T05:01:30+05:30", 1_234_567_890, 0),
            ("1945-05-07T02:41:00Z", -778_022_340, 0), ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
            ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999),
            ("0001-01-01T00:00:00.000000001Z", -62_135_596_800, 1), ("2000-02-29T12:00:00Z", 951_825_600, 0),
            ("2009-02-13T23:31:30.1234567899Z", 1_234_567_890, 123_456_789),
            ("0000-12-31T23:00:00-01:00", -62_135_596_800, 0), ("9999-12-31T23:59:59+00:01", 253_402_300_739, 0),
        ] as [(String, Int64, Int32)])
    func readsTimestamps(_ text: String, _ seconds: Int64, _ nanoseconds: Int32) {
        #expect(timestamp(text) == Moment(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "2009-02-13", "2009-02-13T23:31:30", "2009-02-13 23:31:30Z", "2009-02-13T23:31:30.Z",
        "2009-02-13T23:31:60Z", "2009-02-13T24:00:00Z", "2009-02-13T23:60:00Z", "2009-02-30T00:00:00Z",
        "2009-13-01T00:00:00Z", "2009-00-01T00:00:00Z", "2009-01-00T00:00:00Z", "1900-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
        "2009-02-13T23:31:30+24:00", "2009-02-13T23:31:30+05:60", "2009-02-13T23:31:30+0530", "2009-02-13T23:31:30ZZ",
        "2009-2-13T23:31:30Z", "+009-02-13T23:31:30Z", "2009-02-13T23:31:30,5Z",
    ])
    func refusesTimestamps(_ text: String) {
        #expect(timestamp(text) == nil)
    }

    @Test(arguments: [
        "2009-02-13T23:31:30Z", "9999-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z",
        "2024-02-29T00:00:00.000001Z",
    ])
    func writesTimestamps(_ text: String) {
        #expect(timestamp(text)?.timestampText == text)
    }

    @Test func everyTimestampReadsBack() {
        var random = Seeded(21)
        for _ in 0..<5000 {
            let moment = Moment(
                seconds: Int64.random(in: Moment.timestampSeconds, using: &random),
                nanoseconds: Int32.random(in: 0...999_999_999, using: &random))
            #expect(timestamp(moment.timestampText) == moment)
        }
    }

    @Test func secondsHaveTheRangeOfTimestamps() {
        #expect(Moment(timestampSeconds: 253_402_300_799) != nil)
        #expect(Moment(timestampSeconds: 253_402_300_800) == nil)
        #expect(Moment(timestampSeconds: -62_135_596_800) != nil)
        #expect(Moment(timestampSeconds: -62_135_596_801) == nil)
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("1h30m", 5_400_000_000_000), ("-1.5s", -1_500_000_000), ("+5s", 5_000_000_000),
            ("100ms", 100_000_000), ("5us", 5000), ("5µs", 5000), ("5μs", 5000), ("7ns", 7), ("1.s", 1_000_000_000),
            (".5s", 500_000_000), ("1h34us", 3_600_000_034_000), ("-23.4s", -23_400_000_000),
            ("2562047h47m16.854775807s", .max), ("-2562047h47m16.854775808s", .min),
            ("1.99999999999999999999999999s", 1_999_999_999), ("0.1ns", 0),
            ("00000000000000000000000001s", 1_000_000_000),
            ("0.000000000000000000000001h", 0), ("1h1h", 7_200_000_000_000),
        ] as [(String, Int64)])
    func readsDurations(_ text: String, _ nanoseconds: Int64) {
        #expect(duration(text)?.totalNanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "-", "s", ".s", "1", "00", "1d", "1S", "1h-1m", "- 1s", "1 s", "1.1.1s", "320000000000s", "-320000000000s",
        "9223372036854775808ns", "-9223372036854775809ns", "1e3s", "2562047h47m16.854775808s",
        "99999999999999999999999999999s",
    ])
    func refusesDurations(_ text: String) {
        #expect(duration(text) == nil)
    }

    @Test(arguments: [
        ("1000000s", "1000000s"), ("1h2m3s1ms", "3723.001s"), ("1m1ms", "60.001s"), ("-1.5s", "-1.5s"),
        ("-1ns", "-0.000000001s"), ("0", "0s"), ("-100ms", "-0.1s"),
        ("-2562047h47m16.854775808s", "-9223372036.854775808s"),
    ])
    func writesDurations(_ text: String, _ written: String) {
        #expect(duration(text)?.durationText == written)
    }

    @Test func everyDurationReadsBack() {
        var random = Seeded(22)
        for _ in 0..<5000 {
            let moment = Moment(nanoseconds: Int64.random(in: .min ... .max, using: &random))
            #expect(duration(moment.durationText) == moment)
        }
    }

    @Test func changedBytesDoNoHarm() {
        var random = Seeded(23)
        let texts = ["2009-02-13T23:31:30.123456789+05:30", "-1h30m2.5s3ms4us5ns"].map { Array($0.utf8) }
        for _ in 0..<5000 {
            for text in texts {
                var bytes = text.prefix(Int.random(in: 0...text.count, using: &random))
                if let index = bytes.indices.randomElement(using: &random) {
                    bytes[index] = UInt8.random(in: 0...255, using: &random)
                }
                Array(bytes).withUnsafeBytes {
                    if let moment = Moment(timestamp: $0) { _ = moment.timestampText }
                    if let moment = Moment(duration: $0) { _ = moment.durationText }
                    _ = TimeZoneOffset($0)
                }
            }
        }
    }
}
