internal import Access
internal import Events

/// The paths of the console and their pages.
public struct ConsoleRoutes: Sendable {
    let console: ConsolePages
    let data: any ConsoleData

    public init(_ console: ConsolePages, data: any ConsoleData) { (self.console, self.data) = (console, data) }

    public var all: [ConsoleRoute] { pages + session + assets + acts }

    private typealias Show = @Sendable (ConsoleRequest, Caller, Visit) async throws(ProblemView) -> String

    /// A page for callers with a permission: `permission`, or the tab's.
    private func page(
        _ tab: Tab, _ summary: String, path: String? = nil, permission: Permission? = nil, _ parameters: [String] = [],
        _ show: @escaping Show
    ) -> ConsoleRoute {
        let permission = permission ?? tab.permission
        return ConsoleRoute(
            method: .get, path: path ?? tab.path,
            requirement: tab == .mine ? .signedIn : .permission(permission), parameters: parameters + ["done"],
            summary: summary
        ) { request in
            guard let caller = request.caller else { return signInFirst(request) }
            let visit = visit(request)
            guard tab == .mine || caller.may(permission) else {
                if tab == .overview, Tab.mine.isOpen(to: caller) { return .redirect(to: ConsolePath.mine) }
                return noRole(caller, permission, visit)
            }
            do throws(ProblemView) { return .page(try await show(request, caller, visit)) } catch {
                return problem(error, visit)
            }
        }
    }

    // MARK: Pages

    private var pages: [ConsoleRoute] {
        [
            page(.overview, "The state of the programme") { request, caller, visit throws(ProblemView) in
                console.overview(try await data.overview(for: caller), for: visit)
            },
            page(.subjects, "Search subjects", ["prefix", "kind", "band", "perk", "sanction", "after"]) {
                request, caller, visit throws(ProblemView) in
                let query = request.query
                let search = SubjectSearch(
                    prefix: query["prefix"], kind: query["kind"], band: query["band"], perk: query["perk"],
                    sanction: query["sanction"], after: query["after"])
                return console.subjects(try await data.subjects(search, for: caller), asked: search, for: visit)
            },
            page(
                .mine, "A subject's standing, and its file for a purpose", path: ConsolePath.subject,
                ["id", "id.encoded", "purpose"]
            ) { request, caller, visit throws(ProblemView) in
                try await subject(request, caller, visit)
            },
            page(.mine, "The own standing") { request, caller, visit throws(ProblemView) in
                guard let own = caller.subject else { throw .noRole(caller.name, needed: "people who are scored") }
                let view = try await data.subject(String(decoding: own, as: UTF8.self), purpose: nil, for: caller)
                return console.subject(view, for: visit)
            },
            page(.appeals, "Open appeals, the least time left first") { request, caller, visit throws(ProblemView) in
                console.appeals(try await data.appeals(for: caller), for: visit)
            },
            page(
                .appeals, "One appeal, with and without the disputed evidence", path: ConsolePath.appeal,
                ["id", "id.encoded", "sanction", "sanction.encoded", "purpose"]
            ) {
                request, caller, visit throws(ProblemView) in
                try await appeal(request, caller, visit)
            },
            page(.policies, "Policies, their sentences, differences and the shadow", ["version"]) {
                request, caller, visit throws(ProblemView) in
                console.policies(try await data.policies(version: request.query["version"], for: caller), for: visit)
            },
            page(
                .policies, "What the policy in the shadow would have done to the past", path: ConsolePath.backtest,
                permission: .shadowPolicy
            ) { _, caller, visit throws(ProblemView) in
                console.backtest(try await data.backtest(for: caller), for: visit)
            },
            page(.sources, "What each source gave") { _, caller, visit throws(ProblemView) in
                console.sources(try await data.sources(for: caller), for: visit)
            },
            page(.deadLetters, "Records that were no events", ["reason", "topic", "letter", "after"]) {
                request, caller, visit throws(ProblemView) in
                let query = request.query
                let search = DeadLetterSearch(
                    reason: query["reason"], topic: query["topic"], letter: query["letter"], after: query["after"])
                return console.deadLetters(try await data.deadLetters(search, for: caller), asked: search, for: visit)
            },
            page(.lag, "How far readers are behind", ["group"]) { request, caller, visit throws(ProblemView) in
                console.lag(try await data.lag(of: request.query["group"], for: caller), for: visit)
            },
            page(
                .ledger, "Entries, chain and checkpoints",
                ["subject", "purpose", "partition", "offset", "from", "after"]
            ) { request, caller, visit throws(ProblemView) in
                let (asked, found) = Self.ledgerSearch(request.query)
                var (search, mistake) = (asked, found)
                if let subject = asked.subject, asked.purpose == nil, caller.subject != Array(subject.utf8) {
                    search.subject = nil
                    mistake = mistake ?? "Somebody's entries are read for a purpose, which is recorded: name it."
                }
                return console.ledger(
                    try await data.ledger(search, for: caller), asked: asked, mistake: mistake, for: visit)
            },
            page(.audit, "Who did and saw what", ["actor", "subject", "action", "after"]) {
                request, caller, visit throws(ProblemView) in
                let query = request.query
                let search = AuditSearch(
                    actor: query["actor"], subject: query["subject"], action: query["action"], after: query["after"])
                return console.audit(try await data.audit(search, for: caller), asked: search, for: visit)
            },
        ]
    }

