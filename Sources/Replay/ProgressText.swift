internal import Foundation

/// A line of progress: a bar and per cent if the total is known, the recent rate, and the remaining time.
public struct ProgressText: Sendable {
    private static let width = 30
    private static let minute = 60.0
    private static let hour = 3600.0

    /// The unit of the rate, such as `entries`.
    private let unit: String
    private var work = RateEstimate()
    private var units = RateEstimate()

    public init(unit: String) { self.unit = unit }

    /// `done` of `total` (0 if it is not known) corresponds to `count` of the unit. `seconds` is from any origin. Times
    /// must ascend.
    public mutating func line(done: Int64, total: Int64, count: Int64, at seconds: Double) -> String {
        work.add(done: done, at: seconds)
        units.add(done: count, at: seconds)
        var parts: [String] = []
        if total > 0 {
            let part = min(1, max(0, Double(done) / Double(total)))
            let filled = Int(part * Double(Self.width))
            let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: Self.width - filled)
            parts.append("[\(bar)] \(Int(part * 100)) %")
        } else {
            parts.append("\(count) \(unit)")
        }
        if let rate = units.rate { parts.append("\(Self.short(rate)) \(unit)/s") }
        if let left = work.timeLeft(total: total) { parts.append("\(Self.duration(left)) left") }
        return parts.joined(separator: "  ")
    }

    private static func short(_ rate: Double) -> String {
        if rate >= 1e6 { return String(format: "%.2f M", rate / 1e6) }
        return rate >= 1e4 ? String(format: "%.1f k", rate / 1e3) : String(format: "%.0f", rate)
    }

    private static func duration(_ seconds: Double) -> String {
        if seconds >= hour {
            return "\(Int(seconds / hour)) h \(Int(seconds.truncatingRemainder(dividingBy: hour) / minute)) min"
        }
        return seconds >= 2 * minute ? "\(Int((seconds / minute).rounded(.up))) min" : "\(Int(seconds.rounded(.up))) s"
    }
}
