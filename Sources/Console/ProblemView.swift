/// Why a page cannot be shown or an act was refused, and the next step.
public struct ProblemView: Error, Sendable {
    public struct Step: Sendable {
        public var text: String
        /// A path of the console for the next step; nil if it is not a page.
        public var path: String?

        public init(_ text: String, path: String? = nil) { (self.text, self.path) = (text, path) }
    }

    /// The status of HTTP.
    public var status: Int
    public var title: String
    public var detail: String
    public var next: [Step]
    /// Seconds after which the same request may succeed; nil if waiting does not help.
    public var retryAfter: Int?
    /// The share of the work that the request waits for, from 0 to 1; nil if it waits for none.
    public var progress: Double?

    public init(
        status: Int, title: String, detail: String, next: [Step], retryAfter: Int? = nil, progress: Double? = nil
    ) {
        (self.status, self.title, self.detail) = (status, title, detail)
        (self.next, self.retryAfter, self.progress) = (next, retryAfter, progress)
    }

    /// Whether the same act, sent later, may be done.
    var isTemporary: Bool { (status == 503 || status == 429) && retryAfter != nil }
}

extension ProblemView {
    public static func noRole(_ name: String, needed: String) -> ProblemView {
        ProblemView(
            status: 403, title: "Your role does not open this page",
            detail: "You are signed in as \(name). This page is for \(needed).",
            next: [
                Step("Ask whoever runs this programme for the role."),
                Step("Back to the start", path: ConsolePages.root),
                Step("Sign in as somebody else", path: ConsolePath.signIn),
            ])
    }

    public static let sessionEnded = ProblemView(
        status: 401, title: "Your session has ended",
        detail: "Sessions end after a while, so that an open browser opens nobody's file. Nothing was sent.",
        next: [Step("Sign in again", path: ConsolePath.signIn)])

    public static let staleForm = ProblemView(
        status: 403, title: "This form is out of date",
        detail: "It was made for another session, or it did not come from this console. Nothing was done.",
        next: [
            Step("Go back, load the page again, and send the form once more."),
            Step("Overview", path: ConsolePages.root),
        ])

    public static func noSubject(_ id: String) -> ProblemView {
        ProblemView(
            status: 404, title: "Nobody is enrolled with this id",
            detail:
                "No ledger entry enrols \u{201C}\(ConsolePages.shortened(id, to: 80))\u{201D}, or the enrolment was withdrawn. "
                + "Ids are compared exactly: capitals and spaces count.",
            next: [
                Step("Look for ids that begin like it", path: ConsolePath.subjects(prefix: id)),
                Step("Search its events in the ledger", path: ConsolePath.ledger(subject: id)),
            ])
    }

    public static func nothing(_ what: String, back: Step) -> ProblemView {
        ProblemView(
            status: 404, title: "There is no such \(what)",
            detail: "It may have been removed since the page with its link was made.", next: [back])
    }

    public static let emptyLedger = ProblemView(
        status: 503, title: "The ledger is empty",
        detail: "No policy and no event is in it yet, so there is nobody to show. "
            + "A ledger begins with a policy: start a member with --policy FILE.",
        next: [
            Step("Enrol the first subject", path: ConsolePath.act(.enrol)),
            Step("See the sources", path: ConsolePath.sources),
        ])

    public static func tooMany(retryAfter: Int) -> ProblemView {
        ProblemView(
            status: 429, title: "Too many requests",
            detail: "You may ask again in \(ConsolePages.duration(Double(retryAfter))).",
            next: [Step("Wait, then load this page again.")], retryAfter: retryAfter)
    }
}

/// The log-in form.
public struct SignInView: Sendable {
    /// Why the last attempt failed; nil before the first.
    public var mistake: String?
    public var name: String
    /// The page after the log-in.
    public var target: String

    public init(mistake: String? = nil, name: String = "", target: String = ConsolePages.root) {
        (self.mistake, self.name) = (mistake, name)
        self.target = ConsolePath.isOwn(target) ? target : ConsolePages.root
    }
}
