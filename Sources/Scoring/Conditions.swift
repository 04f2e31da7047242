internal import Expressions
internal import Policy

/// The conditions over a standing, compiled for the fold: level sanctions and perks, in policy order, and what of a
/// standing they name.
struct Conditions {
    struct Level {
        var sanction: Int
        var dimension: Int
        // Borrowed from the policy, which outlives this, like those of the perks.
        var when: Unmanaged<Expression>
    }

    struct Input {
        var score = false
        var band = false
        var kind = false
        var sanctioned = false
        /// Dimensions and their slots.
        var dimensions: [(dimension: Int, slot: Int)] = []
    }

    let levels: [Level]
    let levelsNameKind: Bool
    let perks: [Unmanaged<Expression>]
    let perkInput: Input

    init(_ policy: ScoringPolicy) {
        let variables = policy.variables.standing
        var levels: [Level] = []
        var levelsNameKind = false
        for (number, sanction) in policy.sanctions.enumerated() {
            guard case .level(let when) = sanction.trigger else { continue }
            levels.append(Level(sanction: number, dimension: sanction.dimension, when: .passUnretained(when)))
            levelsNameKind = levelsNameKind || when.slots.contains(variables.kind)
        }
        self.levels = levels
        self.levelsNameKind = levelsNameKind
        perks = policy.perks.map { .passUnretained($0.when) }
        let slots = Set(policy.perks.flatMap(\.when.slots))
        var input = Input()
        input.score = slots.contains(variables.score)
        input.band = slots.contains(variables.band)
        input.kind = slots.contains(variables.kind)
        input.sanctioned = slots.contains(variables.sanctioned)
        for (dimension, slot) in variables.dimensions.enumerated() where slots.contains(slot) {
            input.dimensions.append((dimension, slot))
        }
        perkInput = input
    }
}
