internal import Events

/// A town in a terminal: numbers and sentences from any source. `lines` formats them for a terminal of any size.
public struct TownPicture: Sendable {
    /// The number of something with a name.
    public struct Count: Sendable, Hashable {
        public let name: String
        public let count: Int

        public init(_ name: String, _ count: Int) { (self.name, self.count) = (name, count) }
    }

    /// A sentence, with its meaning for the subject.
    public struct Remark: Sendable, Hashable {
        public enum Tone: Sendable { case neutral, better, underWay, worse }

        public let text: String
        public let tone: Tone

        public init(_ text: String, _ tone: Tone = .neutral) { (self.text, self.tone) = (text, tone) }
    }

    /// The date in the town, such as `2026-01-31`.
    public var date = ""
    /// `HOST:PORT` of the broker.
    public var broker = ""
    /// `HOST:PORT` of the HTTP server; nil before it listens.
    public var address: String?
    /// A subject for the example of a request to the HTTP server.
    public var subject: String?
    /// Whether the key q ends the view, as Ctrl-C does.
    public var readsKeys = false

    public var eventsPerSecond = 0
    public var read = 0
    public var folded = 0
    public var duplicates = 0
    public var notEnrolled = 0
    public var deadLetters = 0
    public var lag = Remark("unknown")
    /// The problem that is shown; nil if there is none.
    public var problem: String?

    /// Subjects of each band, best first.
    public var bands: [Count] = []
    /// Holders of each perk.
    public var perks: [Count] = []
    public var perksInService = 0
    public var noticed = 0
    public var inForce = 0
    public var inForceInService = 0
    public var stayed = 0
    /// Lifted sanctions by reason.
    public var lifted: [Count] = []
    /// Denied requests by measure.
    public var denied: [Count] = []
    public var appealsUpheld = 0
    public var appealsRejected = 0
    public var appealsLapsed = 0
    /// The latest changes of scores and perks, newest first, and those of sanctions.
    public var changes: [Remark] = []
    public var sanctionChanges: [Remark] = []

    public init() {}

    /// At most `rows` lines of at most `columns` cells. With `colour` the lines have escape sequences, which take no
    /// cells. With less room each section is shorter; then the less important ones are left out.
    public func lines(columns: Int, rows: Int, colour: Bool) -> [String] {
        var layout = Layout(sections(columns: columns, rows: rows, colour: colour), rows: rows)
        // Each section gets its shortest form; then they grow, the most informative first.
        for section in [.title, .foot, .counters, .lag, .problem, .bands, .sanctions, .changes, .perks] as [Section] {
            layout.show(section, form: 0)
        }
        layout.show(.counters, form: 1)
        layout.show(.sanctionChanges, form: 0)
        layout.show(.bands, form: 1)
        layout.show(.legend, form: 0)
        layout.show(.changes, form: 2)
        layout.show(.sanctions, form: 1)
        layout.show(.perks, form: 1)
        layout.show(.legend, form: 1)
        layout.show(.sanctionChanges, form: 2)
        layout.show(.perks, form: 2)
        for section in Section.allCases where section.standsApart { layout.setApart(section) }
        layout.grow([.changes, .sanctionChanges])
        return layout.lines.map { $0.fitted(to: columns).text(colour: colour) }
    }
}

// MARK: - Layout

extension TownPicture {
    /// The sections in the order of the picture.
    private enum Section: CaseIterable {
        case title, counters, lag, problem, bands, perks, sanctions, sanctionChanges, changes, legend, foot

        /// Whether an empty line precedes it, if there is room.
        var standsApart: Bool {
            switch self {
            case .title, .lag, .problem: false
            default: true
            }
        }
    }

    /// Assigns the rows to sections.
    private struct Layout {
        /// The forms of each section, shortest first.
        private let sections: [Section: [[TerminalLine]]]
        private var shown: [Section: Int] = [:]
        private var apart: Set<Section> = []
        private var rowsLeft: Int

        init(_ sections: [Section: [[TerminalLine]]], rows: Int) {
            self.sections = sections
            rowsLeft = max(0, rows)
        }

        /// Shows the section in this form or its longest, if there is room for it and it is longer than the current
        /// one.
        mutating func show(_ section: Section, form: Int) {
            guard let forms = sections[section], !forms.isEmpty else { return }
            let form = min(form, forms.count - 1)
            let now = shown[section]
            guard form > now ?? -1 else { return }
            let rows = forms[form].count - (now.map { forms[$0].count } ?? 0)
            guard rows <= rowsLeft else { return }
            shown[section] = form
            rowsLeft -= rows
        }

