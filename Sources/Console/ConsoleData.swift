public import Access
public import Events

/// Gives the pages what they show, and does what people ask for. A function that gives anybody's data records the look and refuses
/// what the caller may not see: the console has checked the permission of the page only. An act is idempotent by its key.
public protocol ConsoleData: Sendable {
    func overview(for caller: Caller) async throws(ProblemView) -> OverviewView
    func subjects(_ search: SubjectSearch, for caller: Caller) async throws(ProblemView) -> SubjectsView
    /// `purpose`: nil where the caller reads the own file, or a standing without its file.
    func subject(_ id: String, purpose: String?, for caller: Caller) async throws(ProblemView) -> SubjectView
    func appeals(for caller: Caller) async throws(ProblemView) -> AppealsView
    func appeal(
        of subject: String, against sanction: String, purpose: String?, for caller: Caller
    ) async throws(ProblemView) -> AppealView
    /// `version`: a version's key; nil for the active one.
    func policies(version: String?, for caller: Caller) async throws(ProblemView) -> PolicyView
    func sources(for caller: Caller) async throws(ProblemView) -> SourcesView
    func lag(of group: String?, for caller: Caller) async throws(ProblemView) -> LagView
    func deadLetters(_ search: DeadLetterSearch, for caller: Caller) async throws(ProblemView) -> DeadLettersView
    func ledger(_ search: LedgerSearch, for caller: Caller) async throws(ProblemView) -> LedgerView
    func audit(_ search: AuditSearch, for caller: Caller) async throws(ProblemView) -> AuditView

    func perform(
        _ act: ConsoleAct, reason: String, key: String, by caller: Caller
    ) async throws(ProblemView) -> ActOutcome

    /// The value of the `Set-Cookie` field of a new session; nil if the name and the password do not belong together.
    func signIn(name: String, password: String, from address: String) async throws(ProblemView) -> String?
    /// The value of the `Set-Cookie` field that removes the session, which ends.
    func signOut(session: String) async -> String
}

public struct SubjectSearch: Sendable {
    public var prefix: String?
    public var kind: String?
    public var band: String?
    public var perk: String?
    public var sanction: String?
    /// What the last page gave as its next.
    public var after: String?
}

public struct DeadLetterSearch: Sendable {
    public var reason: String?
    public var topic: String?
    /// The key of one letter.
    public var letter: String?
    public var after: String?
}

public struct LedgerSearch: Sendable {
    /// Whose entries; they are read as a file is, for a purpose.
    public var subject: String?
    public var purpose: String?
    public var partition: Int?
    public var offset: Int64?
    public var from: Timestamp?
    public var after: String?
}

public struct AuditSearch: Sendable {
    public var actor: String?
    public var subject: String?
    public var action: String?
    public var after: String?
}
