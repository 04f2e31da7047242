/// The part of a subject's measure that is not in the measure's buckets.
///
/// In a sum measure `low` and `high` are the 128-bit sum, which is exact for 2^26 values of 64 bits. In others `low` is
/// the value: the least, the greatest or the last one, or the length of the streak.
struct MeasureState: BitwiseCopyable {
    /// Events in the measure, breakers included.
    var events: UInt32
    /// The number of its oldest bucket, if the series has `oldestAt`.
    var oldest: UInt32
    var low: UInt64
    var high: Int64

    static let words = MemoryLayout<MeasureState>.stride / 8
    /// The limit at which a sum saturates.
    static let saturation: Int64 = 1 << 62

    var value: Int64 {
        get { Int64(bitPattern: low) }
        set { low = UInt64(bitPattern: newValue) }
    }

    var sum: Int128 {
        get { Int128(high) << 64 | Int128(low) }
        set { (low, high) = (UInt64(truncatingIfNeeded: newValue), Int64(truncatingIfNeeded: newValue >> 64)) }
    }

    /// The value that expressions read; nil if it is absent.
    func reading(_ form: Series.Form) -> Int64? {
        switch form {
        case .count: Int64(events)
        case .sum: Int64(max(-Int128(Self.saturation), min(Int128(Self.saturation), sum)))
        case .streak: value
        case .least, .greatest, .latest: events > 0 ? value : nil
        case .plain, .fading, .rolling, .overMeasures: nil
        }
    }
}
