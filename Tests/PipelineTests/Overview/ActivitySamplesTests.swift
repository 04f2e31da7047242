import Testing

@testable import Pipeline

struct ActivitySamplesTests {
    private let start = ContinuousClock.now

    private func counts(_ events: Int64) -> ActivitySamples.Counts {
        ActivitySamples.Counts(events: events, entries: events * 2, facts: events / 2, deadLetters: events / 10)
    }

    /// A hundred events a second, sampled every five seconds.
    private func samples(seconds: Int) -> ActivitySamples {
        var samples = ActivitySamples(at: start)
        for second in stride(from: 5, through: seconds, by: 5) {
            samples.add(counts(Int64(second) * 100), at: start + .seconds(second))
        }
        return samples
    }

    @Test func aRateIsThatOfTheTimeThatWasAskedFor() throws {
        let samples = samples(seconds: 600)
        let minute = try #require(
            samples.activity(over: .seconds(60), until: counts(66_000), at: start + .seconds(600)))
        #expect(minute.seconds == 60 && minute.events == 12_000)
        #expect(minute.eventsPerSecond == 200 && minute.entriesPerSecond == 400 && minute.factsPerSecond == 100)
        #expect(minute.deadLetters == 1200)
    }

    @Test func aYoungProcessHasTheRateOfItsLife() throws {
        let samples = samples(seconds: 20)
        let hour = try #require(samples.activity(over: .seconds(3600), until: counts(2000), at: start + .seconds(20)))
        #expect(hour.seconds == 20 && hour.events == 2000)
        #expect(ActivitySamples(at: start).activity(over: .seconds(60), until: counts(9), at: start) == nil)
    }

    @Test func theLastMinutesAreTheNewestLast() {
        let minutes = samples(seconds: 600).byMinute(60, until: counts(61_000), at: start + .seconds(600))
        #expect(minutes.count == 10 && minutes.dropLast().allSatisfy { $0.events == 6000 && $0.seconds == 60 })
        #expect(minutes.last?.events == 7000)
    }

    @Test func samplesAreDueByTimeAndBounded() {
        var samples = samples(seconds: 3 * 3600)
        let now = start + .seconds(3 * 3600)
        #expect(!samples.isDue(at: now + .seconds(4)) && samples.isDue(at: now + .seconds(5)))
        let hour = samples.activity(over: .seconds(3600), until: counts(1_080_000), at: now)
        #expect(hour?.seconds == 3600 && hour?.events == 360_000)
        samples.add(counts(1_080_000), at: now + .seconds(5))
        #expect(MemoryLayout.size(ofValue: samples) < 64)
    }
}
