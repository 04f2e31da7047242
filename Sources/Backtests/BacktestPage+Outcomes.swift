internal import Events

extension BacktestPage {
    // MARK: Outcomes

    private var measured: [(role: String, side: BacktestReport.Side, found: BacktestReport.Discrimination)] {
        report.sides.compactMap { item in item.side.outcome.map { (item.role, item.side, $0) } }
    }

    mutating func writeOutcomes(_ page: inout Markup) {
        guard let outcome = report.outcome else { return }
        section(&page, "Outcomes: \(outcome.name)")
        let rate = BacktestWords.share(outcome.outcomes, of: outcome.subjects)
        page.element(
            "p",
            "\(BacktestWords.count(outcome.subjects)) subjects have an outcome; it is 1 for "
                + "\(BacktestWords.count(outcome.outcomes)) of them (\(rate)). A higher score is meant to say that it "
                + "is less likely.")
        let roc = nextPlot()
        page.element("div", ["class": "pair"]) { pair in
            pair.element("figure") { drawROC(&$0, id: roc) }
            pair.element("div") { writeMeasures(&$0) }
        }
        let apart = measured.map { _ in nextPlot() }
        page.element("div", ["class": "pair"]) { pair in
            for (id, item) in zip(apart, measured) {
                pair.element("figure") {
                    drawKS(&$0, id: id, item.found, "\(item.role) \(BacktestWords.name(item.side))")
                }
            }
        }
        let calibration = nextPlot()
        page.element("div", ["class": "pair"]) { pair in
            pair.element("figure") { drawCalibration(&$0, id: calibration) }
            pair.element("div") { writeRates(&$0) }
        }
    }

    private func drawROC(_ page: inout Markup, id: String) {
        page.element("h3", "ROC curve")
        keys(
            &page,
            measured.map { ($0.role, "\($0.role): AUC \(BacktestWords.decimal($0.found.separation.auc, 3))") })
        let plot = BacktestPlot(x: 0...1, y: 0...1, height: 420)
        let words = measured.map { "\($0.role) AUC \(BacktestWords.decimal($0.found.separation.auc, 4))" }
        BacktestPlot.drawing(
            &page, id: id, height: plot.height, title: "ROC curve",
            description: "From the lowest score up: the share of subjects with the outcome over the share without. "
                + words.joined(separator: "; ")
        ) { svg in
            plot.axes(
                &svg, x: BacktestPlot.ticks(plot.x, scale: 100, unit: "%"),
                y: BacktestPlot.ticks(plot.y, scale: 100, unit: "%"), xTitle: "share of those without the outcome",
                yTitle: "share of those with the outcome")
            plot.line(&svg, [(0, 0), (1, 1)], "chance")
            for item in measured.reversed() {
                let separation = item.found.separation
                guard separation.auc != nil else { continue }
                plot.line(
                    &svg,
                    [(0, 0)]
                        + separation.curve.map {
                            (Double($0.without) / Double(separation.without), Double($0.with) / Double(separation.with))
                        }, item.role)
            }
        }
        page.element("figcaption", "The dotted diagonal is a score that says nothing.")
    }

    private func writeMeasures(_ page: inout Markup) {
        func row(_ name: String, _ value: (BacktestReport.Discrimination) -> String) -> [String] {
            [name] + measured.map { value($0.found) }
        }
        table(
            &page, "How well the score separates", head: [""] + measured.map(\.role),
            rows: [
                row("AUC") { BacktestWords.decimal($0.separation.auc, 4) },
                row("Gini") { BacktestWords.decimal($0.separation.gini, 4) },
                row("KS") { BacktestWords.decimal($0.separation.ks, 4) },
                row("KS at score") { $0.separation.ksPoint.map { "\($0.score)" } ?? BacktestWords.notDefined },
                row("Subjects") { BacktestWords.count($0.separation.with + $0.separation.without) },
                row("With the outcome") { BacktestWords.count($0.separation.with) },
                row("Outcomes of nobody scored") { BacktestWords.count($0.withoutStanding) },
                row("Scored, without an outcome") { BacktestWords.count($0.withoutOutcome) },
            ])
        page.element(
            "p", ["class": "soft"],
            "AUC is the chance that, of one subject with the outcome and one without, the one without has the higher "
                + "score; an equal score counts half. Gini is 2 AUC \u{2212} 1. KS is the greatest distance of the two "
                + "cumulative distributions.")
        for item in measured {
            table(
                &page, "Outcomes by band, \(item.role)", head: ["Band", "Scores", "Subjects", "Outcomes", "Rate"],
                rows: item.found.bands.reversed().map { rate in
                    [
                        rate.name, BacktestWords.scores(rate.scores), BacktestWords.count(rate.subjects),
                        BacktestWords.count(rate.outcomes), BacktestWords.percent(rate.rate),
                    ]
                })
        }
    }

