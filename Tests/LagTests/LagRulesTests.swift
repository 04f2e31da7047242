import Lag
import Testing

private let start: Int64 = 1_767_323_045_000

/// `age`: of the next unread record, in seconds; nil if it is unknown.
private func look(
    _ second: Int64, _ committed: Int64?, of log: ClosedRange<Int64>, stable: Int64? = nil, age: Int64? = nil,
    next: LagSample.NextRecord = .unknown
) -> LagSample {
    let time = start + second * 1000
    return LagSample(
        time: time, committed: committed, start: log.lowerBound, end: stable ?? log.upperBound,
        highWatermark: log.upperBound, next: age.map { .timestamp(time - $0 * 1000) } ?? next)
}

private func judge(
    _ samples: [LagSample], _ reader: LagContext.Reader = .unknown, _ retention: LogRetention? = nil
) -> LagEvaluation {
    LagEvaluation(samples, now: samples.last?.time ?? start, LagContext(reader: reader, retention: retention))
}

/// A look every ten seconds, at the first of which so much is committed of a log that ends there.
private func looks(_ offsets: [(committed: Int64, end: Int64)]) -> [LagSample] {
    offsets.enumerated().map { look(Int64($0 * 10), $1.committed, of: 0...$1.end) }
}

/// What the rules make of the log's start, of transactions, of members and of retention.
@Suite struct LagRulesTests {
    // MARK: Rule 2

    @Test func aGroupThatCommittedNothingHasReadAllOfAnEmptyLog() {
        let lag = judge([look(0, nil, of: 700...700)])
        #expect(lag.records == 0)
        #expect(lag.seconds == 0)
        #expect(lag.status == .ok)
        #expect(judge([look(0, nil, of: 700...701)]).ignorance == .nothingCommitted)
    }

    // MARK: Rule 3

    @Test func aCommitBeyondTheEndIsOfAnotherLog() {
        let lag = judge([look(0, 500, of: 0...100)])
        #expect(lag.status == .unknown)
        #expect(lag.ignorance == .beyondEnd)
        #expect(lag.records == nil)
        #expect(lag.committed == 500)
    }

    /// The topic was made anew, and has grown beyond what the group had committed.
    @Test func aCommitThatWasBeyondTheEndStaysOne() {
        let lag = judge([look(0, 500, of: 0...600), look(10, 500, of: 0...100), look(20, 500, of: 0...900)])
        #expect(lag.ignorance == .otherLog)
        #expect(lag.records == nil)
    }

    @Test func aLogWhoseStartOrEndWentBackIsAnotherOne() {
        #expect(judge([look(0, 500, of: 300...600), look(10, 500, of: 0...900)]).ignorance == .otherLog)
        #expect(judge([look(0, 500, of: 0...900), look(10, 500, of: 0...600)]).ignorance == .otherLog)
    }

    @Test func aCommitAfterTheTopicWasMadeAnewCounts() {
        let lag = judge([look(0, 500, of: 300...600), look(10, 20, of: 0...50), look(20, 30, of: 0...60)])
        #expect(lag.records == 30)
        #expect(lag.status == .behind)
    }

    /// A new leader may know less for a moment.
    @Test func anEndThatComesBackIsOfTheSameLog() {
        let lag = judge([look(0, 500, of: 0...900), look(10, 500, of: 0...890), look(20, 500, of: 0...905)])
        #expect(lag.records == 405)
    }

    // MARK: Rules 4 and 6

    /// What retention took is no lag.
    @Test func lagEndsAtTheLogsStart() {
        let lag = judge([look(0, 40, of: 100...500, age: 90)])
        #expect(lag.records == 400)
        #expect(lag.lost == 60)
        #expect(lag.seconds == 90)
        #expect(lag.status == .expired)
        #expect(lag.catchUp == .unknown)
        #expect(lag.retentionShare == 1)
    }

    /// Rule 5: a group that stands still has read nothing of what retention took, and one that continues only what is after it.
    @Test func whatRetentionTookWasNotConsumed() {
        let stopped = judge([look(0, 30, of: 0...100, age: 90), look(10, 30, of: 80...100, age: 100)])
        #expect(stopped.consumptionRate == 0)
        #expect(stopped.lost == 50)
        let goesOn = judge([look(0, 30, of: 0...100, age: 90), look(10, 90, of: 80...100, age: 10)])
        #expect(goesOn.consumptionRate == 1)
        let unhurt = judge([look(0, 30, of: 0...100, age: 90), look(10, 90, of: 20...100, age: 10)])
        #expect(unhurt.consumptionRate == 6)
    }

