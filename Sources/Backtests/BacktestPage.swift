internal import Events
internal import Scoring

extension BacktestReport {
    /// The report as one page for a review meeting: without scripts, without external resources, suitable for print. It
    /// is HTML, and well-formed XML too.
    public func page() -> String {
        var page = BacktestPage(report: self)
        return page.text()
    }
}

/// The page of a backtest. Each plot has a table of its numbers.
struct BacktestPage {
    let report: BacktestReport
    private var plots = 0

    init(report: BacktestReport) { self.report = report }

    mutating func text() -> String {
        var page = Markup(prologue: "<!DOCTYPE html>\n")
        page.element("html", ["lang": "en"]) { html in
            html.element("head") { head in
                head.empty("meta", ["charset": "utf-8"])
                head.empty("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                head.element("title", title)
                head.style(Self.css)
            }
            html.lineBreak()
            html.element("body") { body in
                body.element("main") { main in
                    writeHeading(&main)
                    writeScores(&main)
                    writeMoves(&main)
                    writeParts(&main)
                    writeSanctions(&main)
                    writePerks(&main)
                    writeOutcomes(&main)
                    writeCloserLook(&main)
                    writeUncounted(&main)
                    writeFooting(&main)
                }
            }
        }
        page.lineBreak()
        return page.text
    }

    private var title: String {
        let baseline = report.against.map { " against \(BacktestWords.name($0))" } ?? ""
        return "Backtest: \(BacktestWords.name(report.policy))\(baseline)"
    }

    // MARK: Building blocks

    /// A number for the ids of a drawing.
    mutating func nextPlot() -> String {
        plots += 1
        return "plot-\(plots)"
    }

    func section(_ page: inout Markup, _ title: String) {
        page.lineBreak()
        page.element("h2", title)
    }

    /// The legend of the two policies.
    func keys(_ page: inout Markup) {
        keys(&page, report.sides.map { ($0.role, "\($0.role) \(BacktestWords.name($0.side))") })
    }

    func keys(_ page: inout Markup, _ items: [(style: String, text: String)]) {
        page.element("ul", ["class": "keys"]) { list in
            for item in items { list.element("li", ["class": item.style], item.text) }
        }
    }

    /// A table. The first column names the row. `text` has the other columns with texts.
    func table(
        _ page: inout Markup, _ caption: String, head: [String], rows: [[String]], foot: [String] = [],
        text: Set<Int> = []
    ) {
        page.element("div", ["class": "scroll", "role": "region", "aria-label": caption, "tabindex": "0"]) { region in
            region.element("table") { table in
                table.element("caption", caption)
                table.element("thead") { Self.row(&$0, head, text, heads: true) }
                table.element("tbody") { body in
                    for row in rows { Self.row(&body, row, text) }
                }
                if !foot.isEmpty { table.element("tfoot") { Self.row(&$0, foot, text) } }
            }
        }
        page.lineBreak()
    }

    private static func row(_ page: inout Markup, _ cells: [String], _ text: Set<Int>, heads: Bool = false) {
        page.element("tr") { row in
            for (column, cell) in cells.enumerated() {
                let style: Markup.Attributes = text.contains(column) ? ["class": "text"] : [:]
                if heads {
                    row.element(
                        "th", text.contains(column) ? ["scope": "col", "class": "text"] : ["scope": "col"], cell)
                } else if column == 0 {
                    row.element("th", ["scope": "row"], cell)
                } else {
                    row.element("td", style, cell)
                }
            }
        }
    }

    // MARK: Heading and footing

    private func writeHeading(_ page: inout Markup) {
        page.element("h1", title)
        let against = report.against.map { ", the baseline is \(BacktestWords.name($0))" } ?? ""
        let clock = report.input.clock.map { " Standings are as of \($0)." } ?? ""
        let folded = report.against == nil ? "It was folded" : "Both were folded"
        page.element(
            "p", ["class": "soft"],
            "The candidate is \(BacktestWords.name(report.policy))\(against). \(folded) from "
                + "\(report.against == nil ? "" : "the same ")\(BacktestWords.count(report.input.read)) events.\(clock)"
        )
        page.element("dl", ["class": "tiles"]) { tiles in
            for tile in self.tiles {
                tiles.element("div") { box in
                    box.element("dt", tile.name)
                    box.element("dd", ["class": "big"], tile.value)
                    if !tile.note.isEmpty { box.element("dd", ["class": "small"], tile.note) }
                }
            }
        }
    }

    private var tiles: [(name: String, value: String, note: String)] {
        var tiles: [(String, String, String)] = []
        func add(_ name: String, _ note: String? = nil, _ value: (BacktestReport.Side) -> String?) {
            guard let new = value(report.policy) else { return }
            let old = report.against.flatMap(value)
            tiles.append((name, new, [note, old.map { "baseline \($0)" }].compactMap { $0 }.joined(separator: ", ")))
        }
        add("Subjects") { BacktestWords.count($0.subjects) }
        add("Mean score") { $0.scores?.mean.decimal(1) }
        if let comparison = report.comparison {
            func share(_ count: Int64) -> String { BacktestWords.share(count, of: comparison.subjects) }
            tiles.append(("Gain", share(comparison.gain), "\(share(comparison.lose)) lose"))
            tiles.append(("Band up", share(comparison.bandUp), "\(share(comparison.bandDown)) down"))
        }
        if report.sides.contains(where: { !$0.side.sanctions.isEmpty }) {
            add("Sanctions", "imposed") { BacktestWords.count($0.sanctions.reduce(0) { $0 + $1.imposed }) }
        }
        if report.outcome != nil {
            add("AUC") { BacktestWords.decimal($0.outcome?.separation.auc, 3) }
            add("KS") { BacktestWords.decimal($0.outcome?.separation.ks, 3) }
        }
        return tiles
    }

    private func writeFooting(_ page: inout Markup) {
        page.lineBreak()
        page.element("footer", ["class": "soft"]) { foot in
            let rejected = BacktestWords.count(report.input.rejected)
            foot.element(
                "p",
                "Events from \(report.input.files.joined(separator: ", ")); \(rejected) of "
                    + "\(BacktestWords.count(report.input.read)) lines were no event that could be folded.")
            for (role, side) in report.sides {
                foot.element(
                    "p",
                    "Events under the \(role): scored \(BacktestWords.count(side.counters.scored)), without a rule "
                        + "\(BacktestWords.count(side.counters.unmatched)), of subjects not enrolled "
                        + "\(BacktestWords.count(side.counters.notEnrolled)); expressions without a value "
                        + "\(BacktestWords.count(side.counters.evaluationErrors)).")
            }
            if report.listLimit == 0 { foot.element("p", "Subjects are left out of this report.") }
        }
    }
}
