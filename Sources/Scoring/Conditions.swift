internal import CEL
internal import Events
internal import Policy

/// The conditions over a standing, compiled for the fold: rules over measures, level sanctions and perks in policy
/// order, each with the parts of a standing that it names.
///
/// They are in memory of their own, which the fold reads while its state changes, without counting references.
struct Conditions: ~Copyable {
    /// An expression over a standing.
    struct Condition {
        // Borrowed from the policy, which outlives this value.
        let expression: Unmanaged<Expression>
        let input: Input
        /// Whether its result stays the same while its inputs do, and is not an error if all are there. It is then
        /// evaluated only after they have changed. Errors are counted, so what can have one is evaluated each time.
        let isStable: Bool
    }

    /// A rule without an event.
    struct RuleOverMeasures {
        let rule: Int
        let dimension: Int
        let kinds: UInt8
        let cap: Int64
        /// The points, if `condition` is nil.
        let points: Int64
        let condition: Condition?
    }

    struct Level {
        let sanction: Int
        let dimension: Int
        let when: Condition
    }

    /// The parts of a standing that an expression names.
    struct Input {
        let score: Bool
        let band: Bool
        let kind: Bool
        let sanctioned: Bool
        /// Whether it names a score, a band or points.
        let readsPoints: Bool
        /// Bits of the measures that it names (`Fold.Change.values`).
        let values: UInt64
        /// The dimensions that are named, with their slots.
        let dimensions: UnsafeMutableBufferPointer<(dimension: Int, slot: Int)>
        /// The measures that are named: the positions of their states in a record, and their slots.
        let measures: UnsafeMutableBufferPointer<(form: Series.Form, stateAt: Int, slot: Int)>
        /// The attributes that are named, with their slots.
        let attributes: UnsafeMutableBufferPointer<(attribute: Int, slot: Int)>

        init(_ expression: Expression, _ variables: PolicyVariables.Standing, _ measures: some Sequence<Series>) {
            let slots = Set(expression.slots)
            func named(_ all: [Int]) -> [(Int, Int)] {
                all.enumerated().filter { slots.contains($0.element) }.map { ($0.offset, $0.element) }
            }
            score = slots.contains(variables.score)
            band = slots.contains(variables.band)
            kind = slots.contains(variables.kind)
            sanctioned = slots.contains(variables.sanctioned)
            let dimensions = named(variables.dimensions)
            readsPoints = score || band || !dimensions.isEmpty || slots.contains(variables.points)
            self.dimensions = .copy(dimensions)
            let (series, ofMeasures) = (Array(measures), named(variables.measures))
            values = ofMeasures.reduce(0) { $0 | Fold.Change.bit(ofMeasure: $1.0) }
            self.measures = .copy(ofMeasures.map { (series[$0].form, series[$0].stateAt, $1) })
            attributes = .copy(named(variables.attributes))
        }

        fileprivate func deallocate() {
            dimensions.deallocate()
            measures.deallocate()
            attributes.deallocate()
        }
    }

    let rulesOverMeasures: UnsafeMutableBufferPointer<RuleOverMeasures>
    let levels: UnsafeMutableBufferPointer<Level>
    let perks: UnsafeMutableBufferPointer<Condition>

    /// `series` has the policy's rules and measures.
    init(_ policy: ScoringPolicy, _ series: [Series]) {
        let variables = policy.variables.standing
        let measures = series.dropFirst(policy.rules.count)
        let areCheap = Self.areCheap(policy)
        func condition(_ expression: Expression) -> Condition {
            Condition(
                expression: .passUnretained(expression), input: Input(expression, variables, measures),
                isStable: areCheap && expression.isPlain)
        }
        rulesOverMeasures = .copy(
            policy.rules.enumerated().filter(\.element.isOverMeasures).map { number, rule in
                let cap = min(rule.cap, ScoringPolicy.saturation)
                var points: Int64 = 0
                if case .constant(let constant) = rule.points { points = max(-cap, min(cap, constant)) }
                return RuleOverMeasures(
                    rule: number, dimension: rule.dimension, kinds: rule.kinds.rawValue, cap: cap, points: points,
                    condition: rule.pointsExpression.map(condition))
            })
        levels = .copy(
            policy.sanctions.enumerated().compactMap { number, sanction in
                sanction.level.map { Level(sanction: number, dimension: sanction.dimension, when: condition($0)) }
            })
        perks = .copy(policy.perks.map { condition($0.when) })
    }

    deinit {
        for rule in rulesOverMeasures { rule.condition?.input.deallocate() }
        for level in levels { level.when.input.deallocate() }
        for perk in perks { perk.input.deallocate() }
        rulesOverMeasures.deallocate()
        levels.deallocate()
        perks.deallocate()
    }

    /// Whether all conditions together never use up a step's budget, whatever the attributes. Otherwise the result of
    /// one depends on the cost of those before it.
    private static func areCheap(_ policy: ScoringPolicy) -> Bool {
        let expressions =
            policy.rules.filter(\.isOverMeasures).compactMap(\.pointsExpression) + policy.sanctions.compactMap(\.level)
            + policy.perks.map(\.when)
        var cost = 0.0
        for expression in expressions {
            guard let own = expression.cost({ _ in EventDecoder.maximumEventBytes }) else { return false }
            cost += own.upperBound
        }
        // The estimate omits rare parts of a comparison with many constants.
        return cost <= Double(Limit.stepCost / 2)
    }
}

extension ScoringPolicy.Rule {
    fileprivate var pointsExpression: Expression? {
        if case .expression(let expression) = points { expression } else { nil }
    }
}

extension ScoringPolicy.Sanction {
    /// The condition of a level sanction; nil if it is triggered by an event.
    fileprivate var level: Expression? { if case .level(let when) = trigger { when } else { nil } }
}
