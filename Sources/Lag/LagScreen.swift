internal import Events

/// A report for a terminal of any size: a line per group, the most urgent first, with a sparkline of its history, and
/// the reasons of the urgent ones.
public struct LagScreen: Sendable {
    private let report: LagReport?
    private let history: LagHistory
    /// The failure of the last look, and the age in seconds of the report that is shown; nil if there was none.
    private let failure: (reason: String, age: Double?)?

    /// `report` is nil before the first one.
    public init(_ report: LagReport?, _ history: LagHistory, failure: (reason: String, age: Double?)? = nil) {
        (self.report, self.history, self.failure) = (report, history, failure)
    }

    private static let maximumNotes = 3
    private static let widestHistory = 60
    private static let narrowestHistory = 8
    private static let narrowestName = 12
    private static let gap = 2

    private enum Column: CaseIterable {
        case group, seconds, lag, trend, catchUp, status, history

        var title: String {
            switch self {
            case .group: "GROUP"
            case .seconds: "BEHIND"
            case .lag: "UNREAD"
            case .trend: "TREND"
            case .catchUp: "CATCH-UP"
            case .status: "STATUS"
            case .history: "HISTORY"
            }
        }

        var isNumber: Bool { [.seconds, .lag, .catchUp].contains(self) }
    }

    /// At most `rows` lines of at most `columns` cells. If `colour` they have escape sequences, which take no cells.
    public func lines(columns: Int, rows: Int, colour: Bool) -> [String] {
        var lines = [title]
        if let failure { lines.append(TerminalLine("not known now: \(failure.reason)", .bad)) }
        if let report {
            if let people = report.people { lines.append(Self.line(people)) }
            var foot = report.notes.prefix(Self.maximumNotes).map { TerminalLine("note: \($0)", .faint) }
            let more = report.notes.count - Self.maximumNotes
            if more > 0 { foot.append(TerminalLine("\(more) more notes", .faint)) }
            // Groups have priority over notes.
            foot = Array(foot.prefix(max(0, rows - lines.count - report.groups.count - 2)))
            let room = rows - lines.count - foot.count - (foot.isEmpty ? 0 : 1)
            lines += groups(report, columns: columns, rows: room)
            if !foot.isEmpty { lines += [TerminalLine()] + foot }
        }
        return lines.prefix(max(0, rows)).map { $0.fitted(to: columns).text(colour: colour) }
    }

    private var title: TerminalLine {
        var line = TerminalLine("Lag", .strong)
        guard let report else {
            line.append("  the first look is under way")
            return line
        }
        let time = LagReport.text(report.time).dropFirst(11).prefix(8)
        let (count, wanting) = (report.groups.count, report.wantingAttention)
        line.append("  \(time) UTC  \(count) group\(count == 1 ? "" : "s")")
        if wanting > 0 {
            line.append("  \(wanting) want\(wanting == 1 ? "s" : "") attention", .warning)
        } else {
            line.append("  none wants attention", .good)
        }
        if let age = failure?.age { line.append("  \(LagText.duration(age)) old", .bad) }
        line.append("  Ctrl-C ends", .faint)
        return line
    }

    private static func line(_ people: PeopleLag) -> TerminalLine {
        let parts = [
            "\(LagText.bounds(people.subjects)) subjects unread in the ledger",
            people.overdueSanctions.map { "\(LagText.bounds($0)) sanctions overdue" },
            people.waitingSanctions.map { "\(LagText.bounds($0)) wait on a stale source" },
            caughtUp(people.catchUp),
        ]
        return TerminalLine("people: " + parts.compactMap { $0 }.joined(separator: "; "))
    }

    private static func caughtUp(_ catchUp: LagEvaluation.CatchUp) -> String {
        switch catchUp {
        case .unknown: "when all is caught up is unknown"
        case .never: "never caught up at these rates"
        case .seconds: "all caught up in \(LagReport.text(catchUp))"
        }
    }

    // MARK: Groups

