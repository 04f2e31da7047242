import Lag
import Testing

/// A situation that was made on Apache Kafka 3.9, what Burrow 1.2.1 said of it after 40 seconds, recorded by hand, and what the
/// rules say.
struct Situation: Sendable, CustomTestStringConvertible {
    let name: String
    /// The log's start, the last stable offset where the group is bound by it, and the high watermark.
    let log: (start: Int64, stable: Int64?, end: Int64)
    let committed: Int64?
    let reader: LagContext.Reader
    let next: LagSample.NextRecord
    /// The status and lag of the partition; nil where Burrow did not show it.
    let burrow: (status: String, lag: Int64)?
    let status: LagEvaluation.Status
    let records: Int64?

    init(
        _ name: String, log: (start: Int64, stable: Int64?, end: Int64), committed: Int64?,
        _ reader: LagContext.Reader = .unknown, next: LagSample.NextRecord = .unknown,
        burrow: (status: String, lag: Int64)?, _ status: LagEvaluation.Status, records: Int64?
    ) {
        (self.name, self.log, self.committed, self.reader, self.next) = (name, log, committed, reader, next)
        (self.burrow, self.status, self.records) = (burrow, status, records)
    }

    /// Looks of 40 seconds, between which nothing changed.
    var samples: [LagSample] {
        (0..<10 as Range<Int64>).map {
            LagSample(
                time: $0 * 4500, committed: committed, start: log.start, end: log.stable ?? log.end,
                highWatermark: log.end, next: next)
        }
    }

    var testDescription: String { name }
}

private let situations: [Situation] = [
    // Its consumers left, and ten records came after that.
    Situation(
        "consumers that left", log: (0, nil, 110), committed: 100, .noMember, burrow: ("STOP", 10), .stopped,
        records: 10),
    // Its member polls and reads nothing: somebody is there.
    Situation(
        "a consumer that hangs", log: (0, nil, 100), committed: 30, .member, burrow: ("STOP", 70), .stalled,
        records: 70),
    // The same group has committed nothing of this partition. Burrow takes that for no lag.
    Situation(
        "nothing committed", log: (0, nil, 100), committed: nil, .member, burrow: ("OK", 0), .unknown,
        records: nil),
    // A group that chooses its partitions itself: whether somebody is there is not known.
    Situation(
        "offsets that somebody else commits", log: (0, nil, 100), committed: 40, burrow: ("STOP", 60), .stalled,
        records: 60),
    // Records were deleted before they were read. Burrow counts those that are gone as lag.
    Situation("a cut log", log: (60, nil, 100), committed: 10, burrow: ("STOP", 90), .expired, records: 40),
    Situation(
        "a log of which nothing is left", log: (100, nil, 100), committed: 5, burrow: ("STOP", 95), .expired,
        records: 0),
    // Burrow takes a commit beyond the end for no lag.
    Situation("a commit beyond the end", log: (0, nil, 10), committed: 500, burrow: ("OK", 0), .unknown, records: nil),
    // A reader of committed data stands before the end of a transaction, an aborted one, and one that is open: there is nothing
    // that it may read.
    Situation(
        "transactions aborted and open", log: (0, 22, 27), committed: 10, next: .nothing, burrow: ("STOP", 17), .ok,
        records: 0),
    // Partitions that nobody committed to yet, of a topic that grew.
    Situation("a partition that was added", log: (0, nil, 5), committed: nil, burrow: nil, .unknown, records: nil),
]

@Suite struct SituationsTests {
    @Test(arguments: situations)
    func areJudged(_ item: Situation) {
        let lag = LagEvaluation(item.samples, now: item.samples.last?.time ?? 0, LagContext(reader: item.reader))
        #expect(lag.status == item.status)
        #expect(lag.records == item.records)
    }

    /// Its offsets are gone with it: how far it was is history, and it was not set back.
    @Test func aGroupThatWasDeletedIsUnknown() {
        let samples = (0..<10 as Range<Int64>).map {
            LagSample(
                time: $0 * 4500, committed: $0 < 5 ? 40 : nil, start: 0, end: 100, highWatermark: 100, next: .unknown)
        }
        let lag = LagEvaluation(samples, now: 40_500)
        #expect(lag.status == .unknown && lag.ignorance == .nothingCommitted && lag.records == nil && lag.lost == nil)
    }

    /// Its members share the partitions anew and come back: the pause counts, and nothing is expired or set back by it.
    @Test func aRebalanceIsNoStandstill() {
        let committed: [Int64] = [40, 40, 40, 60, 80]
        let samples = committed.enumerated().map {
            LagSample(
                time: Int64($0.offset) * 4500, committed: $0.element, start: 0, end: 100, highWatermark: 100,
                next: .unknown)
        }
        let pause = LagEvaluation(Array(samples.prefix(3)), now: 9000, LagContext(reader: .unknown))
        #expect(pause.status == .behind && pause.records == 60)
        let after = LagEvaluation(samples, now: 18_000, LagContext(reader: .member))
        #expect(after.status == .behind && after.records == 20)
    }

    /// The only one that moved: 20 records a second were read, and 100 came. Burrow said OK, for its lag fell a little from one
    /// commit to the next.
    @Test func aSlowConsumerIsAWarning() {
        let samples = (0..<10 as Range<Int64>).map {
            LagSample(time: $0 * 4500, committed: $0 * 90, start: 0, end: 100 + $0 * 450, next: .unknown)
        }
        #expect(LagEvaluation(samples, now: 40_500, LagContext(reader: .member)).status == .warning)
    }
}
