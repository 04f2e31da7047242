internal import Events
internal import CEL

extension PolicyParser {
    mutating func sanctions(_ value: Value) -> [ScoringPolicy.Sanction] {
        guard let items = items(value, what: "sanctions", limit: ScoringPolicy.maximumSanctions) else { return [] }
        var ids: Set<String> = []
        return items.compactMap { sanction($0, ids: &ids) }
    }

    private mutating func sanction(_ item: Value, ids: inout Set<String>) -> ScoringPolicy.Sanction? {
        guard
            let sanction = reader.mapping(
                item, what: "a sanction",
                known: ["id", "dimension", "measures", "event", "when", "lifted-by", "notice", "lasts"],
                required: ["id", "dimension", "measures"])
        else { return nil }
        if sanction["lasts"] == nil { reader.note("a sanction needs a term: it lacks \"lasts\"", at: item) }
        let id = sanction["id"].flatMap { value in
            name(value, what: "id").flatMap { isNew($0, in: &ids, what: "sanction", at: value) ? $0 : nil }
        }
        let dimension = sanction["dimension"].flatMap { self.dimension($0) }
        let measures = sanction["measures"].map { names($0, what: "measures") } ?? []
        for measure in measures { _ = name(measure.location, what: "a measure") }
        let trigger = trigger(sanction, item, dimension: dimension, id)
        let liftedBy =
            sanction["lifted-by"].map {
                eventPatterns($0, what: "lifted-by", dimension: dimension, user: "sanction", id)
            } ?? []
        let notice = sanction["notice"].flatMap { span($0, what: "notice") } ?? .zero
        let lasts = sanction["lasts"].flatMap { span($0, what: "lasts", isTerm: true) }
        guard let id, let dimension, let trigger, let lasts else { return nil }
        nodes.sanctions.append(sanction)
        return ScoringPolicy.Sanction(
            id: id, dimension: dimension, measures: measures.map(\.text), trigger: trigger, liftedBy: liftedBy,
            notice: notice, lasts: lasts)
    }

    /// An event type, or otherwise a level.
    private mutating func trigger(
        _ sanction: YAMLReader.Mapping, _ item: Value, dimension: Int?, _ id: String?
    ) -> ScoringPolicy.Sanction.Trigger? {
        if let event = sanction["event"] {
            let types = eventPatterns(event, what: "event", dimension: dimension, user: "sanction", id)
            guard let when = sanction["when"] else { return .event(types, when: nil) }
            return eventCondition(when).map { .event(types, when: $0) }
        }
        guard let when = sanction["when"] else {
            reader.note("a sanction lacks what imposes it: \"when\" (a level of points) or \"event\"", at: item)
            return nil
        }
        return levelCondition(when, of: dimension).map { .level($0) }
    }
}