    @Test func anEmptyLogHasNothingToReadButWhatWasLost() {
        let lag = judge([look(0, 40, of: 100...100)])
        #expect(lag.records == 0)
        #expect(lag.lost == 60)
        #expect(lag.seconds == 0)
        #expect(lag.status == .expired)
        #expect(!lag.isLagging)
    }

    /// The end of a transaction was all there was; that it is gone is no loss.
    @Test func offsetsWithoutRecordsCannotBeLost() {
        let lag = judge([look(0, 119, of: 0...120, next: .nothing), look(10, 119, of: 120...120)])
        #expect(lag.records == 0)
        #expect(lag.lost == nil)
        #expect(lag.status == .ok)
    }

    @Test func aReaderOfCommittedDataIsBoundByTheLastStableOffset() {
        let lag = judge([look(0, 80, of: 0...120, stable: 100, age: 5)])
        #expect(lag.records == 20)
        #expect(lag.held == 20)
        #expect(lag.seconds == 5)
        let read = judge([look(0, 100, of: 0...120, stable: 100)])
        #expect(read.records == 0)
        #expect(read.held == 20)
        #expect(read.seconds == 0)
        #expect(read.status == .ok)
    }

    /// It reads more than committed data, although somebody said that it does not.
    @Test func aReaderBeyondTheLastStableOffsetHasReadAllCommittedData() {
        let lag = judge([look(0, 110, of: 0...120, stable: 100)])
        #expect(lag.records == 0)
        #expect(lag.status == .ok)
    }

    // MARK: Rule 10

    private let still = looks([(400, 1000), (400, 1010), (400, 1020)])

    @Test(arguments: [
        (LagContext.Reader.unknown, LagEvaluation.Status.stalled), (.member, .stalled), (.unassigned, .stopped),
        (.noMember, .stopped),
    ])
    func whoStandsStillIsStoppedIfNobodyIsThere(_ reader: LagContext.Reader, _ status: LagEvaluation.Status) {
        let lag = judge(still, reader)
        #expect(lag.status == status)
        #expect(lag.stillSeconds == 20)
    }

    @Test func aGroupWithoutMembersIsStoppedAtTheFirstLook() {
        #expect(judge([look(0, 400, of: 0...1000)], .noMember).status == .stopped)
        #expect(judge([look(0, 400, of: 0...1000)], .unassigned).status == .behind)
        #expect(judge([look(0, 1000, of: 0...1000)], .noMember).status == .ok, "there is nothing to read")
    }

    /// Somebody commits for it.
    @Test func offsetsThatMoveAreOfNoStoppedGroup() {
        #expect(judge(looks([(400, 1000), (500, 1000)]), .noMember).status == .behind)
    }

    /// A group that commits once a minute is not taken for one that stands still.
    @Test func whoCommitsSeldomIsGivenTwiceItsTime() {
        let seconds: [Int64] = [0, 20, 40, 60, 80, 100, 120, 140]
        func samples(_ upTo: Int64) -> [LagSample] {
            (seconds + Array(stride(from: 160, through: upTo, by: 20))).map { second in
                look(second, second < 60 ? 100 : second < 120 ? 200 : 300, of: 0...1000)
            }
        }
        #expect(judge(samples(220)).status == .behind)
        #expect(judge(samples(240)).status == .stalled)
    }

    @Test func threeQuickLooksAreNoStandstill() {
        let samples = [look(0, 400, of: 0...1000), look(1, 400, of: 0...1000), look(2, 400, of: 0...1000)]
        #expect(judge(samples).status == .behind)
    }

    // MARK: Rule 11

    @Test func aGroupThatReadsAgainIsRewoundUntilItIsWhereItWas() {
        let back = looks([(900, 1000), (100, 1000), (500, 1000)])
        #expect(judge(back).status == .rewound)
        #expect(judge(back + [look(30, 900, of: 0...1000)]).status == .behind)
        #expect(judge(back + [look(30, 1000, of: 0...1000)]).status == .ok)
    }

    // MARK: Rule 12

    @Test func lagThatOnlyGrowsIsAWarning() {
        let growing = looks([(0, 100), (50, 200), (100, 300), (150, 400), (200, 500)])
        #expect(judge(growing).status == .warning)
        #expect(judge(growing.dropLast()).status == .behind, "too few looks")
        let fellOnce = looks([(0, 100), (50, 200), (150, 220), (160, 400), (200, 500)])
        #expect(judge(fellOnce).status == .behind)
        let keepsUp = looks([(0, 100), (100, 200), (200, 300), (300, 400), (400, 500)])
        #expect(judge(keepsUp).status == .behind)
    }

