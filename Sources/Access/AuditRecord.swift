/// What somebody did or saw.
public struct AuditRecord: Sendable {
    /// The caller's name.
    public let actor: String
    /// The name of the route or the act, such as `readFile` or `decideAppeal`.
    public let action: String
    /// Whom it was about; nil where it was about nobody.
    public let subject: [UInt8]?
    /// Why, in the caller's words: the purpose of a look, the reason of an act.
    public let purpose: String?
    /// `allowed`, `denied`, or what came of an act.
    public let outcome: String
    /// What else identifies it, in a fixed order: the appeal's sanction, a policy's id and version.
    public let details: [(name: String, value: String)]

    public init(
        actor: String, action: String, subject: [UInt8]?, purpose: String?, outcome: String,
        details: [(name: String, value: String)] = []
    ) {
        (self.actor, self.action, self.subject) = (actor, action, subject)
        (self.purpose, self.outcome, self.details) = (purpose, outcome, details)
    }
}

/// Records who looked, who decided and who changed. `append` returns once the record is kept for good; an act or a look that cannot
/// be recorded is refused.
public protocol AuditLog: Sendable {
    func append(_ record: AuditRecord) async throws
}
