/// Data about a partition of a group, beside its offsets.
public struct LagContext: Sendable, Hashable {
    /// The reader of the partition.
    public enum Reader: Sendable, Hashable {
        /// The group chooses its partitions itself, or the reader is not known.
        case unknown
        /// The group shares its partitions among its members, and has none.
        case noMember
        /// None of its members has this partition.
        case unassigned
        case member
    }

    public var reader: Reader
    /// Nil if it is not known.
    public var retention: LogRetention?
    /// Whether the group's commits are known, even if there are none.
    public var knowsCommits: Bool

    public init(reader: Reader = .unknown, retention: LogRetention? = nil, knowsCommits: Bool = true) {
        (self.reader, self.retention, self.knowsCommits) = (reader, retention, knowsCommits)
    }
}

/// The retention of a topic.
public struct LogRetention: Sendable, Hashable {
    /// The age at which records are deleted, in milliseconds; nil if there is none.
    public var milliseconds: Int64?
    /// Whether records are deleted at some size of a partition.
    public var isBySize: Bool

    public init(milliseconds: Int64?, isBySize: Bool) { (self.milliseconds, self.isBySize) = (milliseconds, isBySize) }

    /// Reads a topic's settings; nil if they lack it. A topic that is only compacted deletes nothing by age.
    public init?(settings: [String: String]) {
        guard let policy = settings["cleanup.policy"] else { return nil }
        guard policy.split(separator: ",").contains(where: { $0.trimming == "delete" }) else {
            self.init(milliseconds: nil, isBySize: false)
            return
        }
        guard let time = settings["retention.ms"].flatMap({ Int64($0) }) else { return nil }
        guard let bytes = settings["retention.bytes"].flatMap({ Int64($0) }) else { return nil }
        self.init(milliseconds: time < 0 ? nil : time, isBySize: bytes >= 0)
    }
}

extension Substring {
    fileprivate var trimming: Substring {
        let front = drop { $0 == " " }
        return front.prefix { $0 != " " }
    }
}

/// The lag of one group in one partition: a pure function of a window of samples, of the context, and of the time.
///
/// The idea, numbered rules over a window instead of a threshold, is that of LinkedIn's Burrow. An unknown value is nil
/// or `unknown`, never 0. The rules are applied in this order:
///
/// 1. No sample or no end offset: everything is unknown.
/// 2. Nothing committed, or the commits are unknown: everything is unknown, unless the log is empty, which counts as
///    read to its end.
/// 3. An offset of another log, which was recreated under the same name or was truncated: everything is unknown. The
///    commit is beyond the end, or it was in an earlier sample; or, since this commit, the log's start went back, or
///    its end did and has not come back. (An end that goes back for a moment is that of a new leader.)
/// 4. Lag in records = end - position, in offsets; a compacted topic, or one with transactions, has fewer records. The
///    position is the committed offset, or the log's start if retention has deleted everything before that: deleted
///    records are not lag. The end is the last stable offset for a group that reads only committed data. If there are
///    no offsets between, or none with records to read: 0 records, 0 seconds.
/// 5. The run is the newest samples between which neither time nor an offset goes back. With two or more, its first and
///    last give the rates: consumption from the position, arrival from the end; otherwise both are unknown. Where the
///    log's start passes the position, records that retention deletes are not consumed.
/// 6. Retention was faster than the group: the commit is before the log's start, and no sample showed that there was
///    nothing to read up to there: `expired`. `lost` is the number of deleted offsets. The group's own
///    `auto.offset.reset` decides what it reads next, so the time to catch up is unknown.
/// 7. Lag in seconds = the age of the next unread record by its own timestamp, never an interpolation. A timestamp in
///    the future counts as 0 seconds; without a timestamp they are unknown.
/// 8. Time to catch up = lag in records / (consumption - arrival); never, if consumption is at most arrival.
/// 9. No lag in records: `ok`, whatever the window shows. (Burrow's "current lag is zero". It also says OK while any
///    sample of its window had no lag; here that applies only to a standstill, which begins at the first sample with
///    records to read.)
/// 10. The group stands still: for `stillMilliseconds`, for twice the longest pause that it has made before, and in
///     `stillSamples` samples at least, there were records and the position was the same. `stopped` if the partition
///     has no reader, otherwise `stalled`. A group that shares its partitions and has no member is `stopped` at once,
///     unless its offsets move. (Burrow calls it STOP when no commit came for as long as it saw commits come, and STALL
///     when commits repeat an offset. A repeated commit cannot be observed from outside; whether there is a member can,
///     and it is what an operator needs to know. Burrow's allowed lag is not here: a record that waits for long is
///     late, even if it is the only one; `--max-seconds` is the tolerance.)
/// 11. `rewound`: within the window more was committed than now. (Burrow's rule 2: until the previous position is
///     reached.)
/// 12. `warning`: in `growingSamples` samples of the run or more there were records to read, never fewer than before,
///     and at the end more than at the beginning. (Burrow's rule 5; but Burrow also warns of a constant lag, and a
///     group with a constant lag keeps up.) Also a warning: `retentionWarning` of what retention allows is used up.
/// 13. Otherwise `behind`.
/// 14. Trend, over the run: of the seconds if they are known at both its ends, otherwise of the records. A change of no
///     more than `trendTolerance` of the greater one, a second or a record is `steady`.
/// 15. Share of retention used up: the age of the next unread record divided by the age at which the topic deletes, or
///     the unread part of the log. The latter applies if the topic deletes by size, or if its retention is unknown and
///     it has deleted already. The greater one of the two.
public struct LagEvaluation: Sendable, Hashable {
    /// In ascending order of urgency.
    public enum Status: String, Sendable, Comparable, CaseIterable {
        case ok, behind, unknown, warning, rewound, stalled, stopped, expired

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
        public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
    }

