import Lag
import Testing

/// The instant at which each case's first second begins, milliseconds since 1970.
private let start: Int64 = 1_767_323_045_000

/// A sample `second` seconds into the case. `age` is that of the next unread record at that moment, in seconds.
private func at(_ second: Int64, _ committed: Int64?, _ end: Int64?, age: Int64) -> LagSample {
    let time = start + second * 1000
    return LagSample(time: time, committed: committed, end: end, next: .timestamp(time - age * 1000))
}

private func at(
    _ second: Int64, _ committed: Int64?, _ end: Int64?, _ next: LagSample.NextRecord = .unknown
) -> LagSample {
    LagSample(time: start + second * 1000, committed: committed, end: end, next: next)
}

struct LagCase: Sendable, CustomTestStringConvertible {
    let name: String
    let samples: [LagSample]
    let records: Int64?
    let seconds: Double?
    /// Records a second.
    let consumed: Double?
    let arrived: Double?
    let catchUp: LagEvaluation.CatchUp
    let status: LagEvaluation.Status

    init(
        _ name: String, _ samples: [LagSample], records: Int64?, seconds: Double?, consumed: Double?, arrived: Double?,
        _ catchUp: LagEvaluation.CatchUp, _ status: LagEvaluation.Status
    ) {
        self.name = name
        self.samples = samples
        self.records = records
        self.seconds = seconds
        self.consumed = consumed
        self.arrived = arrived
        self.catchUp = catchUp
        self.status = status
    }

    var testDescription: String { name }
}

