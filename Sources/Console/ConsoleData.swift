public import Access
public import Events

/// Provides the data of the pages, and executes acts. A function that returns data of a subject records the look and
/// checks the caller's permission for it, because the console has checked the permission for the page only. An act is
/// idempotent by its key.
public protocol ConsoleData: Sendable {
    func overview(for caller: Caller) async throws(ProblemView) -> OverviewView
    func subjects(_ search: SubjectSearch, for caller: Caller) async throws(ProblemView) -> SubjectsView
    /// `purpose`: nil if a caller reads the own file, or a standing without its file.
    func subject(_ id: String, purpose: String?, for caller: Caller) async throws(ProblemView) -> SubjectView
    func appeals(for caller: Caller) async throws(ProblemView) -> AppealsView
    func appeal(
        of subject: String, against sanction: String, purpose: String?, for caller: Caller
    ) async throws(ProblemView) -> AppealView
    /// `version`: a version's key; nil for the active one.
    func policies(version: String?, for caller: Caller) async throws(ProblemView) -> PolicyView
    /// What the candidate in the shadow would have done. It waits for a few seconds at most.
    func backtest(for caller: Caller) async throws(ProblemView) -> BacktestView
    func sources(for caller: Caller) async throws(ProblemView) -> SourcesView
    /// What the withdrawal of a source topic would change. It waits for a few seconds at most.
    func withdrawal(of topic: String, for caller: Caller) async throws(ProblemView) -> WithdrawalView
    func lag(of group: String?, for caller: Caller) async throws(ProblemView) -> LagView
    func deadLetters(_ search: DeadLetterSearch, for caller: Caller) async throws(ProblemView) -> DeadLettersView
    func ledger(_ search: LedgerSearch, for caller: Caller) async throws(ProblemView) -> LedgerView
    func audit(_ search: AuditSearch, for caller: Caller) async throws(ProblemView) -> AuditView

    func perform(
        _ act: ConsoleAct, reason: String, key: String, by caller: Caller
    ) async throws(ProblemView) -> ActOutcome

    /// The value of the `Set-Cookie` field of a new session; nil if the name and the password do not belong together.
    func signIn(name: String, password: String, from address: String) async throws(ProblemView) -> String?
    /// Ends the session. Returns the value of the `Set-Cookie` field that removes it.
    func signOut(session: String) async -> String
}

public struct SubjectSearch: Sendable {
    public var prefix: String?
    public var kind: String?
    public var band: String?
    public var perk: String?
    public var sanction: String?
    /// The `next` of the previous page.
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
    /// The subject of the entries. They are read as a file is, for a purpose.
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
