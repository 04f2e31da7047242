internal import Events

extension Plot {
    /// The sizes of a drawing. A page has one for wide windows and one for narrow ones, so that the letters stay
    /// readable.
    private struct Frame {
        let name: StaticString
        let width: Double
        let height: Double
        let left: Double
        let right: Double
        let top = 10.0
        let bottom = 30.0
        /// The number of labels on the time axis.
        let dates: Int

        static let wide = Frame(name: "plot wide", width: 860, height: 280, left: 52, right: 44, dates: 6)
        static let narrow = Frame(name: "plot narrow", width: 340, height: 260, left: 44, right: 30, dates: 3)
    }

    /// The number of steps that have a mark of their own. Older ones are part of the line.
    private static let marked = 150

    /// The score over time: a step at each change, with the cause as its title. The page's list of steps has the same
    /// data.
    static func steps(_ view: SubjectView) -> String {
        guard !view.steps.isEmpty else { return "" }
        return draw(view, .wide) + draw(view, .narrow)
    }

    private static func draw(_ view: SubjectView, _ frame: Frame) -> String {
        let first = view.steps[0].time
        let last = max(view.clock, view.steps[view.steps.count - 1].time)
        let span = max(1, ConsolePages.seconds(from: first, to: last))
        let scores = view.steps.map(\.score)
        // The axis has a margin above and below, within the possible scores.
        let (least, greatest) = (scores.min() ?? 0, scores.max() ?? 0)
        let air = max(10, (greatest - least) / 6)
        let low = max(view.minimum, least - air)
        let high = max(low + 1, min(view.maximum, greatest + air))
        func x(_ time: Timestamp) -> Double {
            frame.left + ConsolePages.seconds(from: first, to: time) / span * (frame.width - frame.left - frame.right)
        }
        func y(_ score: Int) -> Double {
            frame.height - frame.bottom
                - Double(min(high, max(low, score)) - low) / Double(high - low)
                * (frame.height - frame.top - frame.bottom)
        }
        let (left, right) = (frame.left, frame.width - frame.right)
        var out = Markup()
        out.element(
            "svg",
            [
                "class": "\(frame.name)", "viewBox": "0 0 \(number(frame.width)) \(number(frame.height))",
                "role": "img",
                "aria-label":
                    "score over time: \(view.steps.count) steps from \(ConsolePages.day(first)) to \(ConsolePages.day(last)), "
                    + "from \(view.steps[0].score) to \(view.score); the list below has each",
            ]
        ) { out in
            for (index, band) in view.bands.enumerated() {
                let start = index == 0 ? view.minimum : band.from
                let end = index + 1 < view.bands.count ? view.bands[index + 1].from : view.maximum
                guard start < high, end > low else { continue }
                let (top, bottom) = (y(end), y(start))
                out.empty(
                    "rect",
                    [
                        "class": "band \(shade(index, of: view.bands.count))", "x": number(left), "y": number(top),
                        "width": number(right - left), "height": number(max(0, bottom - top)),
                    ])
                if bottom - top >= 14 {
                    let height = (top + bottom) / 2 + 4
                    out.element(
                        "text", ["class": "end", "x": number(right + 6), "y": number(height)],
                        ConsolePages.shortened(band.name.printable(), to: 4))
                }
            }
            for score in ticks(low...high) {
                out.empty("path", ["class": "grid", "d": "M\(number(left)) \(number(y(score)))H\(number(right))"])
                out.element(
                    "text", ["class": "tick", "x": number(left - 8), "y": number(y(score) + 4)],
                    ConsolePages.count(score))
            }
            for index in 0..<frame.dates {
                let share = Double(index) / Double(frame.dates - 1)
                let time = first.adding(microseconds: Int64(span * share * 1_000_000))
                let anchor = index == 0 ? "start" : index == frame.dates - 1 ? "end" : "middle"
                out.element(
                    "text",
                    [
                        "class": "date \(anchor)", "x": number(left + share * (right - left)),
                        "y": number(frame.height - 8),
                    ], label(time, span: span))
            }
            var line = "M\(number(x(first))) \(number(y(view.steps[0].score)))"
            for step in view.steps.dropFirst() { line += "H\(number(x(step.time)))V\(number(y(step.score)))" }
            line += "H\(number(right))"
            out.empty("path", ["class": "line", "d": line])
            let start = max(0, view.steps.count - marked)
            for index in start..<view.steps.count {
                let step = view.steps[index]
                let before = index > 0 ? view.steps[index - 1].score : step.score
                let kind = index == 0 ? "begin" : step.score < before ? "loss" : "gain"
                out.element(
                    "circle", ["class": kind, "cx": number(x(step.time)), "cy": number(y(step.score)), "r": "3.5"]
                ) { out in
                    let change =
                        index == 0
                        ? "enrolled with \(step.score)" : "\(ConsolePages.signed(step.score - before)) to \(step.score)"
                    out.element(
                        "title",
                        "\(ConsolePages.moment(step.time)) UTC: \(change), \(ConsolePages.shortened(step.cause, to: 60).printable())"
                    )
                }
            }
        }
        return out.text
    }

    private static func label(_ time: Timestamp, span: Double) -> String {
        // With seconds where minutes alone would be the same.
        if span < 600 { return String(time.description.dropFirst(11).prefix(8)) }
        if span < 2 * 86_400 { return String(ConsolePages.moment(time).suffix(5)) }
        let day = ConsolePages.day(time)
        return span < 200 * 86_400 ? String(day.dropLast(5)) : String(day.drop { $0 != " " }.dropFirst())
    }

    /// About four round scores.
    private static func ticks(_ range: ClosedRange<Int>) -> [Int] {
        let extent = range.upperBound - range.lowerBound
        var step = 1
        for candidate in [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000] where extent / step > 5 {
            step = candidate
        }
        while extent / step > 5 { step *= 2 }
        let first = (range.lowerBound / step + (range.lowerBound > 0 && range.lowerBound % step != 0 ? 1 : 0)) * step
        return stride(from: first, through: range.upperBound, by: step).filter { range.contains($0) }
    }
}
