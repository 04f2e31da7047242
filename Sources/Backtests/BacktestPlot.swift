internal import Events

/// A plot's frame, which maps values to positions. Sizes are in the drawing's own units, 460 across; the page scales
/// it.
struct BacktestPlot {
    static let width = 460.0

    let x: ClosedRange<Double>
    let y: ClosedRange<Double>
    let height: Double
    private let left = 58.0
    private let right = 14.0
    private let top = 12.0
    private let bottom = 46.0

    /// An empty range is widened.
    init(x: ClosedRange<Double>, y: ClosedRange<Double>, height: Double = 300) {
        func wide(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
            range.lowerBound < range.upperBound ? range : range.lowerBound...range.lowerBound + 1
        }
        self.x = wide(x)
        self.y = wide(y)
        self.height = height
    }

    func across(_ value: Double) -> Double {
        left + (value - x.lowerBound) / (x.upperBound - x.lowerBound) * (Self.width - left - right)
    }

    func down(_ value: Double) -> Double {
        height - bottom - (value - y.lowerBound) / (y.upperBound - y.lowerBound) * (height - top - bottom)
    }

    // MARK: Ticks

    struct Tick {
        var value: Double
        var label: String
    }

    /// About `count` round values inside a range. Labels show the values multiplied by `scale`.
    static func ticks(_ range: ClosedRange<Double>, count: Int = 5, scale: Double = 1, unit: String = "") -> [Tick] {
        let extent = (range.upperBound - range.lowerBound) * scale
        guard extent > 0 else { return [] }
        var step = 1.0
        var decimals = 0
        while step * Double(count) > extent * 10 {
            step /= 10
            decimals += 1
        }
        while step * 10 * Double(count) <= extent { step *= 10 }
        if decimals == 0, step * Double(count) > extent { decimals = step >= 10 ? 0 : 1 }
        step = [0.1, 0.2, 0.5, 1, 2, 5, 10].map { $0 * step }.first { extent / $0 <= Double(count) + 0.5 } ?? step * 10
        let first = (range.lowerBound * scale / step - 1e-9).rounded(.up)
        let last = (range.upperBound * scale / step + 1e-9).rounded(.down)
        guard first <= last else { return [] }
        let fractionDigits = step >= 1 ? 0 : max(1, decimals + (step < 0.1 ? 1 : 0))
        return stride(from: first, through: last, by: 1).map {
            Tick(value: $0 * step / scale, label: decimal($0 * step, fractionDigits) + unit)
        }
    }

    /// The least round value at which a range from 0 can end.
    static func ceiling(_ value: Double) -> Double {
        guard value > 0 else { return 1 }
        var step = 1.0
        while step > value { step /= 10 }
        while step * 10 <= value { step *= 10 }
        return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map { $0 * step }.first { $0 >= value } ?? value
    }

    static func decimal(_ value: Double, _ fractionDigits: Int) -> String {
        let scale = (0..<fractionDigits).reduce(Int64(1)) { scale, _ in scale * 10 }
        return BacktestRatio(Int64((value * Double(scale)).rounded()), over: scale)?.decimal(fractionDigits) ?? ""
    }

    static func coordinate(_ value: Double) -> String { decimal(value, 1) }

    // MARK: Drawing

    /// The frame of a drawing, with its name and a description in words.
    static func drawing(
        _ page: inout Markup, id: String, height: Double, title: String, description: String,
        _ content: (inout Markup) -> Void
    ) {
        let attributes: Markup.Attributes = [
            "viewBox": "0 0 \(coordinate(width)) \(coordinate(height))", "role": "img",
            "aria-labelledby": "\(id)-title \(id)-desc",
        ]
        page.element("svg", attributes) { svg in
            svg.element("title", ["id": "\(id)-title"], title)
            svg.element("desc", ["id": "\(id)-desc"], description)
            content(&svg)
        }
        page.lineBreak()
    }

    func axes(_ svg: inout Markup, x xTicks: [Tick], y yTicks: [Tick], xTitle: String, yTitle: String) {
        for tick in yTicks {
            Self.line(&svg, across(x.lowerBound), down(tick.value), across(x.upperBound), down(tick.value), "grid")
            Self.label(&svg, across(x.lowerBound) - 6, down(tick.value) + 4, tick.label, "tick end")
        }
        for tick in xTicks {
            Self.line(&svg, across(tick.value), down(y.lowerBound), across(tick.value), down(y.lowerBound) + 4, "axis")
            Self.label(&svg, across(tick.value), down(y.lowerBound) + 17, tick.label, "tick middle")
        }
        Self.line(&svg, across(x.lowerBound), down(y.lowerBound), across(x.upperBound), down(y.lowerBound), "axis")
        let middle = (across(x.lowerBound) + across(x.upperBound)) / 2
        Self.label(&svg, middle, height - 8, xTitle, "tick middle")
        let centre = Self.coordinate((down(y.lowerBound) + down(y.upperBound)) / 2)
        svg.element(
            "text", ["class": "tick middle", "x": "10", "y": centre, "transform": "rotate(-90 10 \(centre))"], yTitle)
    }

    func line(_ svg: inout Markup, _ points: [(x: Double, y: Double)], _ style: String) {
        svg.empty("path", ["class": style, "d": Self.path(points.map { (across($0.x), down($0.y)) })])
    }

    /// A horizontal line from each point to the next one. A filled one goes down to the axis at both ends.
    func steps(_ svg: inout Markup, _ points: [(x: Double, y: Double)], _ style: String) {
        var corners: [(x: Double, y: Double)] = []
        for point in points {
            if let last = corners.last { corners.append((point.x, last.y)) }
            corners.append(point)
        }
        line(&svg, corners, style)
    }

    func dots(_ svg: inout Markup, _ points: [(x: Double, y: Double)], _ style: String) {
        for point in points {
            svg.empty(
                "circle",
                [
                    "class": style, "cx": Self.coordinate(across(point.x)), "cy": Self.coordinate(down(point.y)),
                    "r": "4",
                ])
        }
    }

    static func path(_ points: [(x: Double, y: Double)]) -> String {
        var text = ""
        for (index, point) in points.enumerated() {
            text += "\(index == 0 ? "M" : "L")\(coordinate(point.x)) \(coordinate(point.y))"
        }
        return text
    }

    static func line(
        _ svg: inout Markup, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
    ) {
        svg.empty("path", ["class": style, "d": path([(x1, y1), (x2, y2)])])
    }

    static func label(_ svg: inout Markup, _ x: Double, _ y: Double, _ text: String, _ style: String) {
        svg.element("text", ["class": style, "x": coordinate(x), "y": coordinate(y)], text)
    }

    /// A negative `extent` is to the left of `x`.
    static func bar(
        _ svg: inout Markup, _ x: Double, _ y: Double, _ extent: Double, _ height: Double, _ style: String
    ) {
        svg.empty(
            "rect",
            [
                "class": style, "x": coordinate(min(x, x + extent)), "y": coordinate(y),
                "width": coordinate(abs(extent)), "height": coordinate(height),
            ])
    }

    /// A name short enough for the space above a bar.
    static func short(_ name: String, _ limit: Int = 48) -> String {
        name.count <= limit ? name : name.prefix(limit - 1) + "\u{2026}"
    }
}
