public import Events

/// The policies of a ledger, one of them in full, the policy in the shadow, and the proposals that wait for a second
/// person.
public struct PolicyView: Sendable {
    public var versions: [Version]
    /// The version that the page shows in full; nil on an empty ledger.
    public var selected: Selected?
    public var shadow: Shadow?
    public var proposals: [Proposal]
    /// Why versions are missing; nil if none are missing.
    public var failure: String?

    public init(
        versions: [Version], selected: Selected?, shadow: Shadow?, proposals: [Proposal], failure: String? = nil
    ) {
        (self.versions, self.selected, self.shadow, self.proposals) = (versions, selected, shadow, proposals)
        self.failure = failure
    }

    public struct Version: Sendable {
        /// The version in the console's paths: a hash.
        public var key: String
        public var name: String
        public var version: Int
        /// Nil for the first policy of the ledger, and if it is unknown.
        public var since: Timestamp?
        public var isActive: Bool
        /// The author of the activation and the reason; nil if they are unknown.
        public var actor: String?
        public var reason: String?

        public init(
            key: String, name: String, version: Int, since: Timestamp?, isActive: Bool, actor: String?, reason: String?
        ) {
            (self.key, self.name, self.version, self.since) = (key, name, version, since)
            (self.isActive, self.actor, self.reason) = (isActive, actor, reason)
        }
    }

    public struct Selected: Sendable {
        public var key: String
        public var name: String
        public var version: Int
        public var sections: [Section]
        public var text: String
        /// The name of the version with which `difference` compares; nil for the first.
        public var comparedWith: String?
        public var difference: [DiffLine]

        public init(
            key: String, name: String, version: Int, sections: [Section], text: String, comparedWith: String?,
            difference: [DiffLine]
        ) {
            (self.key, self.name, self.version, self.sections) = (key, name, version, sections)
            (self.text, self.comparedWith, self.difference) = (text, comparedWith, difference)
        }
    }

    /// Plain sentences under a heading.
    public struct Section: Sendable {
        public var title: String
        public var sentences: [String]

        public init(title: String, sentences: [String]) { (self.title, self.sentences) = (title, sentences) }
    }

    public struct DiffLine: Sendable {
        public enum Kind: String, Sendable { case same, added, removed }

        public var kind: Kind
        public var text: String

        public init(kind: Kind, text: String) { (self.kind, self.text) = (kind, text) }
    }

    public struct Shadow: Sendable {
        public var name: String
        public var version: Int
        public var since: Timestamp
        /// The number of subjects with a higher score, among those that both policies score.
        public var gain: Int
        public var lose: Int
        public var same: Int
        public var newSanctions: Int
        public var liftedSanctions: Int
        /// Whether it has been activated since.
        public var isActive: Bool
        /// The folded share of the ledger under the shadow, from 0 to 1.
        public var progress: Double
        public var winners: [Mover]
        public var losers: [Mover]

        public init(
            name: String, version: Int, since: Timestamp, isActive: Bool, gain: Int, lose: Int, same: Int,
            newSanctions: Int, liftedSanctions: Int, progress: Double, winners: [Mover], losers: [Mover]
        ) {
            (self.name, self.version, self.since, self.isActive) = (name, version, since, isActive)
            (self.gain, self.lose, self.same) = (gain, lose, same)
            (self.newSanctions, self.liftedSanctions) = (newSanctions, liftedSanctions)
            (self.progress, self.winners, self.losers) = (progress, winners, losers)
        }
    }

    public struct Mover: Sendable {
        public var subject: SubjectID
        public var before: Int
        public var after: Int
        /// The rule with the greatest share of the difference; nil if it is unknown.
        public var rule: String?

        public init(subject: SubjectID, before: Int, after: Int, rule: String?) {
            (self.subject, self.before, self.after, self.rule) = (subject, before, after, rule)
        }
    }

    /// An act that waits for a second person.
    public struct Proposal: Sendable {
        public var key: String
        /// `Activate card 4`
        public var act: String
        public var actor: String
        public var reason: String
        public var time: Timestamp
        /// The end of the time in which a second person can approve.
        public var expires: Timestamp
        /// The differences that the proposer has seen; nil if they were not computed.
        public var summary: String?
        /// The policy that would be active, compared with the active one.
        public var difference: [DiffLine]

        public init(
            key: String, act: String, actor: String, reason: String, time: Timestamp, expires: Timestamp,
            summary: String?, difference: [DiffLine]
        ) {
            (self.key, self.act, self.actor, self.reason) = (key, act, actor, reason)
            (self.time, self.expires, self.summary, self.difference) = (time, expires, summary, difference)
        }
    }
}

/// What the policy in the shadow would have done to the past. It names nobody.
public struct BacktestView: Sendable {
    public enum State: Sendable {
        /// The report, in lines.
        case reported(String)
        /// The history is being folded: the share that is done, from 0 to 1.
        case folding(done: Double)
        /// Why it is not known, as a sentence.
        case unknown(String)
    }

    /// Name and version.
    public var policy: String
    public var state: State

    public init(policy: String, state: State) { (self.policy, self.state) = (policy, state) }
}
