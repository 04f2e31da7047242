internal import Events
internal import Replay

extension BacktestPage {
    // MARK: Moves

    func writeMoves(_ page: inout Markup) {
        guard let comparison = report.comparison else { return }
        section(&page, "Who moves")
        page.element("p") { text in
            text.add(
                "From the baseline to the candidate, of \(BacktestWords.count(comparison.subjects)) subjects scored by "
                    + "both: \(BacktestWords.count(comparison.gain)) gain, \(BacktestWords.count(comparison.lose)) "
                    + "lose and \(BacktestWords.count(comparison.stay)) keep their score.")
            for (role, count) in [("candidate", comparison.onlyPolicy), ("baseline", comparison.onlyAgainst)]
            where count > 0 {
                text.add(" \(BacktestWords.count(count)) are scored by the \(role) only.")
            }
        }
        page.element("div", ["class": "pair"]) { pair in
            pair.element("div") { box in
                box.element("h3", "From band to band")
                writeMatrix(comparison, &box)
            }
            pair.element("div") { writeMoveTable(comparison, &$0) }
        }
        guard report.listLimit > 0 else { return }
        page.element("div", ["class": "pair"]) { pair in
            pair.element("div") { writeMovers(comparison.gainers, "Largest gains", &$0) }
            pair.element("div") { writeMovers(comparison.losers, "Largest losses", &$0) }
        }
    }

    private func writeMoveTable(_ comparison: BacktestReport.Comparison, _ page: inout Markup) {
        func row(_ name: String, _ count: Int64, _ points: String = "") -> [String] {
            [name, BacktestWords.count(count), BacktestWords.share(count, of: comparison.subjects), points]
        }
        var rows = [
            row("Gain", comparison.gain, BacktestWords.signed(comparison.pointsGained)),
            row("Lose", comparison.lose, BacktestWords.signed(comparison.pointsLost)),
            row("Stay", comparison.stay, "0"),
            row("Band up", comparison.bandUp), row("Band down", comparison.bandDown),
            row("Band the same", comparison.bandSame),
        ]
        if comparison.bandOther > 0 { rows.append(row("Bands without a common order", comparison.bandOther)) }
        table(
            &page, "Moves, from the baseline to the candidate", head: ["", "Subjects", "Share", "Points"], rows: rows)
    }

    /// A cell's shade is its share of the row.
    private func writeMatrix(_ comparison: BacktestReport.Comparison, _ page: inout Markup) {
        guard let against = report.against else { return }
        let caption = "Rows: band under the baseline. Columns: band under the candidate. Subjects"
        let names = report.policy.bands.map(\.name)
        let oldNames = against.bands.map(\.name)
        page.element("div", ["class": "scroll", "role": "region", "aria-label": caption, "tabindex": "0"]) { region in
            region.element("table", ["class": "matrix"]) { table in
                table.element("caption", caption)
                table.element("thead") { head in
                    head.element("tr") { row in
                        row.element("td", "")
                        for name in names.reversed() { row.element("th", ["scope": "col"], name) }
                    }
                }
                table.element("tbody") { body in
                    for old in against.bands.indices.reversed() {
                        let total = comparison.matrix[old].reduce(0, +)
                        body.element("tr") { row in
                            row.element("th", ["scope": "row"], oldNames[old])
                            for new in names.indices.reversed() {
                                let count = comparison.matrix[old][new]
                                let heat = BacktestRatio(count * 4, over: total * 5)?.decimal(0, percent: true) ?? "0"
                                let style =
                                    count == 0
                                    ? "none" : Self.direction(from: oldNames[old], to: names[new], oldNames, names)
                                let mark = ["up": "\u{2191} ", "down": "\u{2193} "][style] ?? ""
                                row.element(
                                    "td", ["class": style, "style": "--heat: \(heat)%"],
                                    mark + BacktestWords.count(count))
                            }
                        }
                    }
                }
            }
        }
        page.lineBreak()
        keys(&page, [("gain", "\u{2191} up"), ("loss", "\u{2193} down"), ("same", "the same")])
    }

    private static func direction(from old: String, to new: String, _ oldNames: [String], _ names: [String]) -> String {
        switch BandDistance.steps(from: old, to: new, oldNames, names) {
        case nil: "other"
        case 0?: "same"
        case let step? where step > 0: "up"
        default: "down"
        }
    }

    private func writeMovers(_ moves: [BacktestReport.Move], _ title: String, _ page: inout Markup) {
        table(
            &page, title, head: ["Subject", "Baseline", "Candidate", "Change", "Largest part"],
            rows: moves.map { move in
                [
                    move.subject, "\(move.against.score) \(move.against.band)",
                    "\(move.policy.score) \(move.policy.band)", BacktestWords.signed(move.difference),
                    "\(BacktestWords.part(move.part)) \(BacktestWords.signed(move.points))",
                ]
            })
        if moves.isEmpty { page.element("p", ["class": "soft"], "None.") }
    }

    // MARK: Rules

    /// The limit of rows in the plot. The table has every part.
    private static let plottedParts = 16

    mutating func writeParts(_ page: inout Markup) {
        guard let comparison = report.comparison, !report.liveParts.isEmpty else { return }
        section(&page, "What makes the difference")
        page.element(
            "p",
            "Points that each rule adds under the candidate beyond what it adds under the baseline, summed over those "
                + "who gain and over those who lose. Limits are the clamps of dimensions and of the score.")
        let id = nextPlot()
        page.element("div", ["class": "pair"]) { pair in
            pair.element("figure") { figure in
                figure.element("h3", "Gains and losses by rule")
                keys(&figure, [("gain", "over those who gain"), ("loss", "over those who lose")])
                drawParts(&figure, id: id)
            }
            pair.element("div") { box in
                table(
                    &box, "Differences in points by rule",
                    head: ["Rule", "Over those who gain", "Over those who lose", "Largest part for"],
                    rows: report.liveParts.map { part in
                        [
                            BacktestWords.part(part.source), BacktestWords.signed(part.overGainers),
                            BacktestWords.signed(part.overLosers), BacktestWords.count(part.largestFor),
                        ]
                    },
                    foot: [
                        "All", BacktestWords.signed(comparison.pointsGained),
                        BacktestWords.signed(comparison.pointsLost),
                        BacktestWords.count(comparison.gain + comparison.lose),
                    ])
            }
        }
    }

    private func drawParts(_ page: inout Markup, id: String) {
        func size(_ part: BacktestReport.Part) -> UInt64 { max(part.overGainers.magnitude, part.overLosers.magnitude) }
        let parts = report.liveParts.enumerated()
            .sorted { (size($1.element), $0.offset) < (size($0.element), $1.offset) }
            .map(\.element)
        let bars = BacktestBars(
            rows: parts.prefix(Self.plottedParts).map { part in
                .init(
                    name: BacktestWords.part(part.source),
                    bars: [(part.overGainers, "gain"), (part.overLosers, "loss")].map {
                        .init(value: $0, label: BacktestWords.signed($0), style: $1)
                    })
            })
        BacktestPlot.drawing(
            &page, id: id, height: bars.height, title: "Differences in points by rule",
            description: "Bars to the right are points more under the candidate, to the left points fewer. The numbers "
                + "are in the table beside it."
        ) { bars.drawDiverging(&$0) }
        if parts.count > Self.plottedParts {
            page.element("figcaption", "The \(Self.plottedParts) largest of \(parts.count).")
        }
    }
}
