internal import Histogram

/// Latencies with three significant digits: an HdrHistogram of nanoseconds.
///
/// It has its full size from the start. A growing one takes more than a millisecond to grow, in the thread whose
/// latencies it measures.
struct Latencies: Sendable {
    /// An hour. A longer latency counts as an hour.
    private static let maximumNanoseconds: UInt64 = 3_600_000_000_000

    private var histogram = Histogram<UInt64>(
        highestTrackableValue: maximumNanoseconds, numberOfSignificantValueDigits: .three)

    /// A negative latency counts as 0.
    mutating func add(nanoseconds: Int64) {
        histogram.record(min(UInt64(max(0, nanoseconds)), Self.maximumNanoseconds))
    }

    mutating func add(_ other: Self) { histogram.add(other.histogram) }

    var count: Int { Int(histogram.totalCount) }

    /// The latency of this percentile; 0 if there is none.
    func milliseconds(percentile: Double) -> Double {
        count == 0 ? 0 : Double(histogram.valueAtPercentile(percentile)) / 1e6
    }

    /// Exact up to an hour; 0 if there is none.
    var maximumMilliseconds: Double { Double(histogram.maxRecorded) / 1e6 }
}
