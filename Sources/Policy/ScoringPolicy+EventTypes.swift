extension ScoringPolicy {
    /// The event types that rules and sanctions name, each once: those of the rules first, in the policy's order.
    public var eventTypes: [String] {
        var types: [String] = []
        var seen: Set<String> = []
        func add(_ more: [String]) {
            for type in more where seen.insert(type).inserted { types.append(type) }
        }
        for rule in rules { add(rule.events) }
        for sanction in sanctions {
            if case .event(let events, _) = sanction.trigger { add(events) }
            add(sanction.liftedBy)
        }
        return types
    }

    /// The event type that a misspelt one may be meant to be; nil if none is near.
    public func eventType(near type: String) -> String? { YAMLReader.nearest(to: type, in: eventTypes) }
}
