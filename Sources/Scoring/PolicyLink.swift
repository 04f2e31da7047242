internal import Policy

/// What of one policy is in the next: bands by name, perks by id, rules by id and dimension, and sanctions that have id,
/// dimension, measures and sort of trigger in common.
struct PolicyLink {
    /// By old band: the new one; nil if there is none of its name.
    let bands: [Int?]
    /// By new rule: the old one.
    let rules: [Int?]
    let perks: [(new: Int, old: Int)]
    let sanctions: [(new: Int, old: Int)]
    /// What of the old policy the new one has not.
    let goneRules: [Int]
    let gonePerks: [Int]
    let goneSanctions: [Int]

    init(from old: ScoringPolicy, to new: ScoringPolicy) {
        bands = old.bands.map { band in new.bands.firstIndex { $0.name == band.name } }
        let rules = new.rules.map { rule in
            old.rules.firstIndex {
                $0.id == rule.id && old.dimensions[$0.dimension].name == new.dimensions[rule.dimension].name
            }
        }
        let perks: [(new: Int, old: Int)] = new.perks.enumerated().compactMap { number, perk in
            old.perks.firstIndex { $0.id == perk.id }.map { (number, $0) }
        }
        let sanctions: [(new: Int, old: Int)] = new.sanctions.enumerated().compactMap { number, sanction in
            old.sanctions.firstIndex { before in
                before.id == sanction.id && before.measures == sanction.measures
                    && old.dimensions[before.dimension].name == new.dimensions[sanction.dimension].name
                    && before.trigger.isLevel == sanction.trigger.isLevel
            }.map { (number, $0) }
        }
        goneRules = old.rules.indices.filter { !rules.contains($0) }
        gonePerks = old.perks.indices.filter { perk in !perks.contains { $0.old == perk } }
        goneSanctions = old.sanctions.indices.filter { sanction in !sanctions.contains { $0.old == sanction } }
        (self.rules, self.perks, self.sanctions) = (rules, perks, sanctions)
    }
}

extension ScoringPolicy.Sanction.Trigger {
    fileprivate var isLevel: Bool {
        if case .level = self { true } else { false }
    }
}
