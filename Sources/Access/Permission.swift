/// What a route or a page needs. An act for which no role has the permission is denied.
public enum Permission: String, CaseIterable, Sendable {
    /// The state of the process and its topics, without data of subjects: overview, lag, sources, ledger, policies.
    case readProgramme
    /// A list of subjects. Ids are masked unless the caller also has `readIdentities`.
    case searchSubjects
    /// Subject ids in lists, dead letters and streams.
    case readIdentities
    /// The standing of one subject, or its changes as they come.
    case readStanding
    /// The file of one subject: its events, facts, sanctions and appeals. The file of another subject needs a purpose.
    case readFile
    /// The audit.
    case readAudit
    /// To enrol a subject or withdraw it.
    case enrol
    /// To void an event.
    case void
    case fileAppeal
    case decideAppeal
    /// To put a candidate policy into the shadow, or take it out.
    case shadowPolicy
    /// To do what changes everybody's score: activate a policy or go back to an earlier one, withdraw a source or restore
    /// it.
    case activatePolicy
    /// To acknowledge a source topic that was recreated.
    case manageSources
    /// To read the bytes of dead letters and send them again.
    case redriveDeadLetters

    /// The roles that have the permission. `subject` has it for the caller's own subject only.
    public var roles: Set<Role> {
        switch self {
        case .readProgramme: [.viewer, .analyst, .reviewer, .operator, .auditor, .service]
        case .searchSubjects: [.viewer, .analyst, .reviewer, .operator, .auditor]
        case .readIdentities: [.reviewer, .auditor, .service]
        case .readStanding: [.subject, .viewer, .reviewer, .auditor, .service]
        case .readFile: [.subject, .reviewer, .auditor]
        case .readAudit: [.auditor]
        case .enrol: [.operator, .service]
        case .void: [.operator, .reviewer]
        case .fileAppeal: [.subject, .reviewer, .service]
        case .decideAppeal: [.reviewer]
        case .shadowPolicy: [.analyst, .operator]
        case .activatePolicy, .manageSources, .redriveDeadLetters: [.operator]
        }
    }
}