    /// The page of a subject. For another subject's file the purpose is asked for first.
    private func subject(
        _ request: ConsoleRequest, _ caller: Caller, _ visit: Visit
    ) async throws(ProblemView) -> String {
        guard let id = request.query["id"] else {
            throw .nothing("subject", back: ProblemView.Step("Search subjects", path: ConsolePath.subjects))
        }
        let bytes = Array(id.utf8)
        guard caller.may(.readStanding, to: bytes) || caller.may(.readFile, to: bytes) else {
            throw .noRole(caller.name, needed: Self.roles(.readStanding))
        }
        let purpose = request.query["purpose"]
        if caller.subject != bytes, caller.may(.readFile, to: bytes), purpose == nil {
            return console.purpose(of: id, for: visit)
        }
        let view = try await data.subject(id, purpose: purpose, for: caller)
        return console.subject(view, purpose: purpose, for: visit)
    }

    private func appeal(
        _ request: ConsoleRequest, _ caller: Caller, _ visit: Visit
    ) async throws(ProblemView) -> String {
        guard let id = request.query["id"], let sanction = request.query["sanction"] else {
            throw .nothing("appeal", back: ProblemView.Step("All appeals", path: ConsolePath.appeals))
        }
        guard let purpose = request.query["purpose"] else {
            return console.purpose(of: id, sanction: sanction, for: visit)
        }
        let view = try await data.appeal(of: id, against: sanction, purpose: purpose, for: caller)
        return console.appeal(view, purpose: purpose, for: visit)
    }

    /// Unreadable parameters are left out, and the mistake names them. A time without a partition is one of partition 0.
    private static func ledgerSearch(_ query: FormFields) -> (LedgerSearch, mistake: String?) {
        let from = query["from"].flatMap { Timestamp($0) }
        let isOfFirst = from != nil && query["partition"] == nil && query["subject"] == nil
        let partition = isOfFirst ? 0 : query["partition"].flatMap(Int.init)
        let offset = query["offset"].flatMap { Int64($0) }
        var mistake: String?
        if query["partition"] != nil, partition == nil || partition! < 0 { mistake = "A partition is a whole number." }
        if query["offset"] != nil, offset == nil || offset! < 0 { mistake = "An offset is a whole number." }
        if query["offset"] != nil, partition == nil { mistake = mistake ?? "An offset needs its partition." }
        if query["from"] != nil, from == nil { mistake = "A time looks like 2026-11-30T00:00:00Z." }
        let search = LedgerSearch(
            subject: query["subject"], purpose: query["purpose"], partition: partition.flatMap { $0 < 0 ? nil : $0 },
            offset: offset.flatMap { $0 < 0 ? nil : $0 }, from: from, after: query["after"])
        return (search, mistake)
    }

    // MARK: Session

    private var session: [ConsoleRoute] {
        [
            ConsoleRoute(
                method: .get, path: ConsolePath.signIn, requirement: .anybody, parameters: ["to"],
                summary: "The form to sign in"
            ) {
                request in
                let view = SignInView(target: request.query["to"] ?? ConsolePages.root)
                return .page(console.signIn(view, for: visit(request, caller: nil)))
            },
            ConsoleRoute(
                method: .post, path: ConsolePath.signIn, requirement: .anybody, parameters: [], summary: "Sign in"
            ) { request in
                await signIn(request)
            },
            ConsoleRoute(
                method: .post, path: ConsolePath.signOut, requirement: .anybody, parameters: [], summary: "Sign out"
            ) { request in
                guard Self.brings(request.form, request.formToken) else { return problem(.staleForm, visit(request)) }
                guard let session = request.session else { return .redirect(to: ConsolePath.signIn) }
                return .redirect(to: ConsolePath.signIn, more: [("Set-Cookie", await data.signOut(session: session))])
            },
            ConsoleRoute(
                method: .get, path: ConsolePath.words, requirement: .signedIn, parameters: [],
                summary: "What the words mean"
            ) {
                request in
                request.caller == nil ? signInFirst(request) : .page(console.words(for: visit(request)))
            },
        ]
    }

