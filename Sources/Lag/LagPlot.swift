/// A line of a group's history as SVG, with gaps for unknown values and the zero line at the bottom.
struct LagPlot {
    let width: Double
    let height: Double
    /// By time, oldest first. A nil value is unknown.
    let values: [(time: Int64, value: Double?)]
    let greatest: Double

    init(width: Double, height: Double, _ values: [(time: Int64, value: Double?)]) {
        (self.width, self.height, self.values) = (width, height, values)
        greatest = values.compactMap(\.value).max() ?? 0
    }

    /// `M x y L …`, with a new `M` after each gap. A value between unknown ones is a short line.
    var path: String {
        guard let first = values.first?.time, let last = values.last?.time else { return "" }
        let span = Double(max(1, last - first))
        var text = ""
        var isDrawing = false
        for (time, value) in values {
            guard let value else {
                isDrawing = false
                continue
            }
            let x = values.count == 1 ? width : Double(time - first) / span * width
            let y = height - (greatest > 0 ? value / greatest : 0) * height
            text += "\(isDrawing ? "L" : "M")\(Self.number(x)) \(Self.number(y))"
            if !isDrawing { text += "h.01" }
            isDrawing = true
        }
        return text
    }

    /// Rounded to tenths; 0 if it is not finite.
    static func number(_ value: Double) -> String {
        guard abs(value) < 1e15 else { return "0" }
        let tenths = Int64((value * 10).rounded())
        let (whole, tenth) = tenths.magnitude.quotientAndRemainder(dividingBy: 10)
        return (tenths < 0 ? "-" : "") + String(whole) + (tenth == 0 ? "" : "." + String(tenth))
    }
}
