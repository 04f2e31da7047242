/// Latencies in nanoseconds, in buckets of a fixed number. A bucket is at most 1/64 of its latencies wide; what is beyond
/// two minutes is in the last one.
struct LatencyHistogram: Sendable {
    /// Each power of two has 2 to this many buckets.
    private static let stepBits = 6
    private static let valueBits = 37

    private var counts = [Int](repeating: 0, count: (valueBits - stepBits + 1) << stepBits)
    private(set) var count = 0
    /// Exact; 0 if there is none.
    private(set) var maximum: Int64 = 0

    /// Less than 0 counts as 0.
    mutating func add(_ nanoseconds: Int64) {
        let value = max(0, nanoseconds)
        counts[min(Self.bucket(value), counts.count - 1)] += 1
        count += 1
        maximum = max(maximum, value)
    }

    mutating func add(_ other: Self) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        maximum = max(maximum, other.maximum)
    }

    /// A latency that at least this share is not above; 0 if there is none.
    func quantile(_ share: Double) -> Int64 {
        let rank = max(1, Int((share * Double(count)).rounded(.up)))
        var seen = 0
        // The last bucket has no end of its own.
        for (index, count) in counts.dropLast().enumerated() {
            seen += count
            if seen >= rank { return min(Self.greatest(in: index), maximum) }
        }
        return maximum
    }

    /// Latencies below 2^`stepBits` have a bucket each.
    private static func bucket(_ value: Int64) -> Int {
        let shift = Int64.bitWidth - 1 - (value | 1).leadingZeroBitCount - stepBits
        return shift <= 0 ? Int(value) : (shift << stepBits) + Int(value >> Int64(shift))
    }

    private static func greatest(in bucket: Int) -> Int64 {
        let shift = (bucket >> stepBits) - 1
        guard shift > 0 else { return Int64(bucket) }
        let step = Int64(bucket - (shift << stepBits))
        return ((step + 1) << Int64(shift)) - 1
    }
}
