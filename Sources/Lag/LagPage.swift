internal import Events
internal import Foundation
internal import Kafka

/// The pages of a report for browsers: all groups, and one group with its partitions. HTML without scripts, with a
/// style sheet of the same server. A page reloads itself every `refreshSeconds`. An unknown value is shown as unknown.
public struct LagPage: Sendable {
    public static let refreshSeconds = 10
    /// The limit of groups on a page, and of partitions on a group's page. The most urgent are shown, the others
    /// counted.
    public static let maximumGroups = 300
    public static let maximumPartitions = 500
    static let maximumNotes = 20

    private let state: LagWatch.State
    private let title: String
    /// The path of the pages: `/` for a server of their own.
    private let root: String
    private let now: Int64

    /// `title` names what is observed. `root` begins and ends with `/`; the style sheet is at `root` and `style.css`, a
    /// group's page at `root` and `groups/NAME`. `now` is in milliseconds since 1970.
    public init(_ state: LagWatch.State, title: String, root: String, now: Int64) {
        (self.state, self.title, self.root, self.now) = (state, title, root, now)
    }

    /// `points` gives the history of each of the given groups.
    public func overview(points: ([String]) -> [[LagHistory.Point]]) -> String {
        page(title) { out in
            out.element("h1", title)
            guard let report = state.report else {
                out.element("p", ["class": "banner"], state.failure ?? "The first look is under way.")
                return
            }
            let (count, wanting) = (report.groups.count, report.wantingAttention)
            let attention =
                wanting == 0 ? "none wants attention" : wanting == 1 ? "1 wants attention" : "\(wanting) want attention"
            head(report, "\(count) group\(count == 1 ? "" : "s"), \(attention). ", &out)
            if let people = report.people { Self.write(people, &out) }
            let groups = Array(report.byAttention.prefix(Self.maximumGroups))
            out.element("h2", "Groups")
            if groups.isEmpty { out.element("p", ["class": "soft"], "No consumer group is known.") }
            out.element("ul", ["class": "groups"]) { out in
                for (group, points) in zip(groups, points(groups.map(\.group))) {
                    out.lineBreak()
                    card(group, points, &out)
                }
            }
            let more = report.groups.count - groups.count
            if more > 0 {
                out.element("p", ["class": "soft"], "\(more) other groups want attention less; /lag has them all.")
            }
            notes(report, &out)
        }
    }

    /// Nil if there is no such group.
    public func group(_ name: String, points: [LagHistory.Point]) -> String? {
        guard let report = state.report, let group = report.groups.first(where: { $0.group == name }) else {
            return nil
        }
        return page("\(name), \(title)") { out in
            out.element("p", ["class": "back"]) { out in out.element("a", ["href": root], "All groups") }
            out.element("h1") { out in
                out.add(name)
                out.add(" ")
                Self.badge(group.status, &out)
            }
            head(report, "", &out)
            tiles(group, &out)
            if let subjects = group.subjects {
                out.element("p", "Subjects with unread events: \(LagText.bounds(subjects)).")
            }
            for cause in group.causes {
                out.element("p", ["class": "cause"]) { out in
                    out.element("strong", cause.code.rawValue)
                    out.add(" \(cause.sentence)")
                }
            }
            charts(points, isFramed: group.isFramed, &out)
            partitions(group, &out)
        }
    }

    // MARK: Parts

