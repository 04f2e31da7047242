extension ScoringPolicy {
    /// The event types and prefixes that the policy names, each once: those of the rules, then of the measures, then of
    /// the sanctions, in the policy's order.
    public var eventPatterns: [EventPattern] {
        var patterns: [EventPattern] = []
        var seen: Set<EventPattern> = []
        func add(_ more: [EventPattern]) {
            for pattern in more where seen.insert(pattern).inserted { patterns.append(pattern) }
        }
        for rule in rules { add(rule.events) }
        for measure in measures {
            add(measure.events)
            add(measure.breakers)
        }
        for sanction in sanctions {
            if case .event(let events, _) = sanction.trigger { add(events) }
            add(sanction.liftedBy)
        }
        return patterns
    }

    /// The policy's event type that is nearest to a misspelt one; nil if none is near.
    public func eventType(near type: String) -> String? {
        YAMLReader.nearest(to: type, in: eventPatterns.filter { !$0.isPrefix }.map(\.stem))
    }
}
