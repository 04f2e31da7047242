import Downstream
import Events
import Lag
import Pipeline
import Scoring

/// One picture of the town for a terminal, or one line of it where there is none.
struct TownView {
    let service: PipelineService
    let facts: FactTap.State
    let lag: LagReport?
    let rate: Double
    let townTime: Timestamp
    let perksHeld: Int
    let broker: String
    let problem: String?

    private static let shownChanges = 10

    var line: String {
        let status = service.status
        let change = facts.recent.last { $0.type == "standing.score.changed" && $0.data.before != nil }
        return
            "\(townTime.description.prefix(10))  \(Int(rate)) events/s  \(status.intake.records) read  "
            + "\(status.intake.deadLetterTotal) dead letters  \(service.foldCounters.notEnrolled) not enrolled  "
            + "\(perksHeld) perks held  \(lagLine)  " + (change.map { "last: " + Self.describe($0) } ?? "")
    }

    var screen: String {
        let status = service.status
        let fold = service.foldCounters
        var lines = [
            "\u{1B}[2J\u{1B}[H\u{1B}[1mStanding: a town in fast motion\u{1B}[0m   \(townTime.description.prefix(10))   broker \(broker)",
            "",
            "  \(Int(rate)) events/s   read \(status.intake.records)   folded \(fold.entries)   duplicates \(fold.duplicates)"
                + "   not enrolled \(fold.notEnrolled)   dead letters \(status.intake.deadLetterTotal)",
            "  lag: \(lagLine)",
            "",
            "  bands",
        ]
        let bands = service.subjectsByBand()
        let most = max(1, bands.map(\.subjects).max() ?? 1)
        for (band, subjects) in bands.reversed() {
            lines.append("    \(pad(band, 5)) \(String(repeating: "█", count: subjects * 40 / most)) \(subjects)")
        }
        lines += ["", "  perks held (\(perksHeld) by the perks service)"]
        for (perk, held) in facts.perksHeld.sorted(by: { $0.key < $1.key }) {
            lines.append("    \(pad(perk, 24)) \(held)")
        }
        lines += ["", "  last changes and what made them"]
        for fact in facts.recent.suffix(Self.shownChanges).reversed() { lines.append("    " + Self.describe(fact)) }
        if let problem { lines += ["", "  " + problem] }
        return lines.joined(separator: "\n")
    }

    /// The group that is furthest behind, by name.
    private var lagLine: String {
        guard let lag else { return "lag unknown" }
        guard let worst = lag.groups.max(by: { ($0.knownRecords ?? 0) < ($1.knownRecords ?? 0) }) else {
            return "no group"
        }
        guard let records = worst.knownRecords, records > 0 else { return "no group lags" }
        let seconds = worst.knownSeconds.map { String(Int($0 * 10) / 10) + " s" } ?? "unknown time"
        return "\(worst.group) \(records) records, \(seconds) behind"
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func describe(_ fact: FactMessage) -> String {
        let reasons = fact.data.reasons.map { "\($0.rule) \($0.points > 0 ? "+" : "")\($0.points)" }.joined(
            separator: ", ")
        let why =
            reasons.isEmpty
            ? (fact.data.cause.type ?? fact.data.cause.timer.map { "grace of \($0) over" } ?? "") : reasons
        let after = fact.data.after.map { "\($0.score) \($0.band)" } ?? ""
        if let perk = fact.data.perk {
            return
                "\(fact.subject): \(perk) \(fact.type == "standing.perk.granted" ? "granted" : "revoked") at \(after) (\(why))"
        }
        let before = fact.data.before.map { "\($0.score) \($0.band)" } ?? "enrolled"
        return "\(fact.subject): \(before) → \(after) (\(why))"
    }
}
