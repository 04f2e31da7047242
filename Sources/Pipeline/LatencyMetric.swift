internal import CoreMetrics
internal import Events

/// Times, such as those since records were written, as a histogram of `/metrics`.
struct LatencyMetric: Sendable {
    private let timer: CoreMetrics.Timer

    /// `metric`: a histogram.
    init(_ metric: Metric) { timer = CoreMetrics.Timer(label: metric.rawValue) }

    func record(_ duration: Duration) { timer.recordNanoseconds(Int64(max(0, duration / .nanoseconds(1)))) }

    /// A greater age is not counted: the record is of an imported history, or its timestamp is wrong.
    static let longestMilliseconds: Int64 = 86_400_000

    /// `written`: the record's timestamp, in milliseconds since 1970. It may be any number, because the record's writer
    /// sets it. One in the future counts as now. `now`: in microseconds.
    func record(since written: Int64, at now: Int64) {
        if let age = Self.milliseconds(since: written, at: now) { timer.recordNanoseconds(age * 1_000_000) }
    }

    static func milliseconds(since written: Int64, at now: Int64) -> Int64? {
        let now = now / 1000
        let age = now - min(max(0, written), now)
        return age <= longestMilliseconds ? age : nil
    }
}
