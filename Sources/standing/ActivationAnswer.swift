import Events
import Policy

/// What the ledger has made of an activation.
struct ActivationAnswer {
    enum Outcome: String {
        case activated
        case alreadyActive = "active-already"
        /// The ledger was not asked.
        case sent
    }

    let policy: ScoringPolicy
    let outcome: Outcome
    /// The policy that was active before; nil if it stays active or is not known.
    var replaced: ScoringPolicy?
    /// The number of ledger partitions that have the entry; nil if they were not asked.
    var partitions: Int?

    /// `{"policy","version","outcome"[,"replaced":{"policy","version","sha256"}][,"partitions"]}`
    var json: String {
        var object = JSONObjectText()
        object.add("policy", policy.id)
        object.add("version", policy.version)
        object.add("outcome", outcome.rawValue)
        if let replaced {
            var before = JSONObjectText()
            before.add("policy", replaced.id)
            before.add("version", replaced.version)
            before.add("sha256", PolicyHash.of(replaced.text))
            object.add("replaced", json: before.text)
        }
        if let partitions { object.add("partitions", Int64(partitions)) }
        return object.text
    }
}
