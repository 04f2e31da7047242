import Backtests
import Randomness
import Testing

@Suite struct BacktestStatisticsTests {
    typealias Item = BacktestDiscrimination.Item

    private func items(_ scores: [(Int64, Bool)]) -> [Item] {
        scores.map { Item(score: $0.0, outcome: $0.1) }.sorted { $0.score < $1.score }
    }

    // MARK: Ratios

    @Test(
        arguments: [
            (1, 3, 4, "0.3333"), (2, 3, 4, "0.6667"), (1, 2, 0, "1"), (-1, 2, 0, "-1"), (1, 8, 2, "0.13"),
            (-1, 8, 2, "-0.13"), (-1, 1000, 1, "0.0"), (0, 7, 1, "0.0"), (7, 1, 3, "7.000"), (1999, 2, 1, "999.5"),
            (Int64.max, Int64.max, 9, "1.000000000"), (Int64.min, 1, 1, "-9223372036854775808.0"), (5, 100, 2, "0.05"),
        ] as [(Int64, Int64, Int, String)])
    func aRatioIsRoundedOnceHalfAwayFromZero(numerator: Int64, denominator: Int64, fractionDigits: Int, text: String) {
        #expect(BacktestRatio(numerator, over: denominator)?.decimal(fractionDigits) == text)
    }

    @Test func aRatioOverNothingIsNotDefined() {
        #expect(BacktestRatio(0, over: 0) == nil)
        #expect(BacktestRatio(1, over: 3)?.decimal(1, percent: true) == "33.3")
    }

    // MARK: Against the definitions, pair by pair

    /// Doubled: pairs that the subject without the outcome wins count 2, equal ones 1.
    private func pairs(_ items: [Item]) -> (won: Int64, count: Int64) {
        var won: Int64 = 0
        var count: Int64 = 0
        for good in items where !good.outcome {
            for bad in items where bad.outcome {
                count += 2
                won += good.score > bad.score ? 2 : good.score == bad.score ? 1 : 0
            }
        }
        return (won, count)
    }

    /// The greatest distance at any score, in parts of with · without, and the lowest score where it is.
    private func distance(_ items: [Item]) -> (distance: Int64, score: Int64)? {
        func count(_ outcome: Bool, _ limit: Int64) -> Int64 {
            Int64(items.count { $0.outcome == outcome && $0.score <= limit })
        }
        let with = count(true, .max)
        let without = count(false, .max)
        var found: (distance: Int64, score: Int64)?
        for score in Set(items.map(\.score)).sorted() {
            let apart = abs(count(true, score) * without - count(false, score) * with)
            if found.map({ apart > $0.distance }) ?? true { found = (apart, score) }
        }
        return found
    }

    @Test(arguments: 0..<60 as Range<UInt64>) func separationIsWhatTheDefinitionsSay(seed: UInt64) throws {
        var random = Seeded(seed)
        let spread = [1, 3, 10, 1000][Int(seed % 4)]
        let shift = Int64(seed % 3) * 2
        let items = items(
            (0..<Int.random(in: 2...120, using: &random)).map { _ in
                let outcome = Int.random(in: 0..<4, using: &random) == 0
                return (Int64.random(in: -5...Int64(spread), using: &random) - (outcome ? shift : 0), outcome)
            })
        let found = BacktestDiscrimination(sorted: items)
        let with = Int64(items.count(where: \.outcome))
        #expect(found.with == with)
        #expect(found.without == Int64(items.count) - with)
        let last = try #require(found.curve.last)
        #expect((last.with, last.without) == (found.with, found.without))
        guard with > 0, with < Int64(items.count) else {
            #expect(found.auc == nil && found.gini == nil && found.ks == nil && found.ksPoint == nil)
            return
        }
        let compared = pairs(items)
        #expect(found.auc == BacktestRatio(compared.won, over: compared.count))
        let furthest = try #require(distance(items))
        #expect(found.ks == BacktestRatio(furthest.distance, over: found.with * found.without))
        #expect(found.ksPoint?.score == furthest.score)
        let auc = try #require(found.auc).value
        #expect(abs(try #require(found.gini).value - (2 * auc - 1)) < 1e-12)
        // The area under the curve of the page is the AUC of the report.
        var area = 0.0
        var before = (x: 0.0, y: 0.0)
        for point in found.curve {
            let here = (
                x: Double(point.without) / Double(found.without), y: Double(point.with) / Double(found.with)
            )
            area += (here.x - before.x) * (here.y + before.y) / 2
            before = here
        }
        #expect(abs(area - auc) < 1e-9)
    }

    @Test func whereOneKindIsMissingNothingIsDefined() {
        for items in [[], items([(1, true)]), items([(1, false), (2, false)])] {
            let found = BacktestDiscrimination(sorted: items)
            #expect(found.auc == nil && found.gini == nil && found.ks == nil && found.ksPoint == nil)
        }
    }

