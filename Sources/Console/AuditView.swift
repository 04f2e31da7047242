public import Events

/// The records of looks and acts.
public struct AuditView: Sendable {
    public struct Row: Sendable {
        public var time: Timestamp
        public var actor: String
        public var action: String
        public var subject: SubjectID?
        public var purpose: String?
        public var outcome: String
        public var details: [Detail]

        public init(
            time: Timestamp, actor: String, action: String, subject: SubjectID?, purpose: String?, outcome: String,
            details: [Detail]
        ) {
            (self.time, self.actor, self.action, self.subject) = (time, actor, action, subject)
            (self.purpose, self.outcome, self.details) = (purpose, outcome, details)
        }
    }

    /// A detail's name and value.
    public struct Detail: Sendable {
        public var name: String
        public var value: String

        public init(name: String, value: String) { (self.name, self.value) = (name, value) }
    }

    public var rows: [Row]
    public var next: String?
    public var actions: [String]
    /// The verified part of the audit's chain: `whole up to record 1,204`.
    public var chain: String
    public var level: Level

    public init(rows: [Row], next: String?, actions: [String], chain: String, level: Level) {
        (self.rows, self.next, self.actions, self.chain, self.level) = (rows, next, actions, chain, level)
    }
}
