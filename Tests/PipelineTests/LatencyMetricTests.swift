import Testing

@testable import Pipeline

@Suite struct LatencyMetricTests {
    private let now: Int64 = 1_790_000_000_000_000

    @Test func aRecordsAgeIsInMilliseconds() {
        #expect(LatencyMetric.milliseconds(since: now / 1000 - 7, at: now) == 7)
        #expect(LatencyMetric.milliseconds(since: now / 1000 + 7, at: now) == 0)
    }

    /// The producer of a record sets its timestamp.
    @Test(arguments: [Int64.min, -1, 0, 1_790_000_000, .max / 1000, .max])
    func aTimestampThatIsNoneIsNotCounted(written: Int64) {
        let age = LatencyMetric.milliseconds(since: written, at: now)
        #expect(age == (written > now ? 0 : nil))
    }
}
