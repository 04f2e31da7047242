/// How far one group is behind in one partition: a pure function of a window of samples and of the time.
///
/// The idea, numbered rules over a window instead of a threshold, is that of LinkedIn's Burrow. What is not known is
/// nil or `unknown`, never 0. The rules, applied in this order:
///
/// 1. No sample or no end offset: everything is unknown.
/// 2. Nothing committed: everything is unknown, unless nothing was ever written (the end is 0), which counts as
///    committed at 0.
/// 3. More committed than there is (the topic was cut or made anew): everything is unknown.
/// 4. Records behind = end - committed, in offsets; a compacted topic, or one with transactions, has fewer records. None,
///    or offsets at which there is nothing to read: 0 behind, `ok`, 0 seconds.
/// 5. The run is the newest samples between which neither time nor an offset goes back. With two or more, its first and
///    last give the rates: consumption from the committed offset, arrival from the end; else both are unknown.
/// 6. The next unread record is gone: `expired`; seconds and time to catch up are unknown.
/// 7. Seconds behind = the age of the next unread record by its own timestamp, never an interpolation. A timestamp in
///    the future counts as 0 seconds; without a timestamp they are unknown.
/// 8. Time to catch up = records behind / (consumption - arrival); never, if no more is consumed than arrives.
/// 9. Records are behind in every sample of the run, at least `stalledSamples` of them, and the committed offset is the
///    same in all: `stalled`. Otherwise `behind`.
public struct LagEvaluation: Sendable, Hashable {
    /// In the order in which they want attention.
    public enum Status: String, Sendable, Comparable, CaseIterable {
        case ok, behind, unknown, stalled, expired

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
        public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
    }

    public enum CatchUp: Sendable, Hashable {
        case unknown
        /// Not at the rates of this window.
        case never
        case seconds(Double)
    }

    /// Fewest samples that can show that a group stands still: groups commit every few seconds.
    public static let stalledSamples = 3

    public private(set) var committed: Int64?
    public private(set) var end: Int64?
    public private(set) var records: Int64?
    public private(set) var seconds: Double?
    /// Records a second that the group reads.
    public private(set) var consumptionRate: Double?
    /// Records a second that are written.
    public private(set) var arrivalRate: Double?
    public private(set) var catchUp = CatchUp.unknown
    public private(set) var status = Status.unknown

    /// `samples` oldest first; `now` in milliseconds since 1970.
    public init(_ samples: [LagSample], now: Int64) {
        guard let last = samples.last else { return }
        committed = last.committed
        end = last.end
        guard let end = last.end, let position = last.position, position <= end else { return }

        let records = last.isRead ? 0 : end - position
        self.records = records
        let run = Self.run(of: samples)
        if let first = run.first, run.count > 1 {
            let span = Double(last.time - first.time) / 1000
            consumptionRate = first.position.map { Double(position - $0) / span }
            arrivalRate = first.end.map { Double(end - $0) / span }
        }
        guard records > 0 else {
            seconds = 0
            catchUp = .seconds(0)
            status = .ok
            return
        }
        switch last.next {
        case .expired:
            status = .expired
            return
        case .timestamp(let made): seconds = max(0, Double(now) - Double(made)) / 1000
        case .nothing, .unknown: break
        }
        if let consumptionRate, let arrivalRate {
            let gain = consumptionRate - arrivalRate
            catchUp = gain > 0 ? .seconds(Double(records) / gain) : .never
        }
        let stands = run.allSatisfy { $0.position == position && !$0.isRead }
        status = stands && run.count >= Self.stalledSamples ? .stalled : .behind
    }

    /// Records are known to be unread.
    public var isLagging: Bool { records ?? 0 > 0 }

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
}