    public enum CatchUp: Sendable, Hashable {
        case unknown
        /// Not at the rates of this window.
        case never
        case seconds(Double)
    }

    public enum Trend: String, Sendable { case unknown, shrinking, steady, growing }

    /// The reason why nothing is known.
    public enum Ignorance: Sendable, Hashable {
        case noEnd, noCommitReported, nothingCommitted, beyondEnd, otherLog
    }

    /// Rule 10. Groups commit every few seconds: this is three times the most usual interval.
    public static let stillMilliseconds: Int64 = 15_000
    public static let stillSamples = 3
    static let pausesUntilStill: Int64 = 2
    /// Rule 12.
    public static let growingSamples = 5
    public static let retentionWarning = 0.8
    /// Rule 14.
    public static let trendTolerance = 0.05

    public private(set) var committed: Int64?
    public private(set) var start: Int64?
    public private(set) var end: Int64?
    public private(set) var records: Int64?
    /// Offsets that retention deleted before the group read them; nil if none are known.
    public private(set) var lost: Int64?
    public private(set) var seconds: Double?
    /// Records per second that the group reads.
    public private(set) var consumptionRate: Double?
    /// Records per second that are written.
    public private(set) var arrivalRate: Double?
    public private(set) var catchUp = CatchUp.unknown
    public private(set) var trend = Trend.unknown
    /// From 0 to 1; nil if it is not known.
    public private(set) var retentionShare: Double?
    /// For how long there were records and none was read, in seconds; nil while records are read.
    public private(set) var stillSeconds: Double?
    /// Offsets after an open transaction, which the group cannot read before it ends.
    public private(set) var held: Int64 = 0
    public private(set) var status = Status.unknown
    /// The number of samples in the window, and the time of the oldest.
    public private(set) var sampleCount: Int32 = 0
    public private(set) var oldest: LagSample?
    /// Nil if the status is not `unknown`.
    public private(set) var ignorance: Ignorance?

    /// Evaluates exactly these samples, oldest first.
    public init(_ samples: [LagSample], now: Int64, _ context: LagContext = LagContext()) {
        self.init(LagWindow(samples), now: now, context)
    }

    /// `now` is in milliseconds since 1970.
    public init(_ window: LagWindow, now: Int64, _ context: LagContext = LagContext()) {
        ignorance = .noEnd
        guard let last = window.samples.last else { return }
        (sampleCount, oldest) = (Int32(window.samples.count), window.samples.first)
        (committed, start, end) = (last.committed, last.start, last.end)
        guard let end = last.end else { return }
        guard let position = last.position else {
            ignorance = context.knowsCommits ? .nothingCommitted : .noCommitReported
            return
        }
        guard !last.isBeyondEnd else {
            ignorance = .beyondEnd
            return
        }
        guard !Self.isOfAnotherLog(window.samples) else {
            ignorance = .otherLog
            return
        }
        ignorance = nil

        let records = last.isRead ? 0 : end - position
        self.records = records
        held = max(0, (last.highWatermark ?? end) - end)
        let run = Self.run(of: window.samples)
        if let first = run.first, run.count > 1 {
            let span = Double(last.time - first.time) / 1000
            consumptionRate = Self.consumed(run).map { Double($0) / span }
            arrivalRate = first.end.map { Double(end - $0) / span }
        }
        lost = Self.lost(window.samples)
        let isExpired = lost != nil || last.next == .expired
        if records == 0 {
            (seconds, catchUp) = (0, .seconds(0))
        } else {
            if case .timestamp(let made) = last.next { seconds = max(0, Double(now) - Double(made)) / 1000 }
            if let consumptionRate, let arrivalRate, !isExpired {
                let gain = consumptionRate - arrivalRate
                catchUp = gain > 0 ? .seconds(Double(records) / gain) : .never
            }
            stillSeconds = window.stillSince.map { Double(max(0, now - $0)) / 1000 }
        }
        // Without the log's start it is not known how many unread records still exist.
        if last.next == .expired, last.start == nil { self.records = nil }
        trend = trend(run)
        retentionShare = isExpired ? 1 : share(last, context.retention)
        status = isExpired ? .expired : records == 0 ? .ok : status(window, run, now: now, context.reader)
    }

