internal import Events
internal import Expressions

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
                known: ["id", "dimension", "kinds", "event", "when", "points", "per", "cap", "lasts"],
                required: ["id", "dimension", "event", "points"])
        else { return nil }
        let id = rule["id"].flatMap { value in
            name(value, what: "id").flatMap { isNew($0, in: &ids, what: "rule", at: value) ? $0 : nil }
        }
        let dimension = rule["dimension"].flatMap { self.dimension($0) }
        let events = rule["event"].map { eventTypes($0, what: "event", dimension: dimension, user: "rule", id) } ?? []
        let when = rule["when"].flatMap { eventCondition($0) }
        let points = rule["points"].flatMap { self.points($0) }
        let per = rule["per"].map { period($0) } ?? .ever
        let cap = rule["cap"].flatMap { reader.integer($0, what: "cap", in: 0...ScoringPolicy.saturation) }
        let lasts = rule["lasts"].flatMap { span($0, what: "lasts") }
        if per == .ever, let place = rule.place(of: "lasts") {
            reader.note("lasts needs a bucket that ends: give per (day, month or year)", at: place)
        }
        let kinds = rule["kinds"].map { self.kinds($0) } ?? policyKinds
        guard let id, let dimension, let points else { return nil }
        return ScoringPolicy.Rule(
            id: id, dimension: dimension, kinds: kinds, events: events, when: when, points: points, per: per ?? .ever,
            cap: cap ?? .max, lasts: lasts)
    }

    private func period(_ value: Value) -> Period? {
        guard let text = reader.string(value, what: "per") else { return nil }
        if let period = Period(rawValue: text) { return period }
        reader.noteUnknown("period", text, known: Period.allCases.map(\.rawValue), at: value, listing: true)
        return nil
    }

    private mutating func points(_ value: Value) -> ScoringPolicy.Points? {
        guard let text = reader.string(value, what: "points") else { return nil }
        if Int64(text) != nil {
            return reader.integer(value, what: "points", in: Self.points, anyStyle: true).map { .constant($0) }
        }
        return expression(value, what: "points", in: \.event.declarations, gives: .int).map { .expression($0) }
    }

    mutating func eventCondition(_ value: Value) -> Expression? {
        expression(value, what: "when", in: \.event.declarations, gives: .bool)
    }

    /// Event types of a rule or a sanction, each at home in one dimension.
    mutating func eventTypes(_ value: Value, what: String, dimension: Int?, user kind: String, _ id: String?)
        -> [String]
    {
        let types = names(value, what: what)
        for type in types {
            if type.text.hasPrefix(ControlType.prefix.description) {
                reader.note("types under \"standing.\" are reserved for control events", at: type.place)
                continue
            }
            // As long, and as plain, as an event's type may be.
            if type.text.isEmpty || type.text.utf8.count > EventDecoder.maximumAttributeBytes
                || type.text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
            {
                reader.note(
                    "an event type has 1 to \(EventDecoder.maximumAttributeBytes) bytes and no control character",
                    at: type.place)
                continue
            }
            guard let dimension else { continue }
            if let home = homes[type.text], home.dimension != dimension {
                reader.note(
                    "the event type \"\(type.text)\" is already used in dimension "
                        + "\"\(dimensions[home.dimension].name)\" (by \(home.user)): evidence must not cross dimensions",
                    at: type.place)
            } else if homes[type.text] == nil {
                homes[type.text] = Home(dimension: dimension, user: id.map { "\(kind) \"\($0)\"" } ?? "a \(kind)")
            }
        }
        return types.map(\.text)
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
            if let id, let when { result.append(ScoringPolicy.Perk(id: id, when: when, grace: grace)) }
        }
        return result
    }

    private mutating func perkCondition(_ value: Value) -> Expression? {
        let points = variables.standing.points
        let own = "dimension." + (dimensions.first?.name ?? "payment")
        return expression(value, what: "when", in: \.standing.declarations, gives: .bool) { when in
            when.slots.contains(points) ? "a perk sees no points: name a dimension's, such as \(own)" : nil
        }
    }
}
