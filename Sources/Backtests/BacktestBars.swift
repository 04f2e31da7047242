internal import Events

/// Horizontal bars: a row per name, with the name above its bars and each bar's value at its end.
struct BacktestBars {
    struct Bar {
        var value: Int64
        var label: String
        var style: String
        /// For a bar to both sides: whether it is to the left of zero.
        var isLeft = false
    }

    struct Row {
        var name: String
        var bars: [Bar]
    }

    let rows: [Row]
    private let barHeight = 12.0
    private let nameHeight = 20.0
    private let gap = 9.0
    private static let space = 3.0

    var height: Double {
        rows.reduce(8) { $0 + nameHeight + Double($1.bars.count) * (barHeight + Self.space) + gap }
    }

    private var greatest: Double {
        max(1, Double(rows.flatMap(\.bars).map(\.value.magnitude).max() ?? 1))
    }

    /// Draws bars from the left edge.
    func draw(_ svg: inout Markup) {
        draw(&svg, zero: 2, extent: BacktestPlot.width - 122)
    }

    /// Draws bars to both sides of the middle.
    func drawDiverging(_ svg: inout Markup) {
        let middle = BacktestPlot.width / 2
        BacktestPlot.line(&svg, middle, 2, middle, height - 2, "axis")
        draw(&svg, zero: middle, extent: middle - 92)
    }

    private func draw(_ svg: inout Markup, zero: Double, extent: Double) {
        let greatest = greatest
        var top = 4.0
        for row in rows {
            BacktestPlot.label(&svg, 2, top + 13, BacktestPlot.short(row.name), "name")
            top += nameHeight
            for bar in row.bars {
                let length = Double(bar.value) / greatest * extent
                BacktestPlot.bar(&svg, zero, top, length, barHeight, bar.style)
                let isLeft = bar.isLeft || bar.value < 0
                BacktestPlot.label(
                    &svg, zero + length + (isLeft ? -5 : 5), top + 10, bar.label, isLeft ? "value end" : "value")
                top += barHeight + Self.space
            }
            top += gap
        }
    }
}
