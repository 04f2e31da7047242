internal import Events
internal import CEL

extension PolicyParser {
    mutating func rules(_ value: Value, kinds policyKinds: KindSet) -> [ScoringPolicy.Rule] {
        guard let items = items(value, what: "rules", limit: ScoringPolicy.maximumRules) else { return [] }
        var ids: Set<String> = []
        return items.compactMap { rule($0, kinds: policyKinds, ids: &ids) }
    }

    private mutating func rule(_ item: Value, kinds policyKinds: KindSet, ids: inout Set<String>) -> ScoringPolicy.Rule?
    {
        guard
            let rule = reader.mapping(
                item, what: "a rule",
                known: [
                    "id", "dimension", "kinds", "event", "when", "points", "per", "cap", "lasts", "within", "fades",
                ],
                required: ["id", "dimension", "points"])
        else { return nil }
        let id = rule["id"].flatMap { value in
            name(value, what: "id").flatMap { isNew($0, in: &ids, what: "rule", at: value) ? $0 : nil }
        }
        let dimension = rule["dimension"].flatMap { self.dimension($0) }
        let events =
            rule["event"].map { eventPatterns($0, what: "event", dimension: dimension, user: "rule", id) } ?? []
        let isOverMeasures = rule["event"] == nil
        let when = isOverMeasures ? nil : rule["when"].flatMap { eventCondition($0) }
        let points = rule["points"].flatMap {
            isOverMeasures ? measurePoints($0, dimension: dimension) : eventPoints($0)
        }
        let per = rule["per"].map { period($0) } ?? .ever
        let cap = rule["cap"].flatMap { reader.integer($0, what: "cap", in: 0...ScoringPolicy.saturation) }
        let lasts = rule["lasts"].flatMap { span($0, what: "lasts") }
        let within = rule["within"].flatMap { span($0, what: "within", isTerm: true) }
        let fades = rule["fades"].flatMap { reader.bool($0, what: "fades") } ?? false
        let fading = fades ? fading(rule, lasts: lasts) : nil
        noteWhatGoesNotTogether(rule, per: per, fades: fades)
        let kinds = rule["kinds"].map { self.kinds($0) } ?? policyKinds
        guard let id, let dimension, let points else { return nil }
        nodes.rules.append(rule)
        return ScoringPolicy.Rule(
            id: id, dimension: dimension, kinds: kinds, events: events, when: when, points: points, per: per ?? .ever,
            cap: cap ?? .max, lasts: lasts, within: within, fading: fading)
    }

    private func noteWhatGoesNotTogether(_ rule: YAMLReader.Mapping, per: Period?, fades: Bool) {
        if rule["event"] == nil {
            for key in ["when", "per", "lasts", "within", "fades"] {
                guard let location = rule.location(of: key), key != "fades" || fades else { continue }
                reader.note(
                    "\(key) needs an event: a rule without \"event\" is over measures, and counts at every moment",
                    at: location)
            }
            return
        }
        if rule["within"] != nil {
            for key in ["per", "lasts", "fades"] {
                guard let location = rule.location(of: key), key != "fades" || fades else { continue }
                reader.note("\(key) does not go with within, which counts each event from its own day on", at: location)
            }
            return
        }
        if per == .ever, let location = rule.location(of: "lasts") {
            reader.note("lasts needs a bucket that ends: give per (day, month or year)", at: location)
        }
    }

    /// The fading of a rule with `fades: true`; nil if it is not possible.
    private func fading(_ rule: YAMLReader.Mapping, lasts: CalendarSpan?) -> ScoringPolicy.Rule.Fading? {
        guard let location = rule.location(of: "fades"), rule["event"] != nil, rule["within"] == nil else { return nil }
        for key in ["per", "lasts"] where rule[key] == nil {
            reader.note("fades needs per and lasts: this rule lacks \"\(key)\"", at: location)
        }
        guard let lasts else { return nil }
        if let fading = ScoringPolicy.Rule.Fading(over: lasts) { return fading }
        let most = ScoringPolicy.Rule.Fading.maximumSteps
        reader.note("fades takes 1 to \(most) steps, one a day or a month of lasts; \(lasts) are not", at: location)
        return nil
    }

    private func period(_ value: Value) -> Period? {
        guard let text = reader.string(value, what: "per") else { return nil }
        if let period = Period(rawValue: text) { return period }
        reader.noteUnknown("period", text, known: Period.allCases.map(\.rawValue), at: value, listing: true)
        return nil
    }

    private mutating func eventPoints(_ value: Value) -> ScoringPolicy.Points? {
        points(value) { $0.eventAmount($1, what: "points") }
    }

    /// The points of a rule over measures.
    private mutating func measurePoints(_ value: Value, dimension: Int?) -> ScoringPolicy.Points? {
        points(value) { $0.measurePoints($1, of: dimension) }
    }

    private mutating func points(
        _ value: Value, _ expression: (inout Self, Value) -> Expression?
    ) -> ScoringPolicy.Points? {
        if !value.isCollection {
            guard let text = reader.string(value, what: "points") else { return nil }
            if Int64(text) != nil {
                return reader.integer(value, what: "points", in: Self.points, anyStyle: true).map { .constant($0) }
            }
        }
        guard let expression = expression(&self, value) else { return nil }
        if case .int(let points)? = expression.constant, Self.points.contains(points) {
            nodes.constantsInPoints += expression.constantNames
            return .constant(points)
        }
        return .expression(expression)
    }

    mutating func perks(_ value: Value) -> [ScoringPolicy.Perk] {
        guard let items = items(value, what: "perks", limit: ScoringPolicy.maximumPerks) else { return [] }
        var ids: Set<String> = []
        var result: [ScoringPolicy.Perk] = []
        for item in items {
            guard
                let perk = reader.mapping(
                    item, what: "a perk", known: ["id", "when", "grace"], required: ["id", "when"])
            else { continue }
            let id = perk["id"].flatMap { value in
                name(value, what: "id").flatMap { isNew($0, in: &ids, what: "perk", at: value) ? $0 : nil }
            }
            let when = perk["when"].flatMap { perkCondition($0) }
            let grace = perk["grace"].flatMap { span($0, what: "grace") } ?? .zero
            guard let id, let when else { continue }
            nodes.perks.append(perk)
            result.append(ScoringPolicy.Perk(id: id, when: when, grace: grace))
        }
        return result
    }

}