    @Test func lagThatUsesRetentionUpIsAWarning() {
        let week = LogRetention(milliseconds: 604_800_000, isBySize: false)
        #expect(judge([look(0, 10, of: 0...100, age: 483_840)], .unknown, week).status == .warning)
        #expect(judge([look(0, 10, of: 0...100, age: 483_000)], .unknown, week).status == .behind)
    }

    // MARK: Rule 14

    @Test func trendFollowsTheSecondsWhereTheyAreKnown() {
        #expect(judge([look(0, 10, of: 0...100, age: 5)]).trend == .unknown)
        #expect(judge([look(0, 10, of: 0...100, age: 5), look(10, 10, of: 0...100, age: 15)]).trend == .growing)
        #expect(judge([look(0, 10, of: 0...100, age: 60), look(10, 90, of: 0...900, age: 4)]).trend == .shrinking)
        #expect(judge([look(0, 10, of: 0...100, age: 60), look(10, 20, of: 0...100, age: 61)]).trend == .steady)
        #expect(judge([look(0, 10, of: 0...100), look(10, 90, of: 0...900)]).trend == .growing, "records")
        #expect(judge([look(0, 10, of: 0...100), look(10, 100, of: 0...100)]).trend == .shrinking)
    }

    // MARK: Rule 15

    @Test func theShareOfRetentionIsOfTimeAndOfSize() {
        func share(_ sample: LagSample, _ retention: LogRetention?) -> Double? {
            judge([sample], .unknown, retention).retentionShare
        }
        let hour = LogRetention(milliseconds: 3_600_000, isBySize: false)
        let size = LogRetention(milliseconds: nil, isBySize: true)
        let both = LogRetention(milliseconds: 3_600_000, isBySize: true)
        let forEver = LogRetention(milliseconds: nil, isBySize: false)
        let late = look(0, 150, of: 100...200, age: 900)
        #expect(share(late, hour) == 0.25)
        #expect(share(late, size) == 0.5)
        #expect(share(late, both) == 0.5)
        #expect(share(late, forEver) == 0)
        #expect(share(late, nil) == 0.5, "it has deleted before")
        #expect(share(look(0, 150, of: 0...200, age: 900), nil) == nil)
        #expect(share(look(0, 150, of: 0...200), hour) == nil, "the age is unknown")
        #expect(share(look(0, 200, of: 100...200), hour) == 0)
        #expect(share(look(0, 150, of: 100...200, age: 7200), hour) == 1)
    }

    @Test func retentionIsReadFromATopicsSettings() {
        let both = ["cleanup.policy": "compact, delete", "retention.ms": "3600000", "retention.bytes": "-1"]
        #expect(LogRetention(settings: both) == LogRetention(milliseconds: 3_600_000, isBySize: false))
        let sized = ["cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "1000"]
        #expect(LogRetention(settings: sized) == LogRetention(milliseconds: nil, isBySize: true))
        let compacted = ["cleanup.policy": "compact", "retention.ms": "3600000", "retention.bytes": "1000"]
        #expect(LogRetention(settings: compacted) == LogRetention(milliseconds: nil, isBySize: false))
        #expect(LogRetention(settings: ["cleanup.policy": "delete"]) == nil)
        #expect(LogRetention(settings: [:]) == nil)
    }
}

@Suite struct LagWindowTests {
    private func sample(_ second: Int64) -> LagSample { look(second, 0, of: 0...1) }

    @Test func keepsTheLastSamples() {
        var window = LagWindow()
        for second in 0..<5 as Range<Int64> { window.append(sample(second), limit: 3, spacing: 0) }
        #expect(window.samples == [sample(2), sample(3), sample(4)])
    }

    @Test func holdsAtLeastOneSample() {
        var window = LagWindow()
        window.append(sample(0), limit: 0, spacing: 0)
        window.append(sample(1), limit: 0, spacing: 0)
        #expect(window.samples == [sample(1)])
    }

    /// However often somebody looks, the window spans forty seconds.
    @Test func quickLooksTakeThePlaceOfTheLast() {
        var window = LagWindow()
        for second in 0...100 as ClosedRange<Int64> { window.append(sample(second)) }
        #expect(window.samples.count == LagWindow.standardLimit)
        #expect(window.samples.last == sample(100))
        #expect(sample(100).time - (window.samples.first?.time ?? 0) >= 40_000)
        #expect(window.stillSince == start)
    }

    @Test func twoLooksAreTwoSamplesHoweverSoon() {
        var window = LagWindow()
        window.append(sample(0))
        window.append(sample(1))
        #expect(window.samples.count == 2)
    }
}
