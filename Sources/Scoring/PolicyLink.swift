internal import Policy

/// The parts that one policy and the next have in common: bands by name, perks by id, rules by id and dimension, and
/// sanctions by id, dimension, measures and kind of trigger.
struct PolicyLink {
    /// The new band of each old one; nil if no new band has its name.
    let bands: [Int?]
    /// The old rule of each new one; nil if there is none.
    let rules: [Int?]
    let perks: [(new: Int, old: Int)]
    let sanctions: [(new: Int, old: Int)]
    /// Rules of the old policy that the new one lacks.
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
