internal import Downstream
internal import Events
internal import Lag
internal import Pipeline
internal import Scoring

/// The state of the town at one moment, as a picture for a terminal or as one line.
struct TownView {
    let service: PipelineService
    let facts: FactTap.State
    let lag: LagReport?
    let rate: Double
    let townTime: Timestamp
    let perksHeld: Int
    let sanctionsInForce: Int
    let broker: String
    /// `HOST:PORT` of the HTTP server; nil before it listens.
    let address: String?
    /// A subject for the example of a request.
    let subject: String?
    let readsKeys: Bool
    let problem: String?

    /// More than any terminal has room for.
    private static let shownChanges = 100
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

    var picture: TownPicture {
        let intake = service.status.intake
        let fold = service.foldCounters
        let sanctions = facts.sanctions
        var picture = TownPicture()
        picture.date = String(townTime.description.prefix(10))
        picture.broker = broker
        picture.address = address
        picture.subject = subject
        picture.readsKeys = readsKeys
        picture.eventsPerSecond = Int(rate)
        picture.read = Int(intake.records)
        picture.folded = Int(fold.entries)
        picture.duplicates = Int(fold.duplicates)
        picture.notEnrolled = Int(fold.notEnrolled)
        picture.deadLetters = Int(intake.deadLetterTotal)
        if lag != nil { picture.lag = TownPicture.Remark(lagLine, isBehind ? .underWay : .neutral) }
        picture.problem = problem
        picture.bands = service.subjectsByBand().reversed().map { TownPicture.Count($0.band, $0.subjects) }
        picture.perks = Self.counts(facts.perksHeld)
        picture.perksInService = perksHeld
        picture.noticed = sanctions.standing[.noticed, default: 0]
        picture.inForce = sanctions.standing[.inForce, default: 0]
        picture.inForceInService = sanctionsInForce
        picture.stayed = sanctions.standing[.stayed, default: 0]
        picture.lifted = Self.counts(sanctions.lifted)
        picture.denied = Self.counts(sanctions.denied)
        picture.appealsUpheld = sanctions.lifted["appeal-upheld", default: 0]
        picture.appealsRejected = sanctions.rejectedAppeals
        picture.appealsLapsed = sanctions.lifted["appeal-lapsed", default: 0]
        picture.changes = Self.remarks(facts.recent)
        picture.sanctionChanges = Self.remarks(facts.recentSanctions)
        return picture
    }

    private static func counts(_ counts: [String: Int]) -> [TownPicture.Count] {
        counts.sorted { $0.key < $1.key }.map { TownPicture.Count($0.key, $0.value) }
    }

    /// The newest first.
    private static func remarks(_ facts: [FactMessage]) -> [TownPicture.Remark] {
        facts.suffix(shownChanges).reversed().map { TownPicture.Remark(describe($0), tone(of: $0)) }
    }

    private static func tone(of fact: FactMessage) -> TownPicture.Remark.Tone {
        switch SanctionTally.state(of: fact) {
        case .noticed, .inForce: return .worse
        case .stayed: return .underWay
        case .lifted: return .better
        case nil: break
        }
        if fact.data.perk != nil { return fact.type == "standing.perk.granted" ? .better : .worse }
        guard let before = fact.data.before, let after = fact.data.after else { return .neutral }
        return after.score > before.score ? .better : after.score < before.score ? .worse : .neutral
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

    /// The group with the greatest lag.
    private var furthestBehind: GroupLag? {
        lag?.groups.max { ($0.knownSeconds ?? 0, $0.knownRecords ?? 0) < ($1.knownSeconds ?? 0, $1.knownRecords ?? 0) }
    }

    private var isBehind: Bool { furthestBehind?.knownRecords ?? 0 > 0 }

    private var lagLine: String {
        guard lag != nil else { return "lag unknown" }
        guard let furthestBehind else { return "no group" }
        guard let records = furthestBehind.knownRecords, records > 0 else { return "no group lags" }
        let unit = furthestBehind.isFramed ? "frames" : "records"
        let events = furthestBehind.events.map { " (\($0) events)" } ?? ""
        let seconds = furthestBehind.knownSeconds.map { String(Double(Int($0 * 10)) / 10) + " s" } ?? "unknown time"
        return "\(furthestBehind.group) \(records) \(unit)\(events), \(seconds) behind"
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
        guard fact.data.after != nil else { return "\(fact.subject): \(before), withdrew" }
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

    /// The points against the subject in the sanction's dimension, or the event that imposed it.
    private static func evidence(_ fact: FactMessage) -> String {
        let adverse = fact.data.reasons.filter { $0.points < 0 }
        return adverse.isEmpty ? (fact.data.cause.type ?? "of what happened") : list(adverse)
    }

    private static func list(_ reasons: [FactMessage.Reason]) -> String {
        reasons.map { "\($0.rule) \($0.points > 0 ? "+" : "")\($0.points)" }.joined(separator: ", ")
    }
}