    private func signIn(_ request: ConsoleRequest) async -> ConsoleAnswer {
        let visit = visit(request, caller: nil)
        let form = request.form
        // A page of another site could load this form with its token. The server therefore refuses a form that another
        // site sends.
        var view = SignInView(name: form["name"] ?? "", target: form["to"] ?? ConsolePages.root)
        do {
            if let name = form["name"], let password = form["password"],
                let cookie = try await data.signIn(name: name, password: password, from: request.address)
            {
                return .redirect(to: view.target, more: [("Set-Cookie", cookie)])
            }
        } catch { return problem(error, visit) }
        view.mistake = "The name and the password do not belong together."
        return .page(console.signIn(view, for: visit), status: 401)
    }

    private var assets: [ConsoleRoute] {
        [(console.style, "The style of the pages"), (console.script, "The script of the pages")].map { asset, summary in
            ConsoleRoute(method: .get, path: asset.path, requirement: .anybody, parameters: [], summary: summary) { _ in
                .asset(asset)
            }
        }
    }

    // MARK: Acts

    private var acts: [ConsoleRoute] {
        ActKind.allCases.flatMap { kind in
            [
                ConsoleRoute(
                    method: .get, path: ConsolePath.act(kind), requirement: Self.requirement(kind),
                    parameters: Self.prefilled,
                    summary: "The form: \(kind.form(FormFields()).title.lowercased())"
                ) { request in
                    guard let caller = request.caller else { return signInFirst(request) }
                    let visit = visit(request)
                    guard Self.may(caller, kind, request.query) else { return noRole(caller, kind.permission, visit) }
                    guard kind == .withdrawSource, request.query[ActForm.whatIf] != nil,
                        let topic = request.query["topic"]
                    else { return .page(console.act(kind, request.query, for: visit)) }
                    do throws(ProblemView) {
                        let view = try await data.withdrawal(of: topic, for: caller)
                        return .page(console.withdrawal(of: topic, view, request.query, for: visit))
                    } catch {
                        return problem(error, visit)
                    }
                },
                ConsoleRoute(
                    method: .post, path: ConsolePath.act(kind), requirement: Self.requirement(kind), parameters: [],
                    summary: kind.form(FormFields()).title
                ) { request in
                    await perform(kind, request)
                },
            ]
        }
    }

    /// A person files an appeal only about the own sanctions.
    private static func requirement(_ kind: ActKind) -> ConsoleRoute.Requirement {
        kind == .fileAppeal ? .signedIn : .permission(kind.permission)
    }

    /// The fields of a form that a link can fill in.
    private static let prefilled = [
        "subject", "source", "id", "sanction", "kind", "terms", "topic", "version", "proposal", "shadow", "why",
        "letter",
        "reason", ActForm.whatIf,
    ]

    private func perform(_ kind: ActKind, _ request: ConsoleRequest) async -> ConsoleAnswer {
        guard let caller = request.caller else {
            return problem(.sessionEnded, visit(request))
        }
        let visit = visit(request)
        let form = request.form
        guard Self.brings(form, request.formToken), let key = form["key"], key.utf8.count <= Self.longestKey else {
            return problem(.staleForm, visit)
        }
        guard Self.may(caller, kind, form) else { return noRole(caller, kind.permission, visit) }
        let act: ConsoleAct
        let reason: String
        do throws(FormMistake) {
            act = try ConsoleAct(kind, form)
            reason = try Self.reason(form)
        } catch { return again(kind, form, error, visit) }
        do throws(ProblemView) {
            let outcome = try await data.perform(act, reason: reason, key: key, by: caller)
            return .redirect(to: after(kind, act, outcome))
        } catch {
            if error.isTemporary, kind.isDoneOnce { return waiting(kind, form, error, visit, key: key) }
            // A mistake that the person can correct is shown in the form, which retains its fields.
            guard error.status == 409 || error.status == 422 else { return problem(error, visit) }
            return again(kind, form, FormMistake(field: "", sentence: "\(error.title). \(error.detail)"), visit)
        }
    }