/// The proof of the rules: the samples, and what follows from them.
private let cases: [LagCase] = [
    // Rule 1: nothing was seen.
    LagCase("no sample", [], records: nil, seconds: nil, consumed: nil, arrived: nil, .unknown, .unknown),
    // Rule 1: the broker did not say where the partition ends.
    LagCase(
        "end unknown", [at(0, 400, 1000, age: 1), at(10, 400, nil)],
        records: nil, seconds: nil, consumed: nil, arrived: nil, .unknown, .unknown),
    // Rule 2: a group that committed nothing may be at any offset.
    LagCase(
        "nothing committed", [at(0, nil, 1000), at(10, nil, 1000)],
        records: nil, seconds: nil, consumed: nil, arrived: nil, .unknown, .unknown),
    // Rule 2: but where nothing was ever written there is one offset only.
    LagCase(
        "nothing committed, nothing written", [at(0, nil, 0, .nothing)],
        records: 0, seconds: 0, consumed: nil, arrived: nil, .seconds(0), .ok),
    // Rule 2: from there 100 records came in 10 s and 50 were read.
    LagCase(
        "the first records of a partition", [at(0, nil, 0, .nothing), at(10, 50, 100, age: 4)],
        records: 50, seconds: 4, consumed: 5, arrived: 10, .never, .behind),
    // Rule 3: the topic was made anew; the old offset says nothing.
    LagCase(
        "committed beyond the end", [at(0, 500, 600, age: 1), at(10, 500, 100)],
        records: nil, seconds: nil, consumed: nil, arrived: nil, .unknown, .unknown),
    // Rule 4: everything is read.
    LagCase(
        "caught up", [at(0, 900, 1000, age: 3), at(10, 1000, 1000, .nothing)],
        records: 0, seconds: 0, consumed: 10, arrived: 0, .seconds(0), .ok),
    // Rule 4: after the last record a transaction ends; that is nothing to read.
    LagCase(
        "read up to the end of a transaction",
        [at(0, 119, 120, .nothing), at(10, 119, 120, .nothing), at(20, 119, 120, .nothing)],
        records: 0, seconds: 0, consumed: 0, arrived: 0, .seconds(0), .ok),
    // Rule 5: one sample has no rate, so there is no time to catch up either.
    LagCase(
        "first sample", [at(0, 400, 1000, age: 30)],
        records: 600, seconds: 30, consumed: nil, arrived: nil, .unknown, .behind),
    // Rule 5: an operator took the group back; only what follows counts: 200 in 10 s, 700 to go.
    LagCase(
        "rewound", [at(0, 900, 1000, age: 3), at(10, 100, 1000, age: 60), at(20, 300, 1000, age: 40)],
        records: 700, seconds: 40, consumed: 20, arrived: 0, .seconds(35), .rewound),
    // Rule 5: an unknown sample ends the run: 100 in the last 10 s, 700 to go.
    LagCase(
        "unknown for a while",
        [at(0, 100, 1000, age: 1), at(10, nil, 1000), at(20, 200, 1000, age: 1), at(30, 300, 1000, age: 1)],
        records: 700, seconds: 1, consumed: 10, arrived: 0, .seconds(70), .behind),
    // Rule 5: a wall clock that was set back leaves one sample.
    LagCase(
        "clock set back", [at(10, 100, 1000, age: 1), at(5, 200, 1000, age: 1)],
        records: 800, seconds: 1, consumed: nil, arrived: nil, .unknown, .behind),
    // Rule 6: retention was faster than the group; without the log's start it is not known how much is left.
    LagCase(
        "expired", [at(0, 0, 100, age: 90), at(10, 0, 110, .expired)],
        records: nil, seconds: nil, consumed: 0, arrived: 1, .unknown, .expired),
    // Rule 7: a producer whose clock is ahead.
    LagCase(
        "timestamp in the future", [at(0, 400, 1000, age: -5)],
        records: 600, seconds: 0, consumed: nil, arrived: nil, .unknown, .behind),
    // Rule 7: unknown seconds are not 0.
    LagCase(
        "no timestamp", [at(0, 400, 1000)],
        records: 600, seconds: nil, consumed: nil, arrived: nil, .unknown, .behind),
    // Rule 8: 400 in 20 s, 500 to go.
    LagCase(
        "moving", [at(0, 100, 1000, age: 9), at(10, 300, 1000, age: 7), at(20, 500, 1000, age: 5)],
        records: 500, seconds: 5, consumed: 20, arrived: 0, .seconds(25), .behind),
    // Rule 8: 10 a second read, 5 a second come, 800 to go.
    LagCase(
        "moving while more arrives", [at(0, 100, 1000, age: 9), at(10, 200, 1050, age: 8), at(20, 300, 1100, age: 7)],
        records: 800, seconds: 7, consumed: 10, arrived: 5, .seconds(160), .behind),
    // Rule 8: 5 a second read, 10 a second come.
    LagCase(
        "not catching up", [at(0, 100, 200, age: 2), at(10, 150, 300, age: 3), at(20, 200, 400, age: 4)],
        records: 200, seconds: 4, consumed: 5, arrived: 10, .never, .behind),
    // Rule 8: as fast as the producers is not faster.
    LagCase(
        "keeping its distance", [at(0, 0, 100, age: 2), at(10, 100, 200, age: 2)],
        records: 100, seconds: 2, consumed: 10, arrived: 10, .never, .behind),
    // Rule 10: three samples with records to read, and none was.
    LagCase(
        "stalled", [at(0, 400, 1000, age: 40), at(10, 400, 1010, age: 50), at(20, 400, 1020, age: 60)],
        records: 620, seconds: 60, consumed: 0, arrived: 1, .never, .stalled),
    // Rule 10: also when nothing more arrives.
    LagCase(
        "stalled on a quiet topic",
        [at(0, 400, 1000, age: 40), at(10, 400, 1000, age: 50), at(20, 400, 1000, age: 60)],
        records: 600, seconds: 60, consumed: 0, arrived: 0, .never, .stalled),
    // Rule 10: two samples may lie between two commits.
    LagCase(
        "not yet stalled", [at(0, 400, 1000, age: 40), at(10, 400, 1000, age: 50)],
        records: 600, seconds: 50, consumed: 0, arrived: 0, .never, .behind),
    // Rule 10: the end of a transaction was all there was until now.
    LagCase(
        "a record after the end of a transaction",
        [at(0, 119, 120, .nothing), at(10, 119, 120, .nothing), at(20, 119, 122, age: 1)],
        records: 3, seconds: 1, consumed: 0, arrived: 0.1, .never, .behind),
    // Rule 10: there was nothing to read until now.
    LagCase(
        "a record after silence", [at(0, 10, 10, .nothing), at(10, 10, 10, .nothing), at(20, 10, 11, age: 1)],
        records: 1, seconds: 1, consumed: 0, arrived: 0.05, .never, .behind),
]

@Suite struct LagEvaluationTests {
    @Test(arguments: cases)
    func follows(_ item: LagCase) {
        let lag = LagEvaluation(item.samples, now: item.samples.last?.time ?? start)
        #expect(lag.records == item.records)
        #expect(lag.seconds == item.seconds)
        #expect(lag.consumptionRate == item.consumed)
        #expect(lag.arrivalRate == item.arrived)
        #expect(lag.catchUp == item.catchUp)
        #expect(lag.status == item.status)
        #expect(lag.committed == item.samples.last?.committed)
        #expect(lag.end == item.samples.last?.end)
    }

    @Test func ageGrowsWithTheClock() {
        let samples = [at(0, 400, 1000, age: 30)]
        #expect(LagEvaluation(samples, now: start).seconds == 30)
        #expect(LagEvaluation(samples, now: start + 1500).seconds == 31.5)
    }

    @Test func everyStatusOfOffsetsAloneHasACase() {
        #expect(Set(cases.map(\.status)).union([.stopped, .warning]) == Set(LagEvaluation.Status.allCases))
    }

    /// A monitor keeps a dozen samples for each of tens of thousands of partitions.
    @Test func aSampleIsSmall() {
        #expect(MemoryLayout<LagSample>.stride == 48)
    }
}
