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
        let user = id.map { "\(kind) \"\($0)\"" } ?? "a \(kind)"
        return names(value, what: what).compactMap { text, location in
            guard let pattern = eventPattern(text, at: location) else { return nil }
            if let dimension {
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
        let positions = eventUses.map { (line: $0.location.line, column: $0.location.column) }
        let order = positions.indices.sorted { positions[$0] < positions[$1] }
        /// The number of the first use of a pattern, and of all its uses.
        var homes: [EventPattern: (first: Int, count: Int)] = [:]
        for number in order {
            let use = eventUses[number]
            homes[use.pattern, default: (number, 0)].count += 1
            guard let home = homes[use.pattern]?.first else { continue }
            if eventUses[home].dimension != use.dimension { noteCrossing(eventUses[home], use) }
        }
        guard homes.keys.contains(where: \.isPrefix) else { return }
        // In the order of bytes a prefix directly precedes the types that it matches.
        let ordered = homes.values.map { (stem: Array(eventUses[$0.first].pattern.stem.utf8), number: $0.first) }
            .sorted { a, b in
                let isShorter = a.stem.count < b.stem.count
                for index in 0..<min(a.stem.count, b.stem.count) where a.stem[index] != b.stem[index] {
                    return a.stem[index] < b.stem[index]
                }
                return a.stem.count == b.stem.count ? eventUses[a.number].pattern.isPrefix : isShorter
            }
        var prefixes: [EventUse] = []
        var total = 0
        for (_, number) in ordered {
            let use = eventUses[number]
            while let last = prefixes.last, !last.pattern.covers(use.pattern) { prefixes.removeLast() }
            if let other = prefixes.first(where: { $0.dimension != use.dimension }) {
                let isFirst = (other.location.line, other.location.column) < (use.location.line, use.location.column)
                noteCrossing(isFirst ? other : use, isFirst ? use : other)
            }
            if use.pattern.isPrefix { prefixes.append(use) }
            for other in prefixes { total += homes[other.pattern]?.count ?? 0 }
            if !use.pattern.isPrefix { total += homes[use.pattern]?.count ?? 0 }
        }
        if total > ScoringPolicy.maximumUses, let first = order.first.map({ eventUses[$0] }) {
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
