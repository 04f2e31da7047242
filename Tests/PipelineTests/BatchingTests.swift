import Testing

@testable import Pipeline

/// When the rounds of an intake end, without a clock.
@Suite struct BatchingTests {
    private let start = ContinuousClock.now

    private func round(of records: Int, at time: Duration, in batching: inout Batching) {
        batching.add(records: records)
        batching.end(at: start + time)
    }

    @Test func aRoundWithoutRecordsIsNeverDue() {
        let batching = Batching(at: start)
        #expect(!batching.isDue(at: start + .seconds(1)))
        #expect(batching.millisecondsLeft(at: start) == nil)
    }

    @Test func atRestNothingWaits() {
        var batching = Batching(at: start)
        for second in 0..<3 {
            let time = Duration.seconds(second)
            batching.add(records: Batching.recordsAtRest)
            #expect(batching.isDue(at: start + time))
            batching.end(at: start + time)
            batching.add(records: 1)
            #expect(batching.isDue(at: start + time))
            batching.end(at: start + time)
        }
    }

    /// (records of the round before, how long the next one gathers)
    @Test(
        arguments: [
            (Batching.recordsAtRest + 1, Batching.waitPerRecord * (Batching.recordsAtRest + 1)),
            (30, Batching.waitPerRecord * 30), (1000, Batching.longestWait),
        ] as [(Int, Duration)])
    func theMoreRecordsARoundHadTheLongerTheNextOneGathers(_ records: Int, _ wait: Duration) {
        var batching = Batching(at: start)
        round(of: records, at: .zero, in: &batching)
        batching.add(records: 1)
        #expect(!batching.isDue(at: start + wait - .nanoseconds(1)))
        #expect(batching.isDue(at: start + wait))
    }

    @Test func theWaitCountsFromTheEndOfTheRoundBefore() {
        var batching = Batching(at: start)
        round(of: 1000, at: .zero, in: &batching)
        batching.add(records: 1)
        #expect(batching.isDue(at: start + .seconds(1)))
    }

    @Test func aFullRoundEnds() {
        var batching = Batching(at: start)
        round(of: 1000, at: .zero, in: &batching)
        batching.add(records: Batching.recordsAtMost - 1)
        #expect(!batching.isDue(at: start))
        batching.add(records: 1)
        #expect(batching.isDue(at: start))
    }

    /// A poll that waits for less than a millisecond would not wait.
    @Test func whatIsLeftIsAtLeastAMillisecond() {
        var batching = Batching(at: start)
        round(of: 1000, at: .zero, in: &batching)
        batching.add(records: 1)
        #expect(batching.millisecondsLeft(at: start) == 4)
        #expect(batching.millisecondsLeft(at: start + .microseconds(3500)) == 1)
        #expect(batching.millisecondsLeft(at: start + .seconds(1)) == 1)
    }
}

@Suite struct FactHasteTests {
    private let start = ContinuousClock.now

    @Test func aFactThatComesAloneGoesAtOnce() {
        var haste = FactHaste(at: start)
        for number in 1...100 {
            let isDue = haste.isDue(after: 1, at: start + .milliseconds(number))
            #expect(isDue)
        }
    }

    /// At ten times as many as go at once.
    @Test func factsThatComeFastGather() {
        var haste = FactHaste(at: start)
        for number in 1...100 {
            let isDue = haste.isDue(after: 200, at: start + .milliseconds(number))
            #expect(!isDue)
        }
    }

    @Test func afterALoadTheNextFactGoesAtOnce() {
        var haste = FactHaste(at: start)
        _ = haste.isDue(after: 1_000_000, at: start)
        let isDueSoon = haste.isDue(after: 1, at: start + .milliseconds(6))
        let isDueLater = haste.isDue(after: 1, at: start + .milliseconds(7))
        #expect(!isDueSoon && isDueLater)
    }
}
