internal import CEL

// Sentences about one part of a policy, for who has it or is under it.
extension ScoringPolicy {
    /// When a perk is granted.
    public func sentence(of perk: Perk) -> String {
        perk.when.isAlwaysTrue
            ? "Granted to everyone who is scored."
            : "Granted \(PolicyExplanation.Words(policy: self).condition(perk.when.source))."
    }

    /// What imposes a sanction.
    public func sentence(of sanction: Sanction) -> String { PolicyExplanation(draftOf: self).imposed(sanction) }
}
