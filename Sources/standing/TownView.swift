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
    let sanctionsInForce: Int
    let broker: String
    let problem: String?

    private static let shownChanges = 8
    private static let shownSanctions = 8
    private static let energyDiscount = "energy-discount"

    var line: String {
        let status = service.status
        let change = facts.recent.last { $0.type == "standing.score.changed" && $0.data.before != nil }
        return
            "\(townTime.description.prefix(10))  \(Int(rate)) events/s  \(status.intake.records) read  "
            + "\(status.intake.deadLetterTotal) dead letters  \(service.foldCounters.notEnrolled) not enrolled  "
            + "\(perksHeld) perks held, \(facts.perksHeld[Self.energyDiscount, default: 0]) energy discounts  "
            + "sanctions: \(standingSanctions)  lifted: \(liftedSanctions)  denied: \(deniedMeasures)  "
            + "appeals: \(appeals)  \(lagLine)"
            + [change, facts.recentSanctions.last].compactMap { $0 }.map { "  last: " + Self.describe($0) }.joined()
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
        lines += [
            "",
            "  sanctions: \(standingSanctions) (\(sanctionsInForce) in force by the blacklist service)",
            "    lifted   \(liftedSanctions)",
            "    denied   \(deniedMeasures)",
            "    appeals  \(appeals)",
        ]
        for fact in facts.recentSanctions.suffix(Self.shownSanctions).reversed() {
            lines.append("    " + Self.describe(fact))
        }
        lines += ["", "  last changes and what made them"]
        for fact in facts.recent.suffix(Self.shownChanges).reversed() { lines.append("    " + Self.describe(fact)) }
        if let problem { lines += ["", "  " + problem] }
        return lines.joined(separator: "\n")
    }

    private var standingSanctions: String {
        let standing = facts.sanctions.standing
        return
            "\(standing[.noticed, default: 0]) noticed, \(standing[.inForce, default: 0]) in force, "
            + "\(standing[.stayed, default: 0]) stayed"
    }

    private var liftedSanctions: String { Self.list(facts.sanctions.lifted) }

    private var deniedMeasures: String { Self.list(facts.sanctions.denied) }

    private var appeals: String {
        let (lifted, rejected) = (facts.sanctions.lifted, facts.sanctions.rejectedAppeals)
        return
            "\(lifted["appeal-upheld", default: 0]) upheld, \(rejected) rejected, "
            + "\(lifted["appeal-lapsed", default: 0]) lapsed"
    }

    private static func list(_ counts: [String: Int]) -> String {
        let some = counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        return some.isEmpty ? "none" : some.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
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
        if let sanction = fact.data.sanction { return "\(fact.subject): \(sanction) " + describeSanction(fact) }
        let reasons = list(fact.data.reasons)
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

    private static func describeSanction(_ fact: FactMessage) -> String {
        let until = fact.data.until.map { " until \($0.prefix(10))" } ?? ""
        if SanctionTally.isRejection(fact) {
            return (SanctionTally.state(of: fact) == .noticed ? "noticed" : "in force") + until + ", appeal rejected"
        }
        switch SanctionTally.state(of: fact) {
        case .noticed: return "noticed\(until), because \(evidence(fact))"
        case .inForce: return "in force\(until), because \(evidence(fact))"
        case .stayed: return "stayed\(until), because of an appeal"
        case .lifted: return "lifted, \(fact.data.reason ?? "")"
        case nil: return fact.type
        }
    }

    /// What speaks against the subject in the sanction's dimension, or the event that imposed it.
    private static func evidence(_ fact: FactMessage) -> String {
        let adverse = fact.data.reasons.filter { $0.points < 0 }
        return adverse.isEmpty ? (fact.data.cause.type ?? "of what happened") : list(adverse)
    }

    private static func list(_ reasons: [FactMessage.Reason]) -> String {
        reasons.map { "\($0.rule) \($0.points > 0 ? "+" : "")\($0.points)" }.joined(separator: ", ")
    }
}
