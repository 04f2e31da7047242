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
        JSONWriter.object { object in
            object.member("policy", policy.id)
            object.member("version", policy.version)
            object.member("outcome", outcome.rawValue)
            if let replaced {
                object.open("replaced")
                object.member("policy", replaced.id)
                object.member("version", replaced.version)
                object.member("sha256", PolicyHash.of(replaced.text))
                object.close()
            }
            if let partitions { object.member("partitions", partitions) }
        }
    }
}
