internal import CoreMetrics
internal import Events

/// Times since records were written, as a histogram of `/metrics`.
struct LatencyMetric: Sendable {
    private let timer: CoreMetrics.Timer

    /// Of a metric that is a histogram.
    init(_ metric: Metric) { timer = CoreMetrics.Timer(label: metric.rawValue) }

    /// `written`: the record's timestamp, in milliseconds since 1970; one of a clock that runs ahead of this machine's counts as
    /// now. `now`: in microseconds.
    func record(since written: Int64, at now: Int64) {
        timer.recordNanoseconds(max(0, now - written * 1000) * 1000)
    }
}
