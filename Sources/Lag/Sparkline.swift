/// A row of bars: one per value, each of one cell.
enum Sparkline {
    private static let bars = Array("▁▂▃▄▅▆▇█")
    /// An unknown value.
    static let unknown: Character = "·"

    /// The last `width` values, scaled to the greatest of them. Only 0 has the lowest bar.
    static func text(_ values: [Double?], width: Int) -> String {
        let shown = values.suffix(max(0, width))
        let greatest = shown.compactMap { $0 }.max() ?? 0
        return String(
            shown.map { value in
                guard let value else { return unknown }
                guard value > 0, greatest > 0 else { return bars[0] }
                let step = Int((value / greatest * Double(bars.count - 1)).rounded(.up))
                return bars[min(bars.count - 1, max(1, step))]
            })
    }
}
