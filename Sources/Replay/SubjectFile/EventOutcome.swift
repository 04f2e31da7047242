internal import Scoring

/// The outcome of an event when it was folded.
public enum EventOutcome: String, Sendable, CaseIterable {
    case counted
    /// The policy names its type, and every condition was false.
    case noMatch = "no-match"
    /// No rule, measure or sanction names its type.
    case notNamed = "type-not-named"
    /// An evaluation failed, and no other part took the event.
    case evaluationError = "evaluation-error"
    case duplicate
    /// It was voided before it came, or while it waited for its subject's enrolment.
    case voidedBefore = "voided-before"
    /// It came before its subject's enrolment. If the final outcome is known, it means that the enrolment made it
    /// count.
    case early
    case earlyWaits = "early-waits"
    case earlyOlder = "early-older"
    case earlyExpired = "early-expired"
    case earlyBeyondLimit = "early-beyond-limit"
    case notEnrolled = "not-enrolled"
    case beyondLimit = "beyond-limit"
    case outOfRange = "out-of-range"
    /// Its source topic is withdrawn.
    case sourceWithdrawn = "source-withdrawn"
    case kindNotScored = "kind-not-scored"
    case enrolled
    case withdrawn
    case voids
    case voidWaits = "void-waits"
    case voidIgnored = "void-ignored"
    case appealIgnored = "appeal-ignored"
    case activated
    case activationIgnored = "activation-ignored"
    /// A control event that took effect and has no counter.
    case applied

    /// `news` has the counts of the entry. They include the timers that fell due when it moved the clock, so counters
    /// that only an event can change are checked first.
    init(of news: FoldCounters, isNamed: Bool, hasFailed: Bool) {
        let rules: [(Int64, EventOutcome)] = [
            (news.outOfRange, .outOfRange), (news.enrolments, .enrolled), (news.withdrawals, .withdrawn),
            (news.kindNotScored, .kindNotScored), (news.policySwitches, .activated),
            (news.activationsIgnored, .activationIgnored), (news.voids, .voids),
            (news.appealsIgnored, .appealIgnored), (news.scored, .counted),
            (news.unmatched, isNamed ? (hasFailed ? .evaluationError : .noMatch) : .notNamed),
            (news.duplicates, .duplicate), (news.beyondLimit, .beyondLimit), (news.early, .early),
            (news.voidsIgnored, .voidIgnored), (news.notEnrolled, .notEnrolled),
        ]
        self = rules.first { $0.0 > 0 }?.1 ?? .applied
    }

    public var sentence: String {
        switch self {
        case .counted: "it counted"
        case .noMatch: "no rule, measure or sanction took it: no condition held, or none is for the subject's kind"
        case .notNamed: "the policy does not name its type"
        case .evaluationError: "an expression gave no value, and nothing else took it"
        case .duplicate: "a repeat of an event that was known"
        case .voidedBefore: "it was voided before it could count"
        case .early: "it came before its subject's enrolment"
        case .earlyWaits: "it waits for its subject's enrolment"
        case .earlyOlder: "it came before its subject's enrolment, and had happened before it"
        case .earlyExpired: "it waited for its subject's enrolment, which did not come in time"
        case .earlyBeyondLimit: "too many later events of its subject waited for an enrolment with it"
        case .notEnrolled: "its subject was not enrolled"
        case .beyondLimit: "its subject had as many events as there can be"
        case .outOfRange: "its time is out of range"
        case .sourceWithdrawn: "its source was withdrawn when it came, or while it waited"
        case .kindNotScored: "the policy does not score this kind"
        case .enrolled: "it enrolled its subject"
        case .withdrawn: "it ended its subject's enrolment"
        case .voids: "it voided another event"
        case .voidWaits: "the event that it voids was not there: it waits for it, or has waited"
        case .voidIgnored: "the event that it voids is not there, or is voided already"
        case .appealIgnored: "there is no sanction that it could be about"
        case .activated: "it activated a policy, or withdrew or restored a source"
        case .activationIgnored: "another policy was active than it was approved against"
        case .applied: "it took effect"
        }
    }
}