    private func page(_ title: String, _ content: (inout Markup) -> Void) -> String {
        var out = Markup(prologue: "<!DOCTYPE html>\n")
        out.element("html", ["lang": "en"]) { out in
            out.element("head") { out in
                out.empty("meta", ["charset": "utf-8"])
                out.empty("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                out.empty("meta", ["name": "color-scheme", "content": "light dark"])
                out.empty("meta", ["http-equiv": "refresh", "content": "\(Self.refreshSeconds)"])
                out.element("title", title)
                out.empty("link", ["rel": "stylesheet", "href": root + "style.css"])
            }
            out.lineBreak()
            out.element("body") { out in out.element("main", [:], content) }
        }
        out.lineBreak()
        return out.text
    }

    /// The age of the report.
    private func head(_ report: LagReport, _ before: String, _ out: inout Markup) {
        if !state.isCurrent {
            let why = state.failure.map { ": \($0)" } ?? ""
            out.element(
                "p", ["class": "banner"],
                "The lag is not known now\(why). Below is what was known \(LagText.duration(state.age ?? 0)) ago.")
        }
        let time = LagReport.text(report.time).prefix(19).replacing("T", with: " ")
        out.element("p", ["class": "soft"], "\(before)Looked at \(time) UTC.")
    }

    private static func write(_ people: PeopleLag, _ out: inout Markup) {
        out.element("h2", "People")
        out.element("dl", ["class": "tiles"]) { out in
            for line in people.lines {
                out.element("div") { out in
                    out.element("dt", line.what)
                    out.element("dd", ["class": line.number == "unknown" ? "big unknown" : "big"], line.number)
                    out.element("dd", ["class": "small"], line.how)
                }
            }
        }
    }

    private static func badge(_ status: LagEvaluation.Status, _ out: inout Markup) {
        out.element("span", ["class": "badge \(status.rawValue)"], status.rawValue)
    }

    private static func lag(_ group: GroupLag) -> String {
        let unit = group.isFramed ? "frames" : "records"
        if let records = group.records { return "\(records) \(unit)" }
        return group.knownRecords.map { "at least \($0) \(unit)" } ?? "unknown"
    }

    private static func seconds(_ group: GroupLag) -> String {
        if let seconds = group.seconds { return LagText.duration(seconds) }
        return group.knownSeconds.map { "at least \(LagText.duration($0))" } ?? "unknown"
    }

    private static func path(of group: String, _ root: String) -> String {
        root + "groups/" + (group.addingPercentEncoding(withAllowedCharacters: .urlSegment) ?? "")
    }

    private func card(_ group: GroupLag, _ points: [LagHistory.Point], _ out: inout Markup) {
        out.element("li") { out in
            out.element("div", ["class": "name"]) { out in
                out.element("a", ["href": Self.path(of: group.group, root)], group.group)
                Self.badge(group.status, &out)
            }
            out.element("div", ["class": "numbers"]) { out in
                for (what, value) in [
                    ("behind", Self.seconds(group)), ("unread", Self.lag(group)), ("trend", group.trend.rawValue),
                    ("caught up in", LagReport.text(group.catchUp)),
                ] {
                    out.element("div") { out in
                        out.element("span", ["class": "label"], what)
                        out.element("span", ["class": value == "unknown" ? "value unknown" : "value"], value)
                    }
                }
            }
            sparkline(points, &out)
            if let cause = group.causes.first { out.element("p", ["class": "cause"], cause.sentence) }
        }
    }

    private func sparkline(_ points: [LagHistory.Point], _ out: inout Markup) {
        let plot = LagPlot(width: 160, height: 28, points.map { ($0.time, $0.records.map { Double($0) }) })
        let isKnown = points.contains { $0.records != nil }
        let greatest = isKnown ? "at most \(LagPlot.number(plot.greatest))" : "of which none is known"
        out.element(
            "svg",
            [
                "class": "spark", "viewBox": "-2 -2 164 32", "role": "img",
                "aria-label": "history of the records behind, \(greatest)",
            ]
        ) { out in
            out.empty("path", ["class": "zero", "d": "M0 28H160"])
            out.empty("path", ["class": "line", "d": plot.path])
        }
    }

    private func tiles(_ group: GroupLag, _ out: inout Markup) {
        let profile = group.profile
        let state = [profile.kind?.rawValue, profile.state].compactMap { $0 }.joined(separator: ", ")
        let members = profile.members.map { $0 == 1 ? "1 member" : "\($0) members" } ?? "members unknown"
        let rates = [("read", group.consumptionRate), ("arrive", group.arrivalRate)].map { what, rate in
            "\(rate.map { LagText.decimal($0) + "/s" } ?? "unknown") \(what)"
        }
        out.element("dl", ["class": "tiles"]) { out in
            for (what, value, small) in [
                ("behind", Self.seconds(group), "age of the next unread record"),
                ("unread", Self.lag(group), rates.joined(separator: ", ")),
                ("caught up in", LagReport.text(group.catchUp), "trend: \(group.trend.rawValue)"),
                (
                    "retention used", group.retentionShare.map(LagText.percent) ?? "unknown",
                    "of the oldest unread record"
                ),
                ("readers", members, state.isEmpty ? "state unknown" : state),
            ] {
                out.element("div") { out in
                    out.element("dt", what)
                    out.element("dd", ["class": value == "unknown" ? "big unknown" : "big"], value)
                    out.element("dd", ["class": "small"], small)
                }
            }
        }
    }

    private func charts(_ points: [LagHistory.Point], isFramed: Bool, _ out: inout Markup) {
        out.element("h2", "History")
        guard points.count > 1, let first = points.first?.time, let last = points.last?.time else {
            out.element("p", ["class": "soft"], "It begins with this look.")
            return
        }
        let span = LagText.duration(Double(last - first) / 1000)
        out.element("div", ["class": "pair"]) { out in
            chart(
                "Seconds behind", "\(LagText.duration(points.compactMap(\.seconds).max() ?? 0))", span,
                points.map { ($0.time, $0.seconds) }, &out)
            let records = points.map { ($0.time, $0.records.map { Double($0) }) }
            chart(
                isFramed ? "Unread frames" : "Unread records", "\(points.compactMap(\.records).max() ?? 0)", span,
                records,
                &out)
        }
    }

    private func chart(
        _ name: String, _ greatest: String, _ span: String, _ values: [(time: Int64, value: Double?)],
        _ out: inout Markup
    ) {
        let plot = LagPlot(width: 480, height: 120, values)
        let isKnown = values.contains { $0.value != nil }
        out.element("figure") { out in
            out.element("figcaption") { out in
                out.element("strong", name)
                out.add(isKnown ? ", at most \(greatest) in \(span)" : ", unknown for \(span)")
            }
            out.element("svg", ["viewBox": "-3 -3 486 126", "role": "img", "aria-label": "\(name) over \(span)"]) {
                out in
                for y in [0, 60, 120] { out.empty("path", ["class": "zero", "d": "M0 \(y)H480"]) }
                out.empty("path", ["class": "line", "d": plot.path])
            }
        }
    }

    private func partitions(_ group: GroupLag, _ out: inout Markup) {
        out.element("h2", "Partitions")
        let sorted = group.partitions.sorted { a, b in
            if a.lag.status != b.lag.status { return a.lag.status > b.lag.status }
            let (aLag, bLag) = (a.lag.records ?? .max, b.lag.records ?? .max)
            return aLag == bLag ? a.topicPartition < b.topicPartition : aLag > bLag
        }
        out.element("div", ["class": "scroll", "tabindex": "0"]) { out in
            out.element("table") { out in
                out.element("thead") { out in
                    out.element("tr") { out in
                        for name in [
                            "Partition", "Status", "Behind", "Unread", "Committed", "End", "Rate/s", "Arrival/s",
                        ] {
                            out.element("th", ["scope": "col"], name)
                        }
                    }
                }
                out.element("tbody") { out in
                    for partition in sorted.prefix(Self.maximumPartitions) { row(partition, &out) }
                }
            }
        }
        let more = sorted.count - Self.maximumPartitions
        if more > 0 { out.element("p", ["class": "soft"], "\(more) other partitions want attention less.") }
    }

    private func row(_ partition: GroupLag.Partition, _ out: inout Markup) {
        let lag = partition.lag
        func whole(_ value: Int64?) -> String { value.map { String($0) } ?? "unknown" }
        func rate(_ value: Double?) -> String { value.map(LagText.decimal) ?? "unknown" }
        out.lineBreak()
        out.element("tr") { out in
            out.element("th", ["scope": "row"], partition.topicPartition.description)
            out.element("td") { out in Self.badge(lag.status, &out) }
            for text in [
                lag.seconds.map(LagText.duration) ?? "unknown", whole(lag.records),
                whole(lag.committed), whole(lag.end), rate(lag.consumptionRate), rate(lag.arrivalRate),
            ] {
                out.element("td", text == "unknown" ? ["class": "unknown"] : [:], text)
            }
        }
    }

    private func notes(_ report: LagReport, _ out: inout Markup) {
        guard !report.notes.isEmpty else { return }
        out.element("h2", "What is not known")
        out.element("ul", ["class": "notes"]) { out in
            for note in report.notes.prefix(Self.maximumNotes) { out.element("li", note) }
            let more = report.notes.count - Self.maximumNotes
            if more > 0 { out.element("li", "\(more) more") }
        }
    }
}

extension CharacterSet {
    /// Characters that need no escape in a segment of a path. A name that is `.` or `..` is not a valid segment.
    fileprivate static let urlSegment = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~")
}
