internal import Histogram

/// Latencies, each to three digits: an HdrHistogram of nanoseconds.
///
/// It has room for all that it can take from the start: one that grows takes a millisecond and more to do so, in the thread whose
/// latencies it measures.
struct Latencies: Sendable {
    /// An hour. A longer one counts as that.
    private static let maximumNanoseconds: UInt64 = 3_600_000_000_000

    private var histogram = Histogram<UInt64>(
        highestTrackableValue: maximumNanoseconds, numberOfSignificantValueDigits: .three)

    /// Less than 0 counts as 0.
    mutating func add(nanoseconds: Int64) {
        histogram.record(min(UInt64(max(0, nanoseconds)), Self.maximumNanoseconds))
    }

    mutating func add(_ other: Self) { histogram.add(other.histogram) }

    var count: Int { Int(histogram.totalCount) }

    /// A latency that at least this share in hundred is not above; 0 if there is none.
    func milliseconds(percentile: Double) -> Double {
        count == 0 ? 0 : Double(histogram.valueAtPercentile(percentile)) / 1e6
    }

    /// Exact up to an hour; 0 if there is none.
    var maximumMilliseconds: Double { Double(histogram.maxRecorded) / 1e6 }
}
