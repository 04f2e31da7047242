internal import CEL
internal import Policy

/// The conditions over a standing, compiled for the fold: rules over measures, level sanctions and perks in policy
/// order, with the parts of a standing that they name.
struct Conditions {
    /// A rule without an event.
    struct RuleOverMeasures {
        var rule: Int
        var dimension: Int
        var kinds: UInt8
        var cap: Int64
        /// The points, if `expression` is nil.
        var points: Int64
        // Borrowed from the policy, which outlives this value, like the expressions below.
        var expression: Unmanaged<Expression>?
        var input: Input
    }

    struct Level {
        var sanction: Int
        var dimension: Int
        var when: Unmanaged<Expression>
    }

    struct Input {
        var score = false
        var band = false
        var kind = false
        var sanctioned = false
        /// The dimensions that are named, with their slots.
        var dimensions: [(dimension: Int, slot: Int)] = []
        /// The measures that are named: the positions of their states in a record, and their slots.
        var measures: [(form: Series.Form, stateAt: Int, slot: Int)] = []
        /// The attributes that are named, with their slots.
        var attributes: [(attribute: Int, slot: Int)] = []

        init(
            _ expressions: [Expression], _ variables: PolicyVariables.Standing, _ measures: some Sequence<Series>
        ) {
            let slots = Set(expressions.flatMap(\.slots))
            score = slots.contains(variables.score)
            band = slots.contains(variables.band)
            kind = slots.contains(variables.kind)
            sanctioned = slots.contains(variables.sanctioned)
            func named(_ all: [Int]) -> [(Int, Int)] {
                all.enumerated().filter { slots.contains($0.element) }.map { ($0.offset, $0.element) }
            }
            dimensions = named(variables.dimensions)
            let series = Array(measures)
            self.measures = named(variables.measures).map { (series[$0].form, series[$0].stateAt, $1) }
            attributes = named(variables.attributes)
        }
    }

    let rulesOverMeasures: [RuleOverMeasures]
    let hasRulesOverMeasures: Bool
    let levels: [Level]
    let levelInput: Input
    let perks: [Unmanaged<Expression>]
    let perkInput: Input

    /// `series` has the policy's rules and measures.
    init(_ policy: ScoringPolicy, _ series: [Series]) {
        let variables = policy.variables.standing
        let measures = series.dropFirst(policy.rules.count)
        rulesOverMeasures = policy.rules.enumerated().filter(\.element.isOverMeasures).map { number, rule in
            var item = RuleOverMeasures(
                rule: number, dimension: rule.dimension, kinds: rule.kinds.rawValue,
                cap: min(rule.cap, ScoringPolicy.saturation), points: 0, input: Input([], variables, measures))
            switch rule.points {
            case .constant(let points): item.points = max(-item.cap, min(item.cap, points))
            case .expression(let expression):
                item.expression = .passUnretained(expression)
                item.input = Input([expression], variables, measures)
            }
            return item
        }
        hasRulesOverMeasures = !rulesOverMeasures.isEmpty
        var levels: [Level] = []
        var levelConditions: [Expression] = []
        for (number, sanction) in policy.sanctions.enumerated() {
            guard case .level(let when) = sanction.trigger else { continue }
            levels.append(Level(sanction: number, dimension: sanction.dimension, when: .passUnretained(when)))
            levelConditions.append(when)
        }
        self.levels = levels
        levelInput = Input(levelConditions, variables, measures)
        perks = policy.perks.map { .passUnretained($0.when) }
        perkInput = Input(policy.perks.map(\.when), variables, measures)
    }
}
