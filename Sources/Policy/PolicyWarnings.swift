internal import Events
internal import CEL

/// Warnings about a valid policy: parts that have no effect, and expressions whose answer is certain. They are probably
/// not intended.
struct PolicyWarnings {
    typealias Value = YAMLReader.Value

    let policy: ScoringPolicy
    let nodes: PolicyNodes
    private let ranges: PolicyRanges
    private(set) var found: [YAMLMistake] = []

    /// The policy must have no errors.
    init(_ policy: ScoringPolicy, _ nodes: PolicyNodes) {
        self.policy = policy
        self.nodes = nodes
        ranges = PolicyRanges(policy)
    }

    mutating func find() {
        for (number, rule) in policy.rules.enumerated() { check(rule, nodes.rules[number]) }
        for (number, measure) in policy.measures.enumerated() { check(measure, nodes.measures[number]) }
        for (number, perk) in policy.perks.enumerated() { check(perk, nodes.perks[number]) }
        for (number, sanction) in policy.sanctions.enumerated() { check(sanction, nodes.sanctions[number]) }
        for value in nodes.ignoredTags {
            warn(
                "YAML takes the ! for a tag, which is ignored: an expression that begins with ! stands in quotes",
                at: value)
        }
        checkBands()
        checkUse()
        checkCosts()
    }

    mutating func warn(_ message: String, at location: Value) {
        guard found.count < YAMLReader.maximumMistakes else { return }
        found.append(YAMLMistake(line: location.line, column: location.column, message: message))
    }

    // MARK: Expressions

    private mutating func check(_ expression: Expression, at value: Value, _ range: (Int) -> SlotRange?) {
        // The source is searched once, and no text is made that has no room: an expression may have many comparisons.
        guard found.count < YAMLReader.maximumMistakes else { return }
        let comparisons = expression.foregoneComparisons(range)
        let hasLines = expression.source.utf8.contains(UInt8(ascii: "\n"))
        func location(_ line: Int, _ column: Int) -> String {
            hasLines ? "line \(line), character \(column) of the expression" : "character \(column) of the expression"
        }
        for warning in expression.warnings {
            warn("\(warning.message) (\(location(warning.line, warning.column)))", at: value)
        }
        for comparison in comparisons {
            let answer = comparison.answer.map { $0 ? "this is always true" : "this is never true" }
            let message = [answer, why(comparison, in: expression, range)].compactMap(\.self).joined(separator: ": ")
            warn("\(message) (\(location(comparison.line, comparison.column)))", at: value)
        }
        if comparisons.isEmpty, case .bool(false)? = expression.constant {
            warn("this is never true", at: value)
        }
    }

