/// A look or an act of a person or a program.
public struct AuditRecord: Sendable {
    /// The caller's name.
    public let actor: String
    /// The name of the route or the act, such as `readFile` or `decideAppeal`.
    public let action: String
    /// The subject that it was about; nil if there is none.
    public let subject: [UInt8]?
    /// The reason in the caller's words: the purpose of a look, the reason of an act.
    public let purpose: String?
    /// `allowed`, `denied`, or the outcome of an act.
    public let outcome: String
    /// Further details that identify it, in a fixed order: the appeal's sanction, a policy's id and version.
    public let details: [(name: String, value: String)]

    public init(
        actor: String, action: String, subject: [UInt8]?, purpose: String?, outcome: String,
        details: [(name: String, value: String)] = []
    ) {
        (self.actor, self.action, self.subject) = (actor, action, subject)
        (self.purpose, self.outcome, self.details) = (purpose, outcome, details)
    }
}

/// Records who looked, who decided and who changed. `append` returns after the record is durable. An act or a look that
/// cannot be recorded is refused.
public protocol AuditLog: Sendable {
    func append(_ record: AuditRecord) async throws
}