        mutating func setApart(_ section: Section) {
            guard shown[section] != nil, rowsLeft > 0, apart.insert(section).inserted else { return }
            rowsLeft -= 1
        }

        /// Assigns the remaining rows in turns.
        mutating func grow(_ sections: [Section]) {
            var before: Int
            repeat {
                before = rowsLeft
                for section in sections { show(section, form: (shown[section] ?? -1) + 1) }
            } while rowsLeft < before
        }

        var lines: [TerminalLine] {
            Section.allCases.flatMap { section in
                guard let form = shown[section], let forms = sections[section] else { return [TerminalLine]() }
                return (apart.contains(section) ? [TerminalLine()] : []) + forms[form]
            }
        }
    }

    private func sections(columns: Int, rows: Int, colour: Bool) -> [Section: [[TerminalLine]]] {
        let flow = Flow(columns: columns)
        let legend = self.legend(colour: colour)
        var sections: [Section: [[TerminalLine]]] = [:]
        sections[.title] = [[flow.line(title)]]
        sections[.counters] = [[flow.line(counters)], flow.lines(counters)]
        sections[.lag] = [flow.labelled("lag", [TerminalLine(lag.text, lag.tone.style)])]
        if let problem { sections[.problem] = [[TerminalLine(problem, .bad)]] }
        sections[.bands] = [flow.labelled("bands", items(bands)), bars(flow)]
        sections[.perks] = perkForms(flow)
        sections[.sanctions] = sanctionForms(flow)
        sections[.sanctionChanges] = list(sanctionChanges, heading: "last sanctions and what made them", rows)
        sections[.changes] = list(changes, heading: "last changes and what made them", rows)
        sections[.legend] = [[flow.line(legend)], flow.lines(legend)]
        if let look = self.look(flow) { sections[.foot] = [[look]] }
        return sections
    }

    private func items(_ counts: [Count]) -> [TerminalLine] { counts.map { TerminalLine("\($0.name) \($0.count)") } }

    private var title: [TerminalLine] {
        [
            TerminalLine("Standing", .strong), TerminalLine(date, .strong),
            TerminalLine(readsKeys ? "q or Ctrl-C ends" : "Ctrl-C ends"),
            TerminalLine("a town in fast motion", .faint), TerminalLine("broker \(broker)", .faint),
        ]
    }

    private var counters: [TerminalLine] {
        [
            "\(eventsPerSecond) events/s", "\(deadLetters) dead letters", "\(read) read", "\(folded) folded",
            "\(duplicates) duplicates", "\(notEnrolled) not enrolled",
        ].map { TerminalLine($0) }
    }

    private static let widestName = 16
    private static let widestBar = 60

    private func bars(_ flow: Flow) -> [TerminalLine] {
        let nameWidth = min(Self.widestName, bands.map { TerminalLine.width(of: $0.name) }.max() ?? 0)
        let most = max(1, bands.map(\.count).max() ?? 1)
        // The room for the bar is without the indent, a space on each side of the bar, and the number.
        let room = min(Self.widestBar, max(0, flow.columns - nameWidth - 4 - String(most).count))
        let rows = bands.enumerated().map { rank, band in
            var line = TerminalLine("  ")
            var name = TerminalLine(band.name).fitted(to: nameWidth)
            name.pad(to: nameWidth)
            line.append(name)
            let (full, part) = (band.count * room).quotientAndRemainder(dividingBy: most)
            let bar = full == 0 && part > 0 && room > 0 ? "▏" : String(repeating: "█", count: full)
            line.append(" " + bar, style(ofRank: rank))
            line.append((bar.isEmpty ? "" : " ") + String(band.count))
            return line
        }
        return [TerminalLine("bands", .strong)] + rows
    }

    /// One style each for the best third, the middle and the last third.
    private func style(ofRank rank: Int) -> TerminalLine.Style {
        switch rank * 3 / max(1, bands.count) {
        case 0: .good
        case 1: .warning
        default: .bad
        }
    }

    private func perkForms(_ flow: Flow) -> [[TerminalLine]] {
        let held = perks.map(\.count).reduce(0, +)
        let service = "\(perksInService) in the perks service"
        let total = [TerminalLine("\(held) held"), TerminalLine(service, .faint)]
        let width = min(2 * Self.widestName, perks.map { TerminalLine.width(of: $0.name) }.max() ?? 0)
        var heading = TerminalLine("perks", .strong)
        heading.append("  \(held) held, \(service)", .faint)
        let rows = perks.map { perk in
            var line = TerminalLine("  ")
            var name = TerminalLine(perk.name).fitted(to: width)
            name.pad(to: width)
            line.append(name)
            line.append("  \(perk.count)")
            return line
        }
        return [[flow.labelled("perks", total)[0]], flow.labelled("perks", total + items(perks)), [heading] + rows]
    }