    private func why(_ comparison: ForegoneComparison, in expression: Expression, _ range: (Int) -> SlotRange?)
        -> String?
    {
        let name = expression.references.first { $0.slot == comparison.slot }?.name
        switch comparison.reason {
        case .severalConditions:
            let what = "these conditions on \(name ?? "one value")"
            return comparison.answer == true ? "\(what) leave nothing out" : "\(what) exclude each other"
        case .sameSides: return "both sides are the same"
        case .wholeNumber: return "a whole number is no fraction"
        case .emptyList: return "the list is empty"
        case .otherType: return "the list has only values of other types"
        case nil: break
        }
        if let range = comparison.range {
            let (low, high) = (PolicyRanges.text(range.lowerBound), PolicyRanges.text(range.upperBound))
            switch (low, high) {
            case (nil, nil): return nil
            case (let low?, nil): return "it is at least \(low)"
            case (nil, let high?): return "it is at most \(high)"
            case (let low?, let high?): return low == high ? "it is \(low)" : "it lies between \(low) and \(high)"
            }
        }
        guard let text = comparison.text, let slot = comparison.slot, let name, case .texts(let known)? = range(slot)
        else {
            return nil
        }
        let shown = "\"\(text.prefix(80))\""
        if name == "band", policy.bands.contains(where: { $0.name == text }) {
            return "nobody can reach the band \(shown)"
        }
        if name == "kind", policy.kinds.kinds.contains(where: { $0.description == text }) {
            return "this is not for the kind \(shown)"
        }
        let near = YAMLReader.nearest(to: text, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
        return "there is no \(name) \(shown) here\(near)"
    }

    // MARK: Rules and measures

    private mutating func check(_ rule: ScoringPolicy.Rule, _ node: YAMLReader.Mapping) {
        let id = node["id"] ?? node.location
        checkKinds(rule.kinds, node)
        let event = ranges.ofEvent(rule.kinds, rule.events)
        if let when = rule.when, let value = node["when"] { check(when, at: value, event) }
        if case .expression(let points) = rule.points, let value = node["points"] {
            check(points, at: value, rule.isOverMeasures ? ranges.ofMeasures(rule.kinds) : event)
        }
        if rule.isOverMeasures {
            checkOverMeasures(rule, id)
        } else if rule.cap == 0 || ranges.ofEachEvent(rule) == 0...0 {
            warn("this rule never gives and never takes a point", at: id)
        }
    }

    private mutating func checkOverMeasures(_ rule: ScoringPolicy.Rule, _ id: Value) {
        var read: [ScoringPolicy.Measure] = []
        var slots: [Int] = []
        if case .expression(let points) = rule.points {
            slots = points.slots
            read = ranges.measures(in: points)
        }
        if slots.isEmpty {
            warn("this rule has no event and names no measure: it gives everyone the same, at every moment", at: id)
        }
        if rule.cap == 0 || ranges.ofEachEvent(rule) == 0...0 {
            warn("this rule never gives and never takes a point", at: id)
        }
        if !read.isEmpty, ranges.ofRule(rule).lowerBound < 0, !read.contains(where: \.isAdverse) {
            warn(
                "this rule takes points by measures none of which is adverse: their events impose no sanction by level",
                at: id)
        }
    }

    private mutating func check(_ measure: ScoringPolicy.Measure, _ node: YAMLReader.Mapping) {
        checkKinds(measure.kinds, node)
        let event = ranges.ofEvent(measure.kinds, measure.events)
        if !measure.breakers.isEmpty,
            measure.events.allSatisfy({ event in measure.breakers.contains { $0.covers(event) } })
        {
            warn("each of its events breaks the streak, which is 0 therefore", at: node["streak"] ?? node.location)
        }
        if let when = measure.when, let value = node["when"] { check(when, at: value, event) }
        for key in ["sum", "min", "max", "latest"] {
            if let amount = measure.amount, let value = node[key] { check(amount, at: value, event) }
        }
    }

    private mutating func checkKinds(_ kinds: KindSet, _ node: YAMLReader.Mapping) {
        if kinds.isDisjoint(with: policy.kinds) {
            warn("the policy scores nobody of these kinds", at: node["kinds"] ?? node.location)
        }
    }

    // MARK: Consequences

    private mutating func checkBands() {
        let score = ranges.score
        for (number, band) in policy.bands.enumerated() {
            if Double(band.from) > score.upperBound, let most = PolicyRanges.text(score.upperBound) {
                warn(
                    "nobody can reach the band \"\(band.name)\": no score is more than \(most)",
                    at: nodes.bands[number])
            } else if number + 1 < policy.bands.count, Double(policy.bands[number + 1].from) <= score.lowerBound,
                let least = PolicyRanges.text(score.lowerBound)
            {
                warn(
                    "nobody can fall to the band \"\(band.name)\": no score is less than \(least)",
                    at: nodes.bands[number])
            }
        }
    }

    private mutating func check(_ perk: ScoringPolicy.Perk, _ node: YAMLReader.Mapping) {
        guard let value = node["when"] else { return }
        check(perk.when, at: value, ranges.ofStanding(nil))
        if policy.sanctions.isEmpty, perk.when.slots.contains(policy.variables.standing.sanctioned) {
            warn("nobody is ever sanctioned: the policy has no sanctions", at: value)
        }
    }

    private mutating func check(_ sanction: ScoringPolicy.Sanction, _ node: YAMLReader.Mapping) {
        if let value = node["notice"], sanction.notice.certainlyReaches(sanction.lasts) {
            warn("it ends before it is in force: notice is as long as lasts", at: value)
        }
        if case .event(let events, let when) = sanction.trigger, when?.unlessAlwaysTrue == nil,
            let value = node["lifted-by"],
            let lift = sanction.liftedBy.first(where: { lift in events.contains { $0.covers(lift) } })
        {
            warn("\"\(lift)\" lifts it and imposes it anew: event has it too, without a condition", at: value)
        }
        guard let value = node["when"] else { return }
        switch sanction.trigger {
        case .event(let events, let when): if let when { check(when, at: value, ranges.ofEvent(policy.kinds, events)) }
        case .level(let when):
            check(when, at: value, ranges.ofStanding(sanction.dimension))
            checkWhatImposes(sanction, when, at: value)
        }
    }

    /// A level sanction is imposed by an event that subtracts points, or comes into an adverse measure.
    private mutating func checkWhatImposes(_ sanction: ScoringPolicy.Sanction, _ when: Expression, at value: Value) {
        let name = policy.dimensions[sanction.dimension].name
        let isAdverse = policy.measures.contains { measure in
            guard measure.dimension == sanction.dimension, measure.isAdverse else { return false }
            if case .bool(false)? = measure.when?.constant { return false }
            return !measure.kinds.isDisjoint(with: policy.kinds)
        }
        let takesPoints = policy.rules.contains {
            $0.dimension == sanction.dimension && !$0.isOverMeasures && ranges.ofRule($0).lowerBound < 0
        }
        let read = ranges.measures(in: when)
        if !isAdverse, !takesPoints {
            warn(
                "nothing can impose this: no rule over events takes points in \"\(name)\", and none of its measures is adverse",
                at: value)
        } else if !read.isEmpty, !when.slots.contains(policy.variables.standing.points),
            !read.contains(where: \.isAdverse)
        {
            warn(
                "this is a level of measures none of which is adverse: an event that comes into one of them does not impose it",
                at: value)
        }
    }

    // MARK: Unused parts

    private mutating func checkUse() {
        let expressions = policy.expressions
        // Only the parser knows the expressions of points that became numbers.
        let constants = Set(expressions.flatMap(\.constantNames)).union(nodes.constantsInPoints)
        for (number, constant) in policy.constants.enumerated() where !constants.contains("constant.\(constant.name)") {
            warn("no expression names the constant \"\(constant.name)\"", at: nodes.constants[number])
        }
        let names = Set(expressions.flatMap { $0.references.map(\.name) })
        for (number, attribute) in policy.attributes.enumerated() where !names.contains("attribute.\(attribute.name)") {
            warn("no expression names the attribute \"\(attribute.name)\"", at: nodes.attributes[number])
        }
        for (number, measure) in policy.measures.enumerated() where !names.contains("measure.\(measure.id)") {
            let node = nodes.measures[number]
            warn("no rule, perk or sanction names the measure \"\(measure.id)\"", at: node["id"] ?? node.location)
        }
    }
}

extension CalendarSpan {
    /// The least and the greatest number of days.
    var days: ClosedRange<Int64> {
        switch unit {
        case .days: count...count
        case .months: max(count * 28, count * 365 / 12 - 3)...min(count * 31, count * 366 / 12 + 3)
        case .years: count * 365...count * 366
        }
    }

    /// Whether it is at least as long as the other in every part of the calendar.
    fileprivate func certainlyReaches(_ other: CalendarSpan) -> Bool {
        switch (unit, other.unit) {
        case (.months, .months), (.years, .years), (.days, .days): count >= other.count
        case (.months, .years): count >= other.count * 12
        case (.years, .months): count * 12 >= other.count
        default: days.lowerBound >= other.days.upperBound
        }
    }
}

extension ScoringPolicy {
    /// Whether an expression names an attribute that the policy does not declare, which is therefore absent.
    public var namesUndeclaredAttributes: Bool { expressions.contains { !$0.undeclaredNames.isEmpty } }

    /// Every expression of the policy, except those of points that became constants.
    var expressions: [Expression] {
        var all: [Expression] = perks.map(\.when)
        for rule in rules {
            if let when = rule.when { all.append(when) }
            if case .expression(let points) = rule.points { all.append(points) }
        }
        for measure in measures { all += [measure.when, measure.amount].compactMap(\.self) }
        for sanction in sanctions {
            switch sanction.trigger {
            case .level(let when): all.append(when)
            case .event(_, let when): if let when { all.append(when) }
            }
        }
        return all
    }
}