    private func drawKS(
        _ page: inout Markup, id: String, _ found: BacktestReport.Discrimination, _ name: String
    ) {
        let separation = found.separation
        page.element("h3", "Cumulative distributions, \(name)")
        let distance = separation.ksPoint.map {
            ("gap", "distance: KS \(BacktestWords.decimal(separation.ks, 3)) at score \($0.score)")
        }
        keys(&page, [("with", "with the outcome"), ("without", "without the outcome")] + (distance.map { [$0] } ?? []))
        guard let ks = separation.ks, let widest = separation.ksPoint, let first = separation.curve.first,
            let last = separation.curve.last
        else {
            page.element("p", ["class": "soft"], "Not defined: there are not both kinds of subjects.")
            return
        }
        let plot = BacktestPlot(x: Double(first.score)...Double(last.score), y: 0...1)
        func points(_ count: (BacktestDiscrimination.Point) -> Int64, _ total: Int64) -> [(x: Double, y: Double)] {
            [(plot.x.lowerBound, 0)] + separation.curve.map { (Double($0.score), Double(count($0)) / Double(total)) }
        }
        BacktestPlot.drawing(
            &page, id: id, height: plot.height, title: "Cumulative distributions of scores, \(name)",
            description: "The distance is greatest, \(ks.decimal(4)), at score \(widest.score)."
        ) { svg in
            plot.axes(
                &svg, x: BacktestPlot.ticks(plot.x, count: 7), y: BacktestPlot.ticks(plot.y, scale: 100, unit: "%"),
                xTitle: "score", yTitle: "share at or below it")
            plot.steps(&svg, points(\.without, separation.without), "without")
            plot.steps(&svg, points(\.with, separation.with), "with")
            let x = Double(widest.score)
            let ends = [
                Double(widest.with) / Double(separation.with), Double(widest.without) / Double(separation.without),
            ]
            plot.line(&svg, [(x, ends[0]), (x, ends[1])], "gap")
        }
    }

    private func drawCalibration(_ page: inout Markup, id: String) {
        page.element("h3", "Rate of the outcome by decile of score")
        keys(&page)
        let rates = measured.map { item in
            (item.role, item.found.deciles.map { (x: Double($0.name) ?? 0, y: $0.rate?.value ?? 0) })
        }
        let top = BacktestPlot.ceiling(rates.flatMap(\.1).map(\.y).max() ?? 0)
        let plot = BacktestPlot(x: 0.5...10.5, y: 0...top)
        let separation = report.policy.outcome?.separation
        let overall = separation.flatMap { BacktestRatio($0.with, over: $0.with + $0.without) }
        BacktestPlot.drawing(
            &page, id: id, height: plot.height, title: "Rate of the outcome by decile of score",
            description:
                "From the lowest scores to the highest; over all \(BacktestWords.percent(overall)). The numbers "
                + "are in the table beside it."
        ) { svg in
            plot.axes(
                &svg, x: (1...10).map { .init(value: Double($0), label: "\($0)") },
                y: BacktestPlot.ticks(plot.y, scale: 100, unit: "%"), xTitle: "decile, the lowest scores first",
                yTitle: "rate of the outcome")
            if let overall { plot.line(&svg, [(0.5, overall.value), (10.5, overall.value)], "chance") }
            for (style, points) in rates.reversed() {
                plot.line(&svg, points, style)
                plot.dots(&svg, points, style)
            }
        }
        page.element(
            "figcaption",
            "The dotted line is the rate of all, \(BacktestWords.percent(overall)). Subjects with one score "
                + "are in one decile, so a decile can be larger than another, or missing.")
    }

    private func writeRates(_ page: inout Markup) {
        let rows = (1...10).map { decile in
            ["\(decile)"]
                + measured.flatMap { item in
                    guard let rate = item.found.deciles.first(where: { $0.name == "\(decile)" }) else {
                        return ["\u{2013}", "\u{2013}", "\u{2013}"]
                    }
                    return [
                        BacktestWords.scores(rate.scores), BacktestWords.count(rate.subjects),
                        BacktestWords.percent(rate.rate),
                    ]
                }
        }
        table(
            &page, "Outcomes by decile of score",
            head: ["Decile"] + measured.flatMap { ["\($0.role): scores", "subjects", "rate"] }, rows: rows)
    }
}
