internal import Events
internal import CEL

/// The ranges of a policy's numbers for all possible events: of each event, of rules, of dimensions, of the score.
struct PolicyRanges {
    private let policy: ScoringPolicy
    /// By dimension.
    private let dimensions: [ClosedRange<Double>]
    let score: ClosedRange<Double>

    private static let everything = -Double.infinity...Double.infinity

    init(_ policy: ScoringPolicy) {
        self.policy = policy
        let dimensions = policy.dimensions.indices.map { number in
            let (low, high) = (policy.dimensions[number].min, policy.dimensions[number].max)
            let rules = policy.rules.filter { $0.dimension == number }.map { Self.ofRule($0, policy) }
            let sum = rules.reduce(0...0) { $0.lowerBound + $1.lowerBound...$0.upperBound + $1.upperBound }
            return Self.clamp(sum, Double(low), Double(high))
        }
        self.dimensions = dimensions
        let base = Double(policy.score.base)
        let sum = dimensions.reduce(base...base) { $0.lowerBound + $1.lowerBound...$0.upperBound + $1.upperBound }
        score = Self.clamp(sum, Double(policy.score.min), Double(policy.score.max))
    }

    private static func clamp(_ range: ClosedRange<Double>, _ low: Double, _ high: Double) -> ClosedRange<Double> {
        max(low, min(high, range.lowerBound))...max(low, min(high, range.upperBound))
    }

    /// Nil if there is no bound.
    static func text(_ number: Double) -> String? { Int64(exactly: number).map { "\($0)" } }

    // MARK: Rules

    /// The points of one event, or of the rule over measures.
    func ofEachEvent(_ rule: ScoringPolicy.Rule) -> ClosedRange<Double> { Self.ofEachEvent(rule, policy) }

    /// The points of a rule at any moment. 0 is always in the range.
    func ofRule(_ rule: ScoringPolicy.Rule) -> ClosedRange<Double> { Self.ofRule(rule, policy) }

    private static func ofEachEvent(_ rule: ScoringPolicy.Rule, _ policy: ScoringPolicy) -> ClosedRange<Double> {
        switch rule.points {
        case .constant(let points): Double(points)...Double(points)
        case .expression(let points):
            points.bounds(
                rule.isOverMeasures ? ofMeasures(rule.kinds, policy) : ofEvent(rule.kinds, rule.events, policy))
                ?? everything
        }
    }

    private static func ofRule(_ rule: ScoringPolicy.Rule, _ policy: ScoringPolicy) -> ClosedRange<Double> {
        guard rule.cap > 0, !rule.kinds.isDisjoint(with: policy.kinds) else { return 0...0 }
        if case .bool(false)? = rule.when?.constant { return 0...0 }
        let each = ofEachEvent(rule, policy)
        let (low, high) = (min(0, each.lowerBound), max(0, each.upperBound))
        let buckets = rule.maximumLiveBuckets.map { Double($0) } ?? .infinity
        let cap = rule.cap == .max ? Double.infinity : Double(rule.cap) * buckets
        guard !rule.isOverMeasures else { return max(low, -cap)...min(high, cap) }
        // For any number of events.
        return (low < 0 ? -cap : 0)...(high > 0 ? cap : 0)
    }

    // MARK: Slots

    func ofEvent(_ kinds: KindSet, _ events: [EventPattern]) -> (Int) -> SlotRange? {
        Self.ofEvent(kinds, events, policy)
    }
    func ofMeasures(_ kinds: KindSet) -> (Int) -> SlotRange? { Self.ofMeasures(kinds, policy) }

    private static func ofEvent(_ kinds: KindSet, _ events: [EventPattern], _ policy: ScoringPolicy)
        -> (Int) -> SlotRange?
    {
        let variables = policy.variables.event
        let texts = kinds.intersection(policy.kinds).kinds.map(\.description)
        // A prefix has infinitely many types.
        let types = events.contains(where: \.isPrefix) ? [] : events.map(\.stem)
        return { slot in
            switch slot {
            case variables.kind: texts.isEmpty ? nil : .texts(texts)
            case variables.type: types.isEmpty ? nil : .texts(types)
            default: nil
            }
        }
    }

    private static func ofMeasures(_ kinds: KindSet, _ policy: ScoringPolicy) -> (Int) -> SlotRange? {
        let variables = policy.variables.standing
        let texts = kinds.intersection(policy.kinds).kinds.map(\.description)
        return { slot in
            if slot == variables.kind { return texts.isEmpty ? nil : .texts(texts) }
            guard let number = variables.measures.firstIndex(of: slot) else { return nil }
            // A count and a streak are numbers of events.
            return policy.measures[number].amount == nil ? .wholeNumbers(0...Double.infinity) : nil
        }
    }

    /// The possible values of slots in a perk (nil), or in a level sanction of a dimension.
    func ofStanding(_ dimension: Int?) -> (Int) -> SlotRange? {
        let variables = policy.variables.standing
        let measures = Self.ofMeasures(policy.kinds, policy)
        let reached = policy.bands.indices.filter { canReach(band: $0) }.map { policy.bands[$0].name }
        return { [self] slot in
            if slot == variables.score { return .wholeNumbers(score) }
            if slot == variables.band { return .texts(reached) }
            if slot == variables.points { return dimension.map { .wholeNumbers(dimensions[$0]) } }
            if let number = variables.dimensions.firstIndex(of: slot) { return .wholeNumbers(dimensions[number]) }
            return measures(slot)
        }
    }

    /// Whether a possible score is in the band.
    func canReach(band: Int) -> Bool {
        let next = band + 1
        return Double(policy.bands[band].from) <= score.upperBound
            && (next == policy.bands.count || Double(policy.bands[next].from) > score.lowerBound)
    }

    /// The measures that an expression over the standing names.
    func measures(in expression: Expression) -> [ScoringPolicy.Measure] {
        expression.slots.compactMap { slot in
            policy.variables.standing.measures.firstIndex(of: slot).map { policy.measures[$0] }
        }
    }
}
