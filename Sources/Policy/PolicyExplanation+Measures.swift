internal import Events
internal import CEL

// Values of a subject beside points: attributes and measures.
extension PolicyExplanation {
    mutating func writeAttributes() {
        guard !policy.attributes.isEmpty else { return }
        heading("## What is known of a member")
        paragraph("Beside events, the rules look at what is said of a member on enrolling:")
        lines.append("")
        for attribute in policy.attributes { bullet(["**\(attribute.name)**:", attribute.type.words + "."]) }
        paragraph(
            "Enrolling again replaces all of it; what is not said then is not known any more. Points that an event gave",
            "are not changed by it.")
    }

    mutating func writeMeasures() {
        guard !policy.measures.isEmpty else { return }
        heading("## What is measured")
        paragraph(
            "Beside points, these numbers are kept of each member. They follow from the events alone, in whatever order",
            "these became known. An event stays in a number until so long after the end of its day (UTC).")
        lines.append("")
        for measure in policy.measures { bullet(sentences(measure)) }
    }

    private func sentences(_ measure: ScoringPolicy.Measure) -> [String] {
        let who = who(measure.kinds)
        var result = [
            "**\(measure.id)** (context: \(name(ofDimension: measure.dimension)))\(who):",
            Words(policy: policy).noun(measure) + ".",
        ]
        if measure.mayBeAbsent { result.append("Without any there is no such number.") }
        if measure.isAdverse { result.append("These are held against the member.") }
        return result
    }

    /// A rule over measures.
    func sentences(overMeasures rule: ScoringPolicy.Rule) -> [String] {
        let words = Words(policy: policy, dimension: rule.dimension)
        let cap = rule.cap == .max ? "" : " That is no less than \(-rule.cap) and no more than \(rule.cap)."
        return ["**\(rule.id)**\(who(rule.kinds)):", words.worth(overMeasures: rule.points) + "." + cap]
    }
}

extension ScoringPolicy.AttributeType {
    fileprivate var words: String {
        switch self {
        case .int: "a whole number"
        case .double: "a number"
        case .string: "a text"
        case .bool: "true or false"
        case .timestamp: "a time"
        }
    }
}

extension PolicyExplanation.Words {
    /// `the number of `ride.late` (counted when its `minutes` is more than 10) in the last 90 days`
    func noun(_ measure: ScoringPolicy.Measure) -> String {
        let events = events(measure)
        switch measure.value {
        case .count, .streak: return "the number of \(events)"
        case .sum(let amount): return "the sum of \(self.amount(amount)) of all \(events)"
        case .min(let amount): return "the least \(self.amount(amount)) of all \(events)"
        case .max(let amount): return "the greatest \(self.amount(amount)) of all \(events)"
        case .latest(let amount): return "the \(self.amount(amount)) of the latest of \(events)"
        }
    }

    /// A count or a streak, compared with a number: "there were 3 or more …". Nil for other measures and comparisons.
    func thereWere(_ measure: ScoringPolicy.Measure, _ value: String, _ sign: String) -> String? {
        guard measure.amount == nil, let number = Int64(value) else { return nil }
        let quantity: String
        switch (sign, number) {
        case ("==", 0), ("<=", 0), ("<", 1): quantity = "no"
        case (">", 0), (">=", 1), ("!=", 0): quantity = "1 or more"
        case ("==", _): quantity = "exactly \(number)"
        case (">=", _): quantity = "\(number) or more"
        case (">", _): quantity = "more than \(number)"
        case ("<=", _): quantity = "\(number) or fewer"
        case ("<", _): quantity = "fewer than \(number)"
        default: return nil
        }
        let isOne = quantity == "no" || quantity == "exactly 1"
        return "there \(isOne ? "was" : "were") \(quantity) \(events(measure))"
    }

    /// The events of the measure, and its window.
    func events(_ measure: ScoringPolicy.Measure) -> String {
        var text = PolicyExplanation.list(PolicyExplanation.code(measure.events), "or")
        if !measure.breakers.isEmpty {
            text += " in a row, broken by \(PolicyExplanation.list(PolicyExplanation.code(measure.breakers), "or")),"
        }
        if let when = measure.when?.unlessAlwaysTrue { text += " (counted \(condition(when.source)))" }
        guard let within = measure.within else { return text.hasSuffix(",") ? String(text.dropLast()) : text }
        return text + " in the last \(within.count == 1 ? String(within.unit.rawValue.dropLast()) : "\(within)")"
    }

    private func amount(_ amount: Expression) -> String {
        let source = withConstants(amount.source)
        return "`\(Self.field(Self.trimmed(source)) ?? Self.oneLine(source))`"
    }

    /// The points of a rule over measures, as a clause.
    func worth(overMeasures points: ScoringPolicy.Points) -> String {
        switch points {
        case .constant(let points): return "at every moment, \(Self.more(points))"
        case .expression(let expression):
            let source = withConstants(expression.source)
            if let choice = Self.choice(source), let conditions = conditions(of: choice.cases) {
                let cases = zip(choice.cases, conditions).map { "while \($1): \(Self.more($0.points))" }
                let otherwise = choice.otherwise == 0 ? "" : ", otherwise \(Self.more(choice.otherwise))"
                return cases.joined(separator: ", else ") + otherwise
            }
            let (factor, name) = Self.product(source) ?? (1, Self.trimmed(source))
            if let measure = measure(name) {
                return "\(factor == 1 ? "" : "\(factor) times ")\(noun(measure)), as points"
            }
            return "at every moment, as many points as `\(Self.oneLine(source))` says"
        }
    }

    private static func more(_ points: Int64) -> String {
        guard points != 0 else { return "nothing" }
        let count = points.magnitude
        return "\(count) \(count == 1 ? "point" : "points") \(points < 0 ? "less" : "more")"
    }
}