    private func sanctionForms(_ flow: Flow) -> [[TerminalLine]] {
        let states = [
            TerminalLine("\(noticed) noticed", .warning), TerminalLine("\(inForce) in force", .bad),
            TerminalLine("\(stayed) stayed"),
        ]
        let service = TerminalLine("\(inForceInService) in the blacklist service", .faint)
        let appeals = [
            "\(appealsUpheld) upheld", "\(appealsRejected) rejected", "\(appealsLapsed) lapsed",
        ].map { TerminalLine($0) }
        func list(_ counts: [Count]) -> [TerminalLine] {
            let known = counts.filter { $0.count > 0 }
            return known.isEmpty ? [TerminalLine("none")] : known.map { TerminalLine("\($0.count) \($0.name)") }
        }
        return [
            flow.labelled("sanctions", states),
            flow.labelled("sanctions", states + [service]) + flow.labelled("  lifted", list(lifted))
                + flow.labelled("  denied", list(denied)) + flow.labelled("  appeals", appeals),
        ]
    }

    /// The forms of a list: the newest entry alone, then a heading and two or more entries, up to the limit.
    private func list(_ remarks: [Remark], heading: String, _ limit: Int) -> [[TerminalLine]] {
        let rows = remarks.prefix(max(0, limit)).map { TerminalLine("  " + $0.text, $0.tone.style) }
        return rows.indices.map { last in
            last == 0 ? [rows[0]] : [TerminalLine(heading, .strong)] + Array(rows[...last])
        }
    }

    private func legend(colour: Bool) -> [TerminalLine] {
        var items: [TerminalLine] = []
        if colour {
            items = [
                TerminalLine("better", .good), TerminalLine("under way", .warning), TerminalLine("worse", .bad),
            ]
        }
        items += [
            "bands: people by score", "not enrolled: never joined, never scored",
            "dead letters: records that are no events", "noticed: told, not yet in force",
            "stayed: waits for an appeal",
        ].map { TerminalLine($0, .faint) }
        return items
    }

    /// The command for a closer look; nil before the HTTP server listens.
    private func look(_ flow: Flow) -> TerminalLine? {
        guard let address else { return nil }
        let path = "\(address)/" + (subject.map { "subjects/\($0)" } ?? "metrics")
        // curl accepts an address without its scheme too.
        let long = TerminalLine("curl http://\(path)", .strong)
        let look = long.width <= flow.columns ? long : TerminalLine("curl \(path)", .strong)
        return flow.line([look, TerminalLine("also /console, /metrics, /readyz", .faint)])
    }
}

extension TownPicture.Remark.Tone {
    fileprivate var style: TerminalLine.Style {
        switch self {
        case .neutral: .plain
        case .better: .good
        case .underWay: .warning
        case .worse: .bad
        }
    }
}

/// Formats items side by side.
private struct Flow {
    private static let gap = "  "
    private static let labelWidth = 11
    /// A narrower terminal has no room for a column of labels.
    private static let wide = 60

    let columns: Int

    /// One line of the items that fit. It has at least the first.
    func line(_ items: [TerminalLine]) -> TerminalLine {
        var line = TerminalLine()
        for item in items where line.width == 0 || line.width + Self.gap.count + item.width <= columns {
            if line.width > 0 { line.append(Self.gap) }
            line.append(item)
        }
        return line
    }

    /// As many lines as the items need.
    func lines(_ items: [TerminalLine]) -> [TerminalLine] { lines(items, from: TerminalLine(), indent: 0) }

    /// At least one line. The label precedes the first; the others are indented.
    func labelled(_ label: String, _ items: [TerminalLine]) -> [TerminalLine] {
        var start = TerminalLine(label, .strong)
        let indent = columns < Self.wide ? start.width + Self.gap.count : Self.labelWidth
        start.pad(to: indent)
        return lines(items, from: start, indent: columns < Self.wide ? Self.gap.count : indent)
    }

    private func lines(_ items: [TerminalLine], from start: TerminalLine, indent: Int) -> [TerminalLine] {
        var lines: [TerminalLine] = []
        var line = start
        var isEmpty = true
        for item in items {
            if !isEmpty, line.width + Self.gap.count + item.width > columns {
                lines.append(line)
                line = TerminalLine()
                line.pad(to: indent)
                isEmpty = true
            }
            if !isEmpty { line.append(Self.gap) }
            line.append(item)
            isEmpty = false
        }
        return lines + [line]
    }
}
