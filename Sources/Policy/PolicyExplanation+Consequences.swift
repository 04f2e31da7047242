internal import Events
internal import CEL

// The consequences of a score: perks, sanctions, and the remedies against them.
extension PolicyExplanation {
    mutating func writePerks() {
        heading("## Perks")
        guard !policy.perks.isEmpty else {
            paragraph("This policy gives no perks.")
            return
        }
        paragraph("A perk is granted as soon as its condition holds. When it no longer holds, the perk goes.")
        lines.append("")
        for perk in policy.perks {
            guard !perk.when.isAlwaysTrue else {
                bullet(["**\(perk.id)**:", "granted to everyone who is scored."])
                continue
            }
            let condition = Words(policy: policy).condition(perk.when.source)
            let grace =
                perk.grace.count == 0
                ? "It is revoked as soon as that is no longer so."
                : "It is revoked only when that has not been so for \(perk.grace) without a break."
            bullet(["**\(perk.id)**:", "granted \(condition).", grace])
        }
    }

    // MARK: Sanctions

    mutating func writeSanctions() {
        heading("## Sanctions")
        guard !policy.sanctions.isEmpty else {
            paragraph("This policy imposes no sanctions.")
            return
        }
        paragraph(
            "Only something new and adverse can impose a sanction: time that passes, a correction, an appeal or a new",
            "version of this policy can lift one but never impose one. Every sanction has a term and ends by itself.",
            "Nothing is blocked while a sanction is only announced.")
        lines.append("")
        for sanction in policy.sanctions { bullet(sentences(sanction)) }
    }

    private func sentences(_ sanction: ScoringPolicy.Sanction) -> [String] {
        let context = name(ofDimension: sanction.dimension)
        var result = [
            "**\(sanction.id)** (context: \(context)):", "blocks \(Self.list(Self.code(sanction.measures))).",
            imposed(sanction),
            sanction.notice.count == 0
                ? "It is in force at once, without notice."
                : "It is announced at once and comes into force \(sanction.notice) later.",
        ]
        switch sanction.trigger {
        case .level: result.append("It ends \(sanction.lasts) after it was imposed.")
        case .event:
            result.append("It ends \(sanction.lasts) after it was imposed; a further such event starts the term again.")
        }
        result.append("Before that it is lifted \(Self.list(lifted(sanction), "or")).")
        return result
    }

    func imposed(_ sanction: ScoringPolicy.Sanction) -> String {
        switch sanction.trigger {
        case .level(let when):
            let words = Words(policy: policy, dimension: sanction.dimension)
            let condition = when.isAlwaysTrue ? "" : " \(words.condition(when.source))"
            let adverse = policy.measures.filter { $0.dimension == sanction.dimension && $0.isAdverse }.map(\.id)
            let measured =
                adverse.isEmpty
                ? "" : " or came into \(Self.list(Self.code(adverse), "or")), which is held against the member"
            return "It is imposed\(condition) after an event that took points in this context\(measured)."
        case .event(let types, let when):
            let condition = when?.unlessAlwaysTrue.map { ", \(Words(policy: policy).condition($0.source))" } ?? ""
            return "It is imposed by \(Self.list(Self.code(types), "or"))\(condition)."
        }
    }

    /// The ways in which it ends early, as clauses.
    private func lifted(_ sanction: ScoringPolicy.Sanction) -> [String] {
        var ways: [String] = []
        if !sanction.liftedBy.isEmpty { ways.append("by \(Self.list(Self.code(sanction.liftedBy), "or")) (remedied)") }
        switch sanction.trigger {
        case .level: ways.append("as soon as that level is left (cured)")
        case .event: ways.append("when the event that imposed it is voided")
        }
        ways.append("when an appeal is upheld or not decided in time")
        ways.append("by withdrawing from the programme")
        return ways
    }

    // MARK: Appeals and corrections

    mutating func writeAppeals() {
        guard !policy.sanctions.isEmpty else { return }
        let appeals = policy.appeals
        heading("## The right to appeal")
        paragraph(
            "Whoever is under a sanction, announced or in force, may appeal, once each time that one is imposed.",
            appeals.stay
                ? "While the appeal is undecided the sanction is stayed: nothing is blocked."
                : "The sanction goes on while the appeal is undecided.",
            "The appeal must be decided within \(appeals.decideWithin). If it is not, the sanction is lifted: silence",
            "counts in favour of the person. If the appeal is upheld, the sanction is lifted. If it is rejected, the",
            "sanction goes on with its old dates, and no day of it is added.")
    }

    mutating func writeCorrections() {
        heading("## Corrections")
        paragraph(
            "An event that was reported in error can be voided. Then everything is as if it had never happened, and",
            "the same event sent again does not count. An event that is reported twice counts once. Every change of a",
            "score, a perk or a sanction is told with the rules and points that made it.")
        paragraph(
            "What happened before somebody joined never counts. What happened after it and arrives before the news of",
            policy.early == 0
                ? "it does not count either." : "it counts, if that news follows within \(earlyText).")
        paragraph(
            "No rule and no sanction may look at protected attributes:",
            Self.list(ProtectedAttribute.names.map { $0.replacing("_", with: " ") }, "or") + ".")
    }

    /// `1 hour`, `90 minutes`, `2 days`.
    private var earlyText: String {
        let minutes = policy.early / (60 * Timestamp.microsecondsPerSecond)
        let (count, unit) =
            minutes % 1440 == 0
            ? (minutes / 1440, "day") : minutes % 60 == 0 ? (minutes / 60, "hour") : (minutes, "minute")
        return "\(count) \(unit)\(count == 1 ? "" : "s")"
    }

    mutating func writeHarmBudget() {
        let budget = policy.harmBudget
        guard budget != .init() else { return }
        heading("## When this policy comes into force, or another replaces it")
        paragraph("A change that would do more harm than this is refused:")
        lines.append("")
        if let share = budget.loseBand { bullet(["At most \(Self.share(share)) of the members fall to a lower band."]) }
        if let share = budget.losePoints { bullet(["At most \(Self.share(share)) of the members lose points."]) }
        if let share = budget.losePerk { bullet(["At most \(Self.share(share)) of the members lose a perk."]) }
        if let points = budget.largestLoss { bullet(["Nobody loses more than \(points) points."]) }
        if let count = budget.newSanctions {
            bullet([
                count == 0
                    ? "Nobody would have been under a sanction who was not."
                    : "At most \(count) sanctions would have been imposed that were not."
            ])
        }
        paragraph("A change never imposes a sanction. What was decided stays, or is lifted.")
    }

    /// A number of hundredths of a percent as text.
    public static func share(_ hundredths: Int64) -> String {
        let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
        if rest == 0 { return "\(whole) %" }
        return rest % 10 == 0 ? "\(whole).\(rest / 10) %" : "\(whole).\(rest < 10 ? "0" : "")\(rest) %"
    }
}
