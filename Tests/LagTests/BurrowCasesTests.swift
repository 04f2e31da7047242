import Lag
import Testing

/// A case of the table that proves the evaluator of LinkedIn's Burrow (`core/internal/evaluator/caching_test.go`), by its
/// number there.
///
/// Burrow sees commits with the lag at their time; a monitor that looks from outside sees offsets. So each commit is a look, and
/// looks go on at the same pace until the case's time, when nobody has committed since.
struct BurrowCase: Sendable, CustomTestStringConvertible {
    let number: Int
    /// Milliseconds, the committed offset and the lag then; nil if Burrow did not know it.
    let commits: [(time: Int64, offset: Int64, lag: Int64?)]
    /// The lag at the looks that follow, each `pace` milliseconds after the one before.
    let later: [Int64]
    let pace: Int64
    let burrow: String
    let ours: LagEvaluation.Status

    init(
        _ number: Int, _ commits: [(time: Int64, offset: Int64, lag: Int64?)], later: [Int64], pace: Int64 = 100_000,
        burrow: String, ours: LagEvaluation.Status
    ) {
        (self.number, self.commits, self.later, self.pace) = (number, commits, later, pace)
        (self.burrow, self.ours) = (burrow, ours)
    }

    /// The lag is that at the commit's time; a log's end does not go back.
    var samples: [LagSample] {
        var samples: [LagSample] = []
        func look(_ time: Int64, _ offset: Int64, lag: Int64?) {
            let end = lag.map { max(offset + $0, samples.compactMap(\.end).max() ?? 0) }
            samples.append(
                LagSample(time: time, committed: offset, end: end, next: lag == 0 ? .nothing : .unknown))
        }
        for commit in commits { look(commit.time, commit.offset, lag: commit.lag) }
        guard let last = commits.last else { return samples }
        for (index, lag) in later.enumerated() {
            look(last.time + Int64(index + 1) * pace, last.offset, lag: lag)
        }
        return samples
    }

    var testDescription: String { "\(number)" }
}

/// Commits every 100 s from 100 s on.
private func every100Seconds(_ offsets: [(Int64, Int64?)]) -> [(time: Int64, offset: Int64, lag: Int64?)] {
    offsets.enumerated().map { (Int64($0 + 1) * 100_000, $1.0, $1.1) }
}

private let slowing = every100Seconds([(1000, 0), (2000, 50), (3000, 100), (4000, 150), (5000, 200)])
private let behind = every100Seconds([(1000, 50), (2000, 100), (3000, 150), (4000, 200), (5000, 250)])
private let standing = every100Seconds([(1000, 100), (1000, 150), (1000, 200), (1000, 250), (1000, 300)])
private let recovered = every100Seconds([(1000, 100), (2000, 150), (3000, 200), (2000, 1250), (4000, 300)])
/// A commit a second, each of all there was.
private let reading: [(time: Int64, offset: Int64, lag: Int64?)] = (0..<15 as Range<Int64>).map {
    (1_512_224_618_397 + $0 * 1000, 792_748_079 + $0, 0)
}

private let cases: [BurrowCase] = [
    // Moving; without lag at the beginning.
    BurrowCase(0, slowing, later: [200], burrow: "OK", ours: .behind),
    // Differs. Nothing was read in 400 s, in which 200 records waited and there were five looks. Burrow sees no looks but
    // commits, and waits until none came for longer than it saw them come.
    BurrowCase(1, slowing, later: [200, 200, 200, 200], burrow: "OK", ours: .stalled),
    // 100 s later Burrow agrees that nothing moves. Whether nobody is there, STOP, is known from the members alone.
    BurrowCase(2, slowing, later: [200, 200, 200, 200, 200], burrow: "STOP", ours: .stalled),
    BurrowCase(3, behind, later: [250, 250, 250, 250, 250], burrow: "STOP", ours: .stalled),
    // Differs. 50 records and more wait since the second look, and not one was read. Burrow says OK while the look without lag is
    // in its window.
    BurrowCase(
        4, every100Seconds([(1000, 0), (1000, 50), (1000, 100), (1000, 150), (1000, 200)]), later: [200], burrow: "OK",
        ours: .stalled),
    BurrowCase(5, standing, later: [300], burrow: "STALL", ours: .stalled),
    // Also where nothing arrives.
    BurrowCase(
        6, every100Seconds([(1000, 100), (1000, 100), (1000, 100), (1000, 100), (1000, 100)]), later: [100],
        burrow: "STALL", ours: .stalled),
    // It went back and has read beyond where it was.
    BurrowCase(7, recovered, later: [300], burrow: "OK", ours: .behind),
    // No lag now.
    BurrowCase(8, behind, later: [0, 0, 0, 0, 0], burrow: "OK", ours: .ok),
    // No lag at any commit, and none came after the last while 931 records did.
    BurrowCase(
        9, reading, later: [407, 507, 707, 907, 931], pace: 4000, burrow: "STOP", ours: .stalled),
    // One record has just come.
    BurrowCase(10, reading, later: [0, 0, 0, 1], pace: 4000, burrow: "OK", ours: .behind),
    // As the first, with looks between of which the lag is unknown.
    BurrowCase(
        11,
        (0..<10 as Range<Int64>).map { index in
            let lags: [Int64?] = [0, 50, 100, 150, 200]
            return (100_000 + index * 50_000, 1000 + index * 500, index % 2 == 0 ? lags[Int(index / 2)] : nil)
        }, later: [200], pace: 50_000, burrow: "OK", ours: .behind),
    // Differs. Burrow was configured to allow one record; here one that has waited for 350 s is late (`--max-seconds` allows).
    BurrowCase(
        12, every100Seconds([(1000, 2), (2000, 1), (2000, 1)]), later: [1, 1, 1], pace: 83_000, burrow: "OK",
        ours: .stalled),
    // As 5 and 7, beyond what Burrow was configured to allow.
    BurrowCase(13, standing, later: [300], burrow: "STALL", ours: .stalled),
    BurrowCase(14, recovered, later: [300], burrow: "OK", ours: .behind),
    // It went back and has not reached where it was.
    BurrowCase(
        15, every100Seconds([(1000, 100), (2000, 150), (3000, 200), (2000, 1250), (2500, 300)]), later: [300],
        burrow: "REWIND", ours: .rewound),
]

@Suite struct BurrowCasesTests {
    @Test(arguments: cases)
    func areJudged(_ item: BurrowCase) {
        #expect(LagEvaluation(item.samples, now: item.samples.last?.time ?? 0).status == item.ours)
    }

    /// Burrow's STOP and STALL are a group that stands still; that it stopped is reported if it has no member.
    @Test(arguments: cases.filter { ["STOP", "STALL"].contains($0.burrow) })
    func areStoppedWhereNobodyIsThere(_ item: BurrowCase) {
        let context = LagContext(reader: .unassigned)
        #expect(LagEvaluation(item.samples, now: item.samples.last?.time ?? 0, context).status == .stopped)
    }

    /// Where we differ from Burrow, the case's comment says why.
    @Test func differInThree() {
        let theirs: [String: Set<LagEvaluation.Status>] = [
            "OK": [.ok, .behind], "WARN": [.warning], "STOP": [.stopped, .stalled], "STALL": [.stalled],
            "REWIND": [.rewound],
        ]
        #expect(cases.filter { theirs[$0.burrow]?.contains($0.ours) != true }.map(\.number) == [1, 4, 12])
    }
}
