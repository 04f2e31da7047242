/// How well a score separates subjects with an outcome from subjects without it. A higher score should mean that the
/// outcome is less likely.
///
/// All counts are integers, with one division at the end. Counts are below 2^31, so that their products fit.
public struct BacktestDiscrimination: Sendable, Equatable {
    /// A subject's score, and whether it has the outcome.
    public struct Item: Sendable, Equatable {
        public var score: Int64
        public var outcome: Bool

        public init(score: Int64, outcome: Bool) {
            self.score = score
            self.outcome = outcome
        }
    }

    /// The numbers of subjects with a score of at most `score`, without and with the outcome.
    public struct Point: Sendable, Equatable {
        public var score: Int64
        public var without: Int64
        public var with: Int64
    }

    /// The limit of points in `curve`. Others are omitted, evenly by subjects.
    public static let maximumPoints = 256

    public let without: Int64
    public let with: Int64
    /// The probability that of a pair the subject without the outcome has the higher score. An equal score counts half
    /// (Mann and Whitney's U over the number of pairs; the area under the ROC curve). Nil unless there are subjects of
    /// both kinds.
    public let auc: BacktestRatio?
    /// The greatest distance of the two cumulative distributions (Kolmogorov and Smirnov).
    public let ks: BacktestRatio?
    /// The point of `ks`. Of several the lowest score.
    public let ksPoint: Point?
    /// Ascending by score. The last one covers all subjects. It contains `ksPoint`.
    public let curve: [Point]

    /// 2·AUC − 1.
    public var gini: BacktestRatio? {
        auc.flatMap { BacktestRatio(2 * ($0.numerator - $0.denominator / 2), over: $0.denominator) }
    }

    /// `sorted` is ascending by score.
    public init(sorted items: [Item]) {
        let with = items.reduce(Int64(0)) { $0 + ($1.outcome ? 1 : 0) }
        let without = Int64(items.count) - with
        var below = Point(score: 0, without: 0, with: 0)
        // Twice the pairs in which the subject without the outcome has the higher score, plus the pairs of equal
        // scores.
        var won: Int64 = 0
        var distance: Int64 = -1
        var furthest: Point?
        var curve: [Point] = []
        var index = 0
        while index < items.count {
            var here = Point(score: items[index].score, without: 0, with: 0)
            while index < items.count, items[index].score == here.score {
                if items[index].outcome { here.with += 1 } else { here.without += 1 }
                index += 1
            }
            won += here.without * (2 * below.with + here.with)
            below = Point(score: here.score, without: below.without + here.without, with: below.with + here.with)
            curve.append(below)
            let apart = abs(below.with * without - below.without * with)
            if apart > distance {
                distance = apart
                furthest = below
            }
        }
        self.with = with
        self.without = without
        auc = BacktestRatio(won, over: 2 * with * without)
        ks = BacktestRatio(distance, over: with * without)
        ksPoint = ks == nil ? nil : furthest
        self.curve = Self.thinned(curve, including: ksPoint)
    }

    private static func thinned(_ curve: [Point], including: Point?) -> [Point] {
        guard curve.count > maximumPoints, let last = curve.last else { return curve }
        let total = last.with + last.without
        let steps = Int64(maximumPoints - 3)
        var step: Int64 = -1
        return curve.filter { point in
            let reached = (point.with + point.without) * steps / total
            defer { step = max(step, reached) }
            return reached > step || point == including || point == last
        }
    }
}

/// Outcomes of a group of subjects.
public struct BacktestRate: Sendable, Equatable {
    public var name: String
    /// The group's least and greatest score; nil if it is empty.
    public var scores: ClosedRange<Int64>?
    public var subjects: Int64 = 0
    public var outcomes: Int64 = 0

    public var rate: BacktestRatio? { BacktestRatio(outcomes, over: subjects) }

    mutating func add(_ item: BacktestDiscrimination.Item) {
        scores =
            scores.map { min($0.lowerBound, item.score)...max($0.upperBound, item.score) } ?? item.score...item.score
        subjects += 1
        if item.outcome { outcomes += 1 }
    }

    /// Ten groups of about the same size, from the lowest scores to the highest. Subjects with the same score are in
    /// one group, that of the middle one of them. So groups may differ in size, or be missing. `sorted` is ascending by
    /// score.
    public static func deciles(sorted items: [BacktestDiscrimination.Item]) -> [BacktestRate] {
        var groups = (1...10).map { BacktestRate(name: "\($0)") }
        var start = 0
        while start < items.count {
            let end = items[start...].firstIndex { $0.score != items[start].score } ?? items.count
            let group = (start + end - 1) * 5 / items.count
            for item in items[start..<end] { groups[group].add(item) }
            start = end
        }
        return groups.filter { $0.subjects > 0 }
    }
}
