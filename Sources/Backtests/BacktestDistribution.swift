/// The scores of one policy's subjects. The sum is exact. A quantile is the score of a subject (nearest rank: the least
/// score that at least that share of the subjects do not exceed).
public struct BacktestDistribution: Sendable, Equatable {
    public let mean: BacktestRatio
    public let least: Int64
    public let lowerQuartile: Int64
    public let median: Int64
    public let upperQuartile: Int64
    public let greatest: Int64

    /// Nil if there are no scores. `sorted` is ascending.
    public init?(sorted scores: [Int64]) {
        guard let mean = BacktestRatio(scores.reduce(0, +), over: Int64(scores.count)) else { return nil }
        func quantile(_ quarters: Int) -> Int64 { scores[max(0, (scores.count * quarters + 3) / 4 - 1)] }
        self.mean = mean
        least = scores[0]
        lowerQuartile = quantile(1)
        median = quantile(2)
        upperQuartile = quantile(3)
        greatest = scores[scores.count - 1]
    }
}

/// Numbers of subjects by score, in steps of one width, with the same steps for both policies.
public struct BacktestHistogram: Sendable, Equatable {
    public static let maximumSteps = 48

    /// The first step's least score, which is a multiple of `width`.
    public let from: Int64
    public let width: Int64
    public let policy: [Int64]
    /// Empty if there is no baseline.
    public let against: [Int64]

    /// Nil if there are no scores. Both are ascending.
    public init?(policy: [Int64], against: [Int64]) {
        guard let least = [policy.first, against.first].compactMap({ $0 }).min(),
            let greatest = [policy.last, against.last].compactMap({ $0 }).max()
        else { return nil }
        let widths = sequence(first: Int64(1)) { $0 * 10 }.lazy.flatMap { [$0, $0 * 2, $0 * 5] }
        let width = widths.first { Self.steps($0, least, greatest) <= Self.maximumSteps } ?? 1
        self.width = width
        from = Self.floor(least, width) * width
        let start = from
        let steps = Self.steps(width, least, greatest)
        func count(_ scores: [Int64]) -> [Int64] {
            var counts = [Int64](repeating: 0, count: steps)
            for score in scores { counts[Int((score - start) / width)] += 1 }
            return counts
        }
        self.policy = count(policy)
        self.against = against.isEmpty ? [] : count(against)
    }

    private static func floor(_ score: Int64, _ width: Int64) -> Int64 {
        score >= 0 ? score / width : -((width - 1 - score) / width)
    }

    private static func steps(_ width: Int64, _ least: Int64, _ greatest: Int64) -> Int {
        Int(floor(greatest, width) - floor(least, width)) + 1
    }
}
