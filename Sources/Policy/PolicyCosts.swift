internal import Events
internal import CEL

/// The costs of a policy's expressions (`Limit.cost` each, `Limit.stepCost` together), by the size of what they read.
///
/// An event's data has at most `EventDecoder.maximumEventBytes`, so a list in it has at most half as many items. By
/// that limit alone every macro over a list could exceed its budget. So events of more than `ordinaryBytes` are not
/// considered.
struct PolicyCosts {
    /// The limit of the bytes of an event's data, or of a subject's attributes, for which costs are estimated.
    static let ordinaryBytes = 16 * 1024

    /// Sizes in bytes at which costs are estimated: zero, and powers of two.
    static let sizes = [0] + (4...14).map { 1 << $0 }

    /// An expression, and its greatest cost at each of `sizes`.
    struct Part {
        let value: YAMLReader.Value
        let kinds: KindSet
        let costs: [Double]

        /// The index of the least of `sizes` at which the expression can exceed its own budget; nil if there is none.
        var excess: Int? { costs.firstIndex { $0 > Double(Limit.cost) } }
    }

    /// Nil if the expression has too many parts for an estimate.
    static func part(
        _ expression: Expression, at value: YAMLReader.Value, _ kinds: KindSet,
        _ bytes: (_ slot: Int, _ size: Int) -> Int
    ) -> Part? {
        func cost(_ size: Int) -> Double? { expression.cost { bytes($0, size) }?.upperBound }
        guard let least = cost(0), let most = cost(ordinaryBytes) else { return nil }
        // Most costs do not depend on size, and beyond the budget the exact cost has no meaning.
        var costs = [least]
        for size in sizes.dropFirst() {
            let last = costs[costs.count - 1]
            costs.append(least == most || last > Double(Limit.cost) ? last : cost(size) ?? last)
        }
        return Part(value: value, kinds: kinds, costs: costs)
    }

    /// The first of some parts, in the order of their evaluation, at which their sum can exceed the common budget, with
    /// the index of the least of `sizes` for which it can. Nil if it cannot.
    static func excess(of parts: some Sequence<Part>, kinds: KindSet) -> (part: Part, size: Int)? {
        var first: (part: Part, size: Int)?
        for kind in kinds.kinds {
            let parts = parts.filter { $0.kinds.contains(KindSet(kind)) }
            for size in sizes.indices where size < first?.size ?? .max {
                var cost = 0.0
                // An evaluation ends at its own budget.
                let last = parts.first { part in
                    cost += min(part.costs[size], Double(Limit.cost))
                    return cost > Double(Limit.stepCost)
                }
                if let last { first = (last, size) }
            }
        }
        return first
    }
}

extension PolicyWarnings {
    /// Notes costs that an event can reach and that exceed a budget.
    mutating func checkCosts() {
        let event = eventParts()
        let standing = standingParts()
        for part in event.parts {
            guard let excess = part.excess else { continue }
            warn(beyondOne(withBytes: excess, of: "an event with", "bytes of data"), at: part.value)
        }
        for part in standing {
            guard let excess = part.excess else { continue }
            warn(beyondOne(withBytes: excess, of: "a subject with", "bytes of attributes"), at: part.value)
        }
        checkEventTypes(event.parts, event.table)
        // A part that exceeds its own budget is reported already.
        guard !standing.contains(where: { $0.excess != nil }),
            let (part, size) = PolicyCosts.excess(of: standing, kinds: policy.kinds)
        else { return }
        let bytes = size == 0 ? "" : ", of a subject with \(PolicyCosts.sizes[size]) bytes of attributes,"
        warn(
            "rules over measures, levels and perks\(bytes) can cost more together than they may in one step "
                + "(\(Limit.stepCost) units of work): then this one is an evaluation error",
            at: part.value)
    }

    private func beyondOne(withBytes size: Int, of whom: String, _ what: String) -> String {
        let subject = size == 0 ? "this" : "\(whom) \(PolicyCosts.sizes[size]) \(what)"
        return
            "\(subject) can cost more than an expression may (\(Limit.cost) units of work): then it is an evaluation error"
    }

