/// The function of a person or a program in a programme. A caller can have several roles; each of them gives
/// permissions (`Permission`).
public enum Role: String, CaseIterable, Codable, Sendable {
    /// A person who is scored. Sees the own file and appeals.
    case subject
    /// Sees standings and the programme's state. Subject ids are masked in lists.
    case viewer
    /// Sees policies, shadows, lists and distributions. Subject ids are masked.
    case analyst
    /// Decides appeals, so reads files.
    case reviewer
    /// Runs the programme: policies, sources, dead letters, enrolments.
    case `operator`
    /// Sees everything, including the audit, and changes nothing.
    case auditor
    /// A program of the programme, which enrols, withdraws and reads standings.
    case service
}
