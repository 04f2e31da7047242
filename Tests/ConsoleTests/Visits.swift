import Access
import Console

/// Every page that a caller can see, with its query.
enum Visits {
    static let reviewer = Caller(name: "mira", roles: [.reviewer, .viewer])
    static let conductor = Caller(name: "pim", roles: [.operator])
    static let auditor = Caller(name: "ilse", roles: [.auditor])
    static let viewer = Caller(name: "kai", roles: [.viewer])
    /// Sees and does everything, which nobody should.
    static let everything = Caller(name: "root", roles: Set(Role.allCases).subtracting([.subject]))

    static func own(_ id: String) -> Caller { Caller(name: id, roles: [.subject], subject: Array(id.utf8)) }

    struct Page {
        var name: String
        var caller: Caller?
        var path: String
        var query: [(name: String, value: String)] = []
    }

    /// `plant` is part of the ids.
    static func all(plant: String = "") -> [Page] {
        let ada = "ada-4471" + plant
        return [
            Page(name: "overview", caller: everything, path: "/console"),
            Page(name: "overview-masked", caller: viewer, path: "/console"),
            Page(name: "subjects", caller: everything, path: "/console/subjects", query: [("prefix", "ad" + plant)]),
            Page(name: "subjects-masked", caller: viewer, path: "/console/subjects"),
            Page(name: "purpose", caller: reviewer, path: "/console/subject", query: [("id", ada)]),
            Page(
                name: "subject", caller: everything, path: "/console/subject",
                query: [("id", ada), ("purpose", "The person asked" + plant)]),
            Page(name: "me", caller: own(ada), path: "/console/me"),
            Page(name: "appeals", caller: reviewer, path: "/console/appeals"),
            Page(
                name: "appeal", caller: reviewer, path: "/console/appeal",
                query: [("id", ada), ("sanction", "no-deferred-payment" + plant), ("purpose", "Decision" + plant)]),
            Page(name: "policies", caller: everything, path: "/console/policies"),
            Page(name: "backtest", caller: conductor, path: "/console/backtest"),
            Page(name: "sources", caller: conductor, path: "/console/sources"),
            Page(
                name: "dead-letters", caller: conductor, path: "/console/dead-letters",
                query: [("reason", "bad-time" + plant)]),
            Page(name: "dead-letter", caller: conductor, path: "/console/dead-letters", query: [("letter", "3-1200")]),
            Page(name: "lag", caller: conductor, path: "/console/lag"),
            Page(
                name: "lag-group", caller: conductor, path: "/console/lag", query: [("group", "standing.perks" + plant)]
            ),
            Page(
                name: "ledger", caller: auditor, path: "/console/ledger",
                query: [("subject", ada), ("purpose", "a complaint")]),
            Page(name: "audit", caller: auditor, path: "/console/audit", query: [("actor", "mira" + plant)]),
            Page(name: "sign-in", caller: nil, path: "/console/sign-in"),
            Page(name: "words", caller: viewer, path: "/console/words"),
            Page(
                name: "act-void", caller: reviewer, path: "/console/acts/void",
                query: [("subject", ada), ("source", "/bank/north" + plant), ("id", "bill-1008" + plant)]),
            Page(name: "act-enrol", caller: conductor, path: "/console/acts/enrol"),
            Page(
                name: "act-withdraw-source", caller: conductor, path: "/console/acts/withdraw-source",
                query: [("topic", "behaviour.community" + plant), ("what-if", "yes")]),
            Page(
                name: "act-withdraw-source-unknown", caller: conductor, path: "/console/acts/withdraw-source",
                query: [("topic", "elsewhere" + plant), ("what-if", "yes")]),
            Page(
                name: "act-restore-source", caller: conductor, path: "/console/acts/restore-source",
                query: [("topic", "behaviour.commerce" + plant)]),
            Page(name: "act-shadow", caller: conductor, path: "/console/acts/shadow"),
            Page(
                name: "act-appeal", caller: own(ada), path: "/console/acts/file-appeal",
                query: [("subject", ada), ("sanction", "no-deferred-payment" + plant)]),
        ]
    }

    static func request(_ page: Page) -> ConsoleRequest {
        ConsoleRequest(
            caller: page.caller, address: "127.0.0.1", target: page.path, query: FormFields(page.query),
            formToken: "token",
            key: "key-1")
    }

    static func answer(_ page: Page, _ routes: [ConsoleRoute]) async -> ConsoleAnswer? {
        await routes.first { $0.method == .get && $0.path == page.path }?.answer(request(page))
    }
}
