internal import Events

extension BacktestPage {
    // MARK: Scores and bands

    mutating func writeScores(_ page: inout Markup) {
        section(&page, "Scores")
        let bands = nextPlot()
        let histogram = nextPlot()
        page.element("div", ["class": "pair"]) { pair in
            pair.element("figure") { figure in
                figure.element("h3", "Subjects by band")
                keys(&figure)
                drawBands(&figure, id: bands)
            }
            pair.element("div") { writeBandTable(&$0) }
        }
        page.element("div", ["class": "pair"]) { pair in
            pair.element("figure") { figure in
                figure.element("h3", "Subjects by score")
                keys(&figure)
                drawHistogram(&figure, id: histogram)
            }
            pair.element("div") { writeScoreTable(&$0) }
        }
    }

    private func drawBands(_ page: inout Markup, id: String) {
        // Bars are shares in hundredths of a percent, because the policies may score different subjects.
        func bar(_ band: BacktestReport.Band?, _ side: BacktestReport.Side, _ style: String) -> BacktestBars.Bar {
            let count = band?.subjects ?? 0
            let share = BacktestRatio(count, over: side.subjects).map { Int64(($0.value * 10_000).rounded()) } ?? 0
            let label = band == nil ? "no such band" : BacktestWords.share(count, of: side.subjects)
            return .init(value: share, label: label, style: style)
        }
        let bars = BacktestBars(
            rows: report.bandRows.map { row in
                let new = bar(row.policy, report.policy, "candidate")
                let old = report.against.map { bar(row.against, $0, "baseline") }
                return .init(name: row.name, bars: [new] + (old.map { [$0] } ?? []))
            })
        let words = report.bandRows.map { row in
            let new = BacktestWords.share(row.policy?.subjects ?? 0, of: report.policy.subjects)
            let old = report.against.map { ", \(BacktestWords.share(row.against?.subjects ?? 0, of: $0.subjects))" }
            return "\(row.name) \(new)\(old ?? "")"
        }
        BacktestPlot.drawing(
            &page, id: id, height: bars.height, title: "Share of subjects in each band",
            description: words.joined(separator: "; ")
        ) { bars.draw(&$0) }
    }

    private func writeBandTable(_ page: inout Markup) {
        func cells(_ band: BacktestReport.Band?, _ side: BacktestReport.Side) -> [String] {
            guard let band else { return ["\u{2013}", "\u{2013}", "\u{2013}"] }
            return [
                "\(band.from)", BacktestWords.count(band.subjects),
                BacktestWords.share(band.subjects, of: side.subjects),
            ]
        }
        table(
            &page, "Subjects by band, the highest first",
            head: ["Band"] + report.sides.flatMap { ["from", $0.role, "share"] },
            rows: report.bandRows.map { row in
                [row.name] + cells(row.policy, report.policy) + (report.against.map { cells(row.against, $0) } ?? [])
            })
    }

    private func drawHistogram(_ page: inout Markup, id: String) {
        guard let histogram = report.histogram else {
            page.element("p", ["class": "soft"], "There are no subjects.")
            return
        }
        func shares(_ counts: [Int64]) -> [Double] {
            let total = Double(max(1, counts.reduce(0, +)))
            return counts.map { Double($0) / total }
        }
        let sides = [(shares(histogram.policy), "candidate"), (shares(histogram.against), "baseline")]
        let end = histogram.from + histogram.width * Int64(histogram.policy.count)
        let top = BacktestPlot.ceiling(sides.flatMap(\.0).max() ?? 0)
        let plot = BacktestPlot(x: Double(histogram.from)...Double(end), y: 0...top)
        let heads = report.sides.map { side in
            let median = side.side.scores.map { "\($0.median)" } ?? BacktestWords.notDefined
            return "\(side.role): median \(median)"
        }
        BacktestPlot.drawing(
            &page, id: id, height: plot.height, title: "Distribution of scores",
            description: "Share of subjects in steps of \(histogram.width). " + heads.joined(separator: "; ")
        ) { svg in
            plot.axes(
                &svg, x: BacktestPlot.ticks(plot.x, count: 7),
                y: BacktestPlot.ticks(plot.y, scale: 100, unit: "%"), xTitle: "score, in steps of \(histogram.width)",
                yTitle: "share of subjects")
            for (shares, style) in sides where !shares.isEmpty {
                let start = Double(histogram.from)
                var points = [(x: start, y: 0.0)]
                for (step, share) in shares.enumerated() {
                    points.append((start + Double(step) * Double(histogram.width), share))
                }
                points.append((Double(end), 0))
                if style == "candidate" { plot.steps(&svg, points, "filled") }
                plot.steps(&svg, points, style)
            }
        }
    }

    private func writeScoreTable(_ page: inout Markup) {
        func row(_ name: String, _ value: (BacktestDistribution) -> String) -> [String] {
            [name] + report.sides.map { $0.side.scores.map(value) ?? BacktestWords.notDefined }
        }
        table(
            &page, "Scores", head: [""] + report.sides.map(\.role),
            rows: [
                ["Subjects"] + report.sides.map { BacktestWords.count($0.side.subjects) },
                row("Mean") { $0.mean.decimal(1) }, row("Least") { BacktestWords.count($0.least) },
                row("Lower quartile") { BacktestWords.count($0.lowerQuartile) },
                row("Median") { BacktestWords.count($0.median) },
                row("Upper quartile") { BacktestWords.count($0.upperQuartile) },
                row("Greatest") { BacktestWords.count($0.greatest) },
            ])
        page.element(
            "p", ["class": "soft"],
            "A quartile is the score of a subject: the lowest that so many subjects do not exceed.")
    }
}