    /// Rules 10 to 13.
    private func status(
        _ window: LagWindow, _ run: ArraySlice<LagSample>, now: Int64, _ reader: LagContext.Reader
    ) -> Status {
        let position = run.last?.position ?? 0
        if reader == .noMember, run.allSatisfy({ $0.position == position }) { return .stopped }
        if let since = window.stillSince, window.stillSamples >= Self.stillSamples,
            now - since >= max(Self.stillMilliseconds, Self.pausesUntilStill * window.longestPause)
        {
            return reader == .unassigned || reader == .noMember ? .stopped : .stalled
        }
        if Self.samplesOfThisLog(window.samples).contains(where: { ($0.position ?? 0) > position }) { return .rewound }
        return isGrowing(run) || (retentionShare ?? 0) >= Self.retentionWarning ? .warning : .behind
    }

    /// Rule 12.
    private func isGrowing(_ run: ArraySlice<LagSample>) -> Bool {
        guard run.count >= Self.growingSamples, let first = run.first?.unread, let last = run.last?.unread else {
            return false
        }
        return last > first && run.allSatisfy { $0.unread ?? 0 > 0 }
            && zip(run, run.dropFirst()).allSatisfy { ($0.unread ?? 0) <= ($1.unread ?? 0) }
    }

    /// Rule 14.
    private func trend(_ run: ArraySlice<LagSample>) -> Trend {
        guard run.count > 1, let first = run.first, let last = run.last else { return .unknown }
        let ends: (Double, Double)
        if let before = first.seconds, let after = last.seconds {
            ends = (before, after)
        } else if let before = first.unread, let after = last.unread {
            ends = (Double(before), Double(after))
        } else {
            return .unknown
        }
        let change = ends.1 - ends.0
        guard abs(change) > max(1, Self.trendTolerance * max(ends.0, ends.1)) else { return .steady }
        return change > 0 ? .growing : .shrinking
    }

    /// Rule 15.
    private func share(_ last: LagSample, _ retention: LogRetention?) -> Double? {
        guard let records else { return nil }
        guard records > 0 else { return 0 }
        var shares: [Double] = []
        if let limit = retention?.milliseconds, let seconds { shares.append(seconds * 1000 / Double(max(1, limit))) }
        if retention?.isBySize ?? true, let start = last.start, let end = last.end, start > 0, end > start {
            shares.append(Double(records) / Double(end - start))
        }
        if let retention, retention.milliseconds == nil, !retention.isBySize { return 0 }
        return shares.max().map { min(1, $0) }
    }

    /// Whether records are known to be unread, or to have been lost while the number of the rest is not known.
    public var isLagging: Bool { records.map { $0 > 0 } ?? (status == .expired) }

    /// Rule 3.
    private static func isOfAnotherLog(_ samples: [LagSample]) -> Bool {
        guard let last = samples.last, let committed = last.committed else { return false }
        var start = last.start
        for sample in samples.reversed() {
            guard sample.committed == committed else { return false }
            if sample.isBeyondEnd { return true }
            if let before = sample.start, let start, before > start { return true }
            if let before = sample.highWatermark, let end = last.highWatermark, before > end { return true }
            start = sample.start ?? start
        }
        return false
    }

    /// The newest samples within which neither the log's start nor its end went back.
    private static func samplesOfThisLog(_ samples: [LagSample]) -> ArraySlice<LagSample> {
        var (start, end) = (Int64.max, Int64.max)
        let later = samples.reversed().prefix { sample in
            guard sample.start ?? 0 <= start, sample.highWatermark ?? 0 <= end else { return false }
            (start, end) = (sample.start ?? start, sample.highWatermark ?? end)
            return true
        }
        return samples.suffix(later.count)
    }

    /// Rule 5.
    private static func run(of samples: [LagSample]) -> ArraySlice<LagSample> {
        var start = samples.endIndex
        while start > 0 {
            let sample = samples[start - 1]
            guard let position = sample.position, let end = sample.end else { break }
            if start < samples.endIndex {
                let later = samples[start]
                guard sample.time < later.time, position <= later.position ?? 0, end <= later.end ?? 0 else { break }
            }
            start -= 1
        }
        return samples[start...]
    }

    /// Rule 5: offsets that were read over a run; nil if a position is not known.
    private static func consumed(_ run: ArraySlice<LagSample>) -> Int64? {
        var sum: Int64 = 0
        for (before, after) in zip(run, run.dropFirst()) {
            guard let from = before.position, let to = after.position else { return nil }
            sum += max(0, to - max(from, after.start ?? from))
        }
        return sum
    }

    /// Rule 6.
    private static func lost(_ samples: [LagSample]) -> Int64? {
        guard let last = samples.last, let committed = last.committed, let start = last.start, committed < start else {
            return nil
        }
        let wasRead = samples.contains {
            $0.committed == committed && $0.next == .nothing && ($0.end ?? 0) >= start && $0.start ?? 0 <= committed
        }
        return wasRead ? nil : start - committed
    }
}

extension LagSample {
    /// Nil if it is not known.
    fileprivate var unread: Int64? {
        guard let position, let end else { return nil }
        return isRead ? 0 : end - position
    }

    fileprivate var seconds: Double? {
        if isRead { return 0 }
        guard case .timestamp(let made) = next else { return nil }
        return max(0, Double(time) - Double(made)) / 1000
    }
}