    private func groups(_ report: LagReport, columns: Int, rows: Int) -> [TerminalLine] {
        guard rows > 1 else { return [] }
        let sorted = report.byAttention
        let room = rows - 1
        let shown = Array(sorted.prefix(sorted.count > room ? room - 1 : room))
        let hidden = sorted.count - shown.count
        let cells = shown.map { group in Column.allCases.filter { $0 != .history }.map { Self.cell($0, group) } }
        let layout = Self.layout(cells, columns: columns)
        var lines = [Self.header(layout)]
        // The remaining lines are for the reasons of the urgent groups, in their order.
        var left = room - shown.count - (hidden > 0 ? 1 : 0)
        for (index, group) in shown.enumerated() {
            lines.append(line(group, cells[index], layout))
            if left > 0, group.status > .ok, let cause = group.causes.first {
                left -= 1
                lines.append(TerminalLine("  \(cause.sentence)", .faint))
            }
        }
        if hidden > 0 { lines.append(TerminalLine("\(hidden) more, which want attention less", .faint)) }
        return lines
    }

    private static func cell(_ column: Column, _ group: GroupLag) -> String {
        switch column {
        case .group: group.group.printable()
        case .seconds:
            group.seconds.map(LagText.duration) ?? group.knownSeconds.map { ">= " + LagText.duration($0) } ?? "unknown"
        case .lag: group.records.map { String($0) } ?? group.knownRecords.map { ">= \($0)" } ?? "unknown"
        case .trend: group.trend.rawValue
        case .catchUp: LagReport.text(group.catchUp)
        case .status: group.status.rawValue
        case .history: ""
        }
    }

    /// The columns that fit, and their widths. Trend and time to catch up are dropped first, then the history, then
    /// numbers.
    private static func layout(_ cells: [[String]], columns: Int) -> [(column: Column, index: Int, width: Int)] {
        let texts = Column.allCases.filter { $0 != .history }
        var widths = texts.enumerated().map { index, column in
            cells.reduce(column.title.terminalCells) { max($0, $1[index].terminalCells) }
        }
        widths[0] = min(widths[0], max(narrowestName, columns / 3))
        var shown = texts
        func taken() -> Int { texts.indices.filter { shown.contains(texts[$0]) }.reduce(0) { $0 + widths[$1] + gap } }
        for column in [Column.trend, .catchUp] where taken() + narrowestHistory > columns {
            shown.removeAll { $0 == column }
        }
        for column in [Column.lag, .seconds] where taken() - gap - widths[0] + narrowestName > columns {
            shown.removeAll { $0 == column }
        }
        if taken() - gap > columns { widths[0] = max(1, widths[0] - (taken() - gap - columns)) }
        var layout = texts.indices.filter { shown.contains(texts[$0]) }.map { (texts[$0], $0, widths[$0]) }
        let rest = columns - taken()
        if rest >= narrowestHistory { layout.append((.history, -1, min(widestHistory, rest))) }
        return layout.map { (column: $0.0, index: $0.1, width: $0.2) }
    }

    private static func header(_ layout: [(column: Column, index: Int, width: Int)]) -> TerminalLine {
        var line = TerminalLine()
        for (column, _, width) in layout { append(column.title, column, width, .faint, to: &line) }
        return line
    }

    private func line(
        _ group: GroupLag, _ cells: [String], _ layout: [(column: Column, index: Int, width: Int)]
    ) -> TerminalLine {
        var line = TerminalLine()
        for (column, index, width) in layout {
            switch column {
            case .history:
                let values = history[group.group].map { $0.records.map { Double($0) } }
                Self.append(Sparkline.text(values, width: width), column, width, .plain, to: &line)
            case .status: Self.append(cells[index], column, width, Self.style(group.status), to: &line)
            default: Self.append(cells[index], column, width, .plain, to: &line)
            }
        }
        return line
    }

    private static func append(
        _ text: String, _ column: Column, _ width: Int, _ style: TerminalLine.Style, to line: inout TerminalLine
    ) {
        if line.width > 0 { line.append(String(repeating: " ", count: gap)) }
        let cell = TerminalLine(text, style).fitted(to: width)
        let space = String(repeating: " ", count: max(0, width - cell.width))
        if column.isNumber { line.append(space) }
        line.append(cell)
        // Nothing comes after a history.
        if !column.isNumber, column != .history { line.append(space) }
    }

    private static func style(_ status: LagEvaluation.Status) -> TerminalLine.Style {
        switch status {
        case .ok: .good
        case .behind: .plain
        case .unknown: .faint
        case .warning, .rewound: .warning
        case .stalled, .stopped, .expired: .bad
        }
    }
}