    private mutating func checkEventTypes(_ parts: [PolicyCosts.Part], _ table: EventPatternTable<Int>) {
        var reported: Set<[Int]> = []
        for pattern in policy.eventPatterns {
            let ofPattern = table.covering(pattern)
            // Event types with the same expressions are reported once.
            guard !ofPattern.isEmpty, reported.insert(ofPattern).inserted else { continue }
            let own = ofPattern.map { parts[$0] }
            guard own.reduce(0, { $0 + ($1.costs.last ?? 0) }) > Double(Limit.stepCost),
                !own.contains(where: { $0.excess != nil }),
                let (part, size) = PolicyCosts.excess(of: own, kinds: policy.kinds)
            else { continue }
            let bytes = size == 0 ? "" : " with \(PolicyCosts.sizes[size]) bytes of data"
            warn(
                "an event \"\(pattern)\"\(bytes) can cost more than all expressions over it may together (\(Limit.stepCost) "
                    + "units of work): then this one is an evaluation error",
                at: part.value)
        }
    }

    // MARK: Parts

    /// The expressions over events, in the order of their evaluation, and their numbers by event type.
    private func eventParts() -> (parts: [PolicyCosts.Part], table: EventPatternTable<Int>) {
        let variables = policy.variables.event
        let texts: Set<Int> = [variables.type, variables.source, variables.subject, variables.id]
        let attributes = bytesOfAttributes(variables.attributes)
        func bytes(_ slot: Int, _ size: Int) -> Int {
            if texts.contains(slot) { return EventDecoder.maximumAttributeBytes }
            if slot == variables.time { return 1 }
            return slot == variables.kind ? Self.kindBytes : attributes(slot, size) ?? size
        }
        var parts: [PolicyCosts.Part] = []
        var table = EventPatternTable<Int>()
        func add(_ expression: Expression?, _ value: YAMLReader.Value?, _ kinds: KindSet, _ events: [EventPattern]) {
            guard let expression, expression.constant == nil, let value,
                let part = PolicyCosts.part(expression, at: value, kinds, bytes)
            else { return }
            table.add(parts.count, for: events)
            parts.append(part)
        }
        for (rule, node) in zip(policy.rules, nodes.rules) where !rule.isOverMeasures {
            add(rule.when, node["when"], rule.kinds, rule.events)
            if case .expression(let points) = rule.points { add(points, node["points"], rule.kinds, rule.events) }
        }
        for (measure, node) in zip(policy.measures, nodes.measures) {
            add(measure.when, node["when"], measure.kinds, measure.events)
            let sort = ["sum", "min", "max", "latest"].lazy.compactMap { node[$0] }.first
            add(measure.amount, sort, measure.kinds, measure.events)
        }
        for (sanction, node) in zip(policy.sanctions, nodes.sanctions) {
            if case .event(let events, let when) = sanction.trigger { add(when, node["when"], .all, events) }
        }
        return (parts, table)
    }

    /// The expressions over the standing, in the order of their evaluation.
    private func standingParts() -> [PolicyCosts.Part] {
        let variables = policy.variables.standing
        let bandBytes = policy.bands.map(\.name.utf8.count).max() ?? 0
        let attributes = bytesOfAttributes(variables.attributes)
        func bytes(_ slot: Int, _ size: Int) -> Int {
            if slot == variables.band { return bandBytes }
            return slot == variables.kind ? Self.kindBytes : attributes(slot, size) ?? 1
        }
        var parts: [PolicyCosts.Part] = []
        func add(_ expression: Expression, _ value: YAMLReader.Value?, _ kinds: KindSet) {
            guard expression.constant == nil, let value,
                let part = PolicyCosts.part(expression, at: value, kinds, bytes)
            else { return }
            parts.append(part)
        }
        for (rule, node) in zip(policy.rules, nodes.rules) where rule.isOverMeasures {
            if case .expression(let points) = rule.points { add(points, node["points"], rule.kinds) }
        }
        for (sanction, node) in zip(policy.sanctions, nodes.sanctions) {
            if case .level(let when) = sanction.trigger { add(when, node["when"], .all) }
        }
        for (perk, node) in zip(policy.perks, nodes.perks) { add(perk.when, node["when"], .all) }
        return parts
    }

    private static let kindBytes = SubjectKind.allCases.map(\.description.utf8.count).max() ?? 0

    /// The bytes of a slot's attribute at a size; nil if the slot has none.
    private func bytesOfAttributes(_ slots: [Int]) -> (_ slot: Int, _ size: Int) -> Int? {
        let isText = Dictionary(uniqueKeysWithValues: zip(slots, policy.attributes.map { $0.type == .string }))
        return { slot, size in isText[slot].map { $0 ? size : 1 } }
    }
}