    private func again(_ kind: ActKind, _ form: FormFields, _ mistake: FormMistake, _ visit: Visit) -> ConsoleAnswer {
        .page(console.act(kind, form, mistake: mistake, for: visit), status: 422)
    }

    /// The page has the key of the attempt, so that the act is done once.
    private func waiting(
        _ kind: ActKind, _ form: FormFields, _ problem: ProblemView, _ visit: Visit, key: String
    ) -> ConsoleAnswer {
        var visit = visit
        visit.actKey = key
        return .page(
            console.waiting(kind, form, for: problem, visit), status: problem.status, more: Self.retryAfter(problem))
    }

    private static func reason(_ form: FormFields) throws(FormMistake) -> String {
        guard let reason = form["reason"], !reason.allSatisfy(\.isWhitespace) else {
            throw FormMistake(field: "reason", sentence: "Write a reason. It is recorded with your name.")
        }
        guard reason.utf8.count <= longestReason else {
            throw FormMistake(field: "reason", sentence: "The reason is longer than 2,000 characters.")
        }
        return reason
    }

    private static let longestKey = 128
    /// 2,000 characters of four bytes.
    private static let longestReason = 8000

    private func after(_ kind: ActKind, _ act: ConsoleAct, _ outcome: ActOutcome) -> String {
        let done = ("done", Optional(ActNotice.address(kind, outcome)))
        if outcome == .waiting { return ConsolePath.with(ConsolePath.policies, [done]) }
        switch act {
        case .fileAppeal(let subject, _, _): return ConsolePath.with(ConsolePath.subject, [("id", subject), done])
        case .enrol, .withdraw, .void: return ConsolePath.with(ConsolePath.subjects, [done])
        case .decideAppeal: return ConsolePath.with(ConsolePath.appeals, [done])
        case .shadow, .endShadow, .activate, .rollBack, .approve, .decline:
            return ConsolePath.with(ConsolePath.policies, [done])
        case .acknowledgeSource, .withdrawSource, .restoreSource:
            return ConsolePath.with(ConsolePath.sources, [done])
        case .redrive, .redriveReason, .repair: return ConsolePath.with(ConsolePath.deadLetters, [done])
        }
    }

    /// Whether the caller has the permission for the form's subject.
    private static func may(_ caller: Caller, _ kind: ActKind, _ form: FormFields) -> Bool {
        caller.may(kind.permission, to: form["subject"].map { Array($0.utf8) })
    }

    /// Whether a form has the token. The time does not depend on where the two differ.
    private static func brings(_ form: FormFields, _ token: String) -> Bool {
        let (given, wanted) = (Array((form["token"] ?? "").utf8), Array(token.utf8))
        guard !wanted.isEmpty, given.count == wanted.count else { return false }
        return zip(given, wanted).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }

    // MARK: Responses of all pages

    func visit(_ request: ConsoleRequest) -> Visit { visit(request, caller: request.caller) }

    private func visit(_ request: ConsoleRequest, caller: Caller?) -> Visit {
        Visit(
            caller: caller, formToken: request.formToken, actKey: request.key,
            notice: request.query["done"].flatMap(ActNotice.init(address:)))
    }

    func signInFirst(_ request: ConsoleRequest) -> ConsoleAnswer {
        if request.hasEndedSession { return problem(.sessionEnded, visit(request)) }
        let target = ConsolePath.isOwn(request.target) && request.target != ConsolePages.root ? request.target : nil
        return .redirect(to: ConsolePath.with(ConsolePath.signIn, [("to", target)]))
    }

    func noRole(_ caller: Caller, _ permission: Permission, _ visit: Visit) -> ConsoleAnswer {
        problem(.noRole(caller.name, needed: Self.roles(permission)), visit)
    }

    private static func roles(_ permission: Permission) -> String {
        let roles = Role.allCases.filter { permission.roles.contains($0) }.map(\.rawValue)
        return (roles.count == 1 ? "the role " : "one of the roles ") + ConsolePages.list(roles, "or")
    }

    func problem(_ view: ProblemView, _ visit: Visit) -> ConsoleAnswer {
        .page(console.problem(view, for: visit), status: view.status, more: Self.retryAfter(view))
    }

    private static func retryAfter(_ problem: ProblemView) -> [(name: String, value: String)] {
        problem.retryAfter.map { [("Retry-After", String($0))] } ?? []
    }
}
