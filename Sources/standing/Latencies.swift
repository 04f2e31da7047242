import Histogram

/// Latencies, each to three digits: an HdrHistogram of nanoseconds.
struct Latencies: Sendable {
    private var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)

    /// Less than 0 counts as 0.
    mutating func add(nanoseconds: Int64) { histogram.record(UInt64(max(0, nanoseconds))) }

    mutating func add(_ other: Self) { histogram.add(other.histogram) }

    var count: Int { Int(histogram.totalCount) }

    /// A latency that at least this share in hundred is not above; 0 if there is none.
    func milliseconds(percentile: Double) -> Double {
        count == 0 ? 0 : Double(histogram.valueAtPercentile(percentile)) / 1e6
    }

    /// Exact; 0 if there is none.
    var maximumMilliseconds: Double { Double(histogram.maxRecorded) / 1e6 }
}
