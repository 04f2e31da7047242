internal import Events

/// A use of an event type or a prefix in a policy.
struct EventUse {
    let pattern: EventPattern
    let dimension: Int
    /// The rule, measure or sanction.
    let user: String
    let location: YAMLReader.Value
}

extension PolicyParser {
    /// The event types and prefixes of a rule, a measure or a sanction. Each belongs to one dimension.
    mutating func eventPatterns(_ value: Value, what: String, dimension: Int?, user kind: String, _ id: String?)
        -> [EventPattern]
    {
        names(value, what: what).compactMap { text, location in
            guard let pattern = eventPattern(text, at: location) else { return nil }
            if let dimension {
                let user = id.map { "\(kind) \"\($0)\"" } ?? "a \(kind)"
                eventUses.append(EventUse(pattern: pattern, dimension: dimension, user: user, location: location))
            }
            return pattern
        }
    }

    private func eventPattern(_ text: String, at location: Value) -> EventPattern? {
        guard let pattern = EventPattern(text) else {
            reader.note("a * stands only at the end of a prefix such as bill.*", at: location)
            return nil
        }
        let reserved = ControlType.prefix.description.utf8
        guard !pattern.stem.utf8.starts(with: reserved) else {
            reader.note("types under \"standing.\" are reserved for control events", at: location)
            return nil
        }
        // The limits of an event's type: its length and its characters.
        guard !text.isEmpty, text.utf8.count <= EventDecoder.maximumAttributeBytes,
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else {
            reader.note(
                "an event type has 1 to \(EventDecoder.maximumAttributeBytes) bytes and no control character",
                at: location
            )
            return nil
        }
        return pattern
    }

    /// Notes the later of two uses of the same events in different dimensions.
    func noteEventsOfTwoDimensions() {
        let uses = eventUses.sorted { ($0.location.line, $0.location.column) < ($1.location.line, $1.location.column) }
        var homes: [EventPattern: EventUse] = [:]
        var counts: [EventPattern: Int] = [:]
        for use in uses {
            counts[use.pattern, default: 0] += 1
            guard let home = homes[use.pattern] else {
                homes[use.pattern] = use
                continue
            }
            if home.dimension != use.dimension { noteCrossing(home, use) }
        }
        guard homes.keys.contains(where: \.isPrefix) else { return }
        // In the order of bytes a prefix directly precedes the types that it matches.
        let ordered = homes.values.sorted { a, b in
            if a.pattern.stem.utf8.elementsEqual(b.pattern.stem.utf8) { return a.pattern.isPrefix }
            return a.pattern.stem.utf8.lexicographicallyPrecedes(b.pattern.stem.utf8)
        }
        var prefixes: [EventUse] = []
        var total = 0
        for use in ordered {
            while let last = prefixes.last, !last.pattern.covers(use.pattern) { prefixes.removeLast() }
            if let other = prefixes.first(where: { $0.dimension != use.dimension }) {
                let isFirst = (other.location.line, other.location.column) < (use.location.line, use.location.column)
                noteCrossing(isFirst ? other : use, isFirst ? use : other)
            }
            if use.pattern.isPrefix { prefixes.append(use) }
            for other in use.pattern.isPrefix ? prefixes : prefixes + [use] { total += counts[other.pattern] ?? 0 }
        }
        if total > ScoringPolicy.maximumUses, let first = uses.first {
            reader.note(
                "more than \(ScoringPolicy.maximumUses) uses of event types: each counts as often as a rule, a measure or a "
                    + "sanction applies to it", at: first.location)
        }
    }

    private func noteCrossing(_ first: EventUse, _ second: EventUse) {
        let home = "in dimension \"\(dimensions[first.dimension].name)\" (by \(first.user))"
        let what = second.pattern.isPrefix ? "prefix" : "event type"
        let isSame = first.pattern == second.pattern
        reader.note(
            "the \(what) \"\(second.pattern)\" "
                + (isSame ? "is already used \(home)" : "overlaps \"\(first.pattern)\", which is used \(home)")
                + ": evidence must not cross dimensions",
            at: second.location)
    }
}