    @Test func equalScoresSayNothing() {
        let found = BacktestDiscrimination(sorted: items([(5, true), (5, false), (5, false)]))
        #expect(found.auc?.decimal(4) == "0.5000")
        #expect(found.gini?.decimal(4) == "0.0000")
        #expect(found.ks?.decimal(4) == "0.0000")
    }

    @Test func aPerfectScoreIsOneAndAPerverseOneNought() {
        let good = BacktestDiscrimination(sorted: items([(1, true), (2, true), (3, false)]))
        #expect(good.auc?.decimal(2) == "1.00" && good.gini?.decimal(2) == "1.00" && good.ks?.decimal(2) == "1.00")
        #expect(good.ksPoint?.score == 2)
        let bad = BacktestDiscrimination(sorted: items([(1, false), (2, true), (3, true)]))
        #expect(bad.auc?.decimal(2) == "0.00" && bad.gini?.decimal(2) == "-1.00" && bad.ks?.decimal(2) == "1.00")
    }

    @Test func aLongCurveIsThinnedAndKeepsItsLandmarks() {
        var random = Seeded(9)
        let items = items((0..<5000).map { (Int64($0), Int.random(in: 0..<5000, using: &random) > $0) })
        let found = BacktestDiscrimination(sorted: items)
        #expect(found.curve.count <= BacktestDiscrimination.maximumPoints)
        #expect(found.curve.count > 200)
        #expect(found.curve.last?.score == 4999)
        #expect(found.curve.contains { $0 == found.ksPoint })
        #expect(zip(found.curve, found.curve.dropFirst()).allSatisfy { $0.score < $1.score })
    }

    // MARK: Groups

    @Test func decilesAreTenEqualGroupsWhereScoresDiffer() {
        let deciles = BacktestRate.deciles(sorted: items((0..<100).map { (Int64($0), $0 < 30) }))
        #expect(deciles.map(\.name) == (1...10).map { "\($0)" })
        #expect(deciles.allSatisfy { $0.subjects == 10 })
        #expect(deciles.map(\.outcomes) == [10, 10, 10, 0, 0, 0, 0, 0, 0, 0])
        #expect(deciles[3].scores == 30...39)
        #expect(deciles[0].rate?.decimal(1) == "1.0")
    }

    @Test func subjectsOfOneScoreAreInOneDecile() {
        let deciles = BacktestRate.deciles(sorted: items((0..<100).map { ($0 < 60 ? 5 : Int64($0), false) }))
        #expect(deciles.map(\.name) == ["3", "7", "8", "9", "10"])
        #expect(deciles.map(\.subjects) == [60, 10, 10, 10, 10])
        #expect(BacktestRate.deciles(sorted: []) == [])
        #expect(BacktestRate.deciles(sorted: items([(1, true)])).map(\.subjects) == [1])
    }

    // MARK: Distributions

    @Test(
        arguments: [
            ([7], [7, 7, 7, 7, 7]), ([1, 2], [1, 1, 1, 2, 2]), ([1, 2, 3, 4], [1, 1, 2, 3, 4]),
            ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]), ([-9, 0, 0, 0, 0, 0, 0, 9], [-9, 0, 0, 0, 9]),
        ] as [([Int64], [Int64])])
    func quantilesAreScoresOfSubjects(scores: [Int64], expected: [Int64]) throws {
        let found = try #require(BacktestDistribution(sorted: scores))
        #expect(
            [found.least, found.lowerQuartile, found.median, found.upperQuartile, found.greatest] == expected)
        #expect(found.mean == BacktestRatio(scores.reduce(0, +), over: Int64(scores.count)))
    }

    @Test func nobodyHasNoDistribution() {
        #expect(BacktestDistribution(sorted: []) == nil)
        #expect(BacktestHistogram(policy: [], against: []) == nil)
    }

    @Test(arguments: 0..<30 as Range<UInt64>) func aHistogramCountsEverySubjectOnce(seed: UInt64) throws {
        var random = Seeded(seed)
        let span = [1, 40, 700, 1 << 31][Int(seed % 4)] as Int64
        func scores() -> [Int64] {
            (0..<Int.random(in: 0...200, using: &random)).map { _ in .random(in: -span...span, using: &random) }
                .sorted()
        }
        let (new, old) = (scores() + [span], scores())
        let found = try #require(BacktestHistogram(policy: new, against: old))
        #expect(found.policy.count <= BacktestHistogram.maximumSteps)
        #expect(found.from % found.width == 0)
        for (counts, scores) in [(found.policy, new), (found.against, old)] where !scores.isEmpty {
            for (step, count) in counts.enumerated() {
                let start = found.from + Int64(step) * found.width
                #expect(count == Int64(scores.count { start <= $0 && $0 < start + found.width }))
            }
            #expect(counts.reduce(0, +) == Int64(scores.count))
        }
    }
}
