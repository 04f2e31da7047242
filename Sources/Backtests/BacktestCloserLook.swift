internal import Events
internal import Policy
internal import Replay
internal import Scoring

// Details beside scores: values of measures, bands that alternate, and the effect of each rule. The table and the page
// have the same content.
extension BacktestReport {
    static let closerLookTitle = "A closer look"

    /// The listings that are not empty.
    var closerLook: [Listing] {
        [measureValues, bandReturns, withoutEachRule].filter { !$0.rows.isEmpty }
    }

    private var measureValues: Listing {
        var rows: [[String]] = []
        for (role, side) in sides {
            for measure in side.measures {
                let values = measure.values.map {
                    [$0.mean.decimal(1)]
                        + [$0.least, $0.lowerQuartile, $0.median, $0.upperQuartile, $0.greatest].map(
                            BacktestWords.count)
                }
                rows.append(
                    [measure.id, role, BacktestWords.count(measure.subjects), BacktestWords.count(measure.absent)]
                        + (values ?? Array(repeating: BacktestWords.notDefined, count: 6)))
            }
        }
        return Listing(
            title: "Measures at the end",
            head: [
                "", "", "subjects", "absent", "mean", "least", "lower quartile", "median", "upper quartile", "greatest",
            ], textColumns: 2, rows: rows)
    }

    private var bandReturns: Listing {
        var rows: [[String]] = []
        for (role, side) in sides {
            for item in side.bandReturns {
                rows.append([item.band, role, BacktestWords.count(item.count), BacktestWords.count(item.days)])
            }
        }
        let days = BacktestBandReturns.maximumDays
        return Listing(
            title:
                "Into a band or out of it, and back within \(days) days: a grace of so many days bridges nine of ten",
            head: ["", "", "times", "days"], textColumns: 2, rows: rows)
    }

    private var withoutEachRule: Listing {
        let rows = (sensitivity ?? []).map { item in
            [
                item.rule, BacktestWords.count(item.gain), BacktestWords.signed(item.pointsGained),
                BacktestWords.count(item.lose), BacktestWords.signed(item.pointsLost), BacktestWords.count(item.bandUp),
                BacktestWords.count(item.bandDown), BacktestWords.count(item.sanctions),
                BacktestWords.count(item.perks),
            ]
        }
        return Listing(
            title: "Without each rule of the candidate, one at a time: subjects for whom something is different",
            head: ["", "gain", "points", "lose", "points", "band up", "band down", "sanctions", "perks"],
            textColumns: 1,
            rows: rows)
    }
}

extension BacktestPage {
    // MARK: A closer look

    func writeCloserLook(_ page: inout Markup) {
        write(report.closerLook, under: BacktestReport.closerLookTitle, to: &page)
    }

    func write(_ listings: [BacktestReport.Listing], under title: String, to page: inout Markup) {
        guard !listings.isEmpty else { return }
        section(&page, title)
        for listing in listings {
            page.element("div", ["class": "wide"]) {
                table(
                    &$0, listing.title, head: listing.head, rows: listing.rows, text: Set(1..<listing.textColumns))
            }
        }
    }
}

extension Backtest {
    /// The candidate without each of its rules. The files are read once for each.
    func sensitivity(_ candidate: BacktestFold, _ progress: FileProgress?) throws -> [BacktestReport.Sensitivity] {
        try policy.rules.indices.map { rule in
            var other = policy
            // A rule for no kind has no effect.
            other.rules[rule].kinds = []
            let fold = BacktestFold(other)
            for (number, file) in events.enumerated() {
                let lines = try EventFile(file, progress: progress)
                while let event = try lines.next(reject: { _ in }) { fold.fold(event, file: number) }
            }
            fold.finish(asOf: asOf)
            var comparison = BacktestComparison(policy: other, against: policy, listLimit: 0)
            candidate.fold.forEachStanding { standing in
                comparison.add(
                    policy: standing.subject.withUnsafeBytes { fold.fold.standing(of: $0) }, against: standing)
            }
            let result = comparison.finished()
            func count(_ differences: [BacktestReport.Difference]) -> Int64 {
                differences.reduce(0) { $0 + $1.onlyPolicy.count + $1.onlyAgainst.count }
            }
            return BacktestReport.Sensitivity(
                rule: policy.rules[rule].id, gain: result.gain, pointsGained: result.pointsGained, lose: result.lose,
                pointsLost: result.pointsLost, bandUp: result.bandUp, bandDown: result.bandDown,
                sanctions: count(result.sanctions), perks: count(result.perks))
        }
    }
}
