import Foundation

/// Numbers for people.
enum LagText {
    /// Longer times are shown as more than this.
    private static let maximumDays = 9999

    static func decimal(_ value: Double) -> String { String(format: "%.1f", value) }

    static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded(.down)))%" }

    /// The two greatest units, rounded up to whole seconds.
    static func duration(_ value: Double) -> String {
        guard value < Double(maximumDays) * 86_400 else { return ">\(maximumDays)d" }
        let seconds = Int(value.rounded(.up))
        return switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m \(seconds % 60)s"
        case ..<86_400: "\(seconds / 3600)h \(seconds % 3600 / 60)m"
        default: "\(seconds / 86_400)d \(seconds % 86_400 / 3600)h"
        }
    }
}
