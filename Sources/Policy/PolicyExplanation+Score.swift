internal import Events
internal import CEL

// The subjects that are scored, and the parts of a score.
extension PolicyExplanation {
    mutating func writeSubjects() {
        heading("## Who is scored")
        paragraph(
            "This policy scores \(policy.kinds.plural), and of these only who has enrolled. Nobody is scored before",
            "enrolling: what happened earlier, or to someone who never enrols, counts for nothing, ever. Whoever",
            "withdraws is scored no more: every sanction is lifted, the perks end and the points are forgotten.")
    }

    mutating func writeScore() {
        let score = policy.score
        heading("## The score")
        paragraph(
            "Everyone starts at \(Self.points(score.base)). The score is \(score.base) plus the points of every",
            "context below, never less than \(score.min) and never more than \(score.max). It depends on what counts",
            "at that moment and not on the order in which it became known.")
    }

    mutating func writeContexts() {
        heading("## Contexts")
        paragraph(
            "Evidence never crosses from one context to another: each kind of event counts in one context only, and a",
            policy.measures.isEmpty
                ? "sanction looks at nothing but the points or the events of its own."
                : "sanction looks at nothing but the points, the measures or the events of its own.")
        lines.append("")
        for dimension in policy.dimensions {
            bullet(["**\(dimension.name)**:", Self.bounds(dimension) + "."])
        }
    }

    private static func bounds(_ dimension: ScoringPolicy.Dimension) -> String {
        switch (dimension.min > -ScoringPolicy.saturation, dimension.max < ScoringPolicy.saturation) {
        case (true, true):
            "its points together count as no less than \(dimension.min) and no more than \(dimension.max)"
        case (true, false): "its points together count as no less than \(dimension.min)"
        case (false, true): "its points together count as no more than \(dimension.max)"
        case (false, false): "its points count without a limit of their own"
        }
    }

    // MARK: Rules

    mutating func writeRules() {
        heading("## What counts")
        if policy.rules.isEmpty {
            paragraph("Nothing: this policy has no rules, so every score stays where it starts.")
        }
        for number in policy.dimensions.indices {
            let rules = policy.rules.filter { $0.dimension == number }
            guard !rules.isEmpty else { continue }
            heading("### \(name(ofDimension: number))")
            for rule in rules { bullet(sentences(rule)) }
        }
    }

    private func sentences(_ rule: ScoringPolicy.Rule) -> [String] {
        if rule.isOverMeasures { return sentences(overMeasures: rule) }
        let event = "each \(Self.list(Self.code(rule.events), "or"))"
        let words = Words(policy: policy)
        let condition = rule.when?.unlessAlwaysTrue.map { ", \(words.condition($0.source))," } ?? ""
        return [
            "**\(rule.id)**\(who(rule.kinds)):", "\(event)\(condition) \(words.worth(rule.points))." + Self.cap(rule),
        ] + Self.lifetime(rule)
    }

    /// The kinds that a rule or a measure concerns; empty for all.
    func who(_ kinds: KindSet) -> String {
        let kinds = kinds.intersection(policy.kinds)
        return kinds == policy.kinds ? "" : " (\(kinds.isEmpty ? "nobody here" : "\(kinds.plural) only"))"
    }

    static func gives(_ points: Int64) -> String {
        points < 0 ? "takes \(Self.points(-points))" : "gives \(Self.points(points))"
    }

    private static func cap(_ rule: ScoringPolicy.Rule) -> String {
        guard rule.cap != .max else { return "" }
        let period =
            rule.within.map { "in \($0)" } ?? (rule.per == .ever ? "altogether" : "in a \(rule.per.words)")
        switch rule.points {
        case .constant(let points) where points < 0:
            return " No more than \(Self.points(rule.cap)) are taken \(period)."
        case .constant: return " No more than \(Self.points(rule.cap)) are given \(period)."
        case .expression:
            return " What this adds up to \(period) counts as no less than \(-rule.cap) and no more than \(rule.cap)."
        }
    }

    private static func lifetime(_ rule: ScoringPolicy.Rule) -> [String] {
        if let within = rule.within { return ["It counts until \(within) after the end of its day (UTC)."] }
        guard let lasts = rule.lasts else { return ["It counts for ever."] }
        let end = "the end of the event's \(rule.per.words)"
        guard let fading = rule.fading else {
            return [lasts.count == 0 ? "It counts until \(end)." : "It counts until \(lasts) after \(end)."]
        }
        let unit = fading.unit.rawValue.dropLast()
        return [
            "It counts in full until \(end).",
            fading.steps == 1
                ? "Then it counts until 1 \(unit) later."
                : "Then it fades in \(fading.steps) equal steps, one a \(unit): after \(lasts) it counts no more.",
        ]
    }

    // MARK: Bands

    mutating func writeBands() {
        heading("## Bands")
        paragraph("The score decides the band:")
        lines.append("")
        for (number, band) in policy.bands.enumerated() {
            let from = number == 0 ? min(band.from, policy.score.min) : band.from
            if number + 1 < policy.bands.count {
                bullet(["**\(band.name)**:", "\(from) to \(policy.bands[number + 1].from - 1)."])
            } else {
                bullet(["**\(band.name)**:", "\(from) and more."])
            }
        }
    }
}
