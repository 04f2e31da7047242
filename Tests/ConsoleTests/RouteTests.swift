import Access
import Testing

@testable import Console

struct RouteTests {
    private func answer(
        _ method: ConsoleRoute.Method, _ path: String, as caller: Caller?, to town: DemoTown,
        query: [(name: String, value: String)] = [], form: [(name: String, value: String)] = [],
        change: (inout ConsoleRequest) -> Void = { _ in }
    ) async throws -> ConsoleAnswer {
        let route = try #require(
            ConsoleRoutes(ConsolePages(), data: town).all.first { $0.method == method && $0.path == path })
        var request = ConsoleRequest(
            caller: caller, address: "127.0.0.1", target: path, query: FormFields(query), form: FormFields(form),
            formToken: "the-token", key: "a-key")
        change(&request)
        return await route.answer(request)
    }

    private func location(_ answer: ConsoleAnswer) -> String? { answer.fields.first { $0.name == "Location" }?.value }

    // MARK: Who may

    @Test func everyRoleSeesExactlyThePagesOfItsPermissions() async throws {
        let routes = ConsoleRoutes(ConsolePages(), data: DemoTown()).all
        var (seen, refused) = (0, 0)
        for route in routes where route.method == .get {
            guard case .permission(let permission) = route.requirement else { continue }
            for role in Role.allCases where role != .subject {
                let caller = Caller(name: role.rawValue, roles: [role])
                let answer = await route.answer(
                    ConsoleRequest(
                        caller: caller, address: "", target: route.path,
                        query: FormFields([("id", "ada-4471"), ("sanction", "s"), ("purpose", "p")]), formToken: "t",
                        key: "k"))
                let expected = caller.may(permission) ? 200 : 403
                #expect(answer.status == expected, "\(role) \(route.path)")
                if expected == 200 { seen += 1 } else { refused += 1 }
            }
        }
        #expect(seen > 10 && refused > 5)
    }

    @Test func whoeverIsNotSignedInIsSentToTheFormAndComesBack() async throws {
        let sent = try await answer(.get, "/console/ledger", as: nil, to: DemoTown()) {
            $0.target = "/console/ledger?partition=3"
        }
        #expect(sent.status == 303)
        #expect(location(sent) == "/console/sign-in?to=%2Fconsole%2Fledger%3Fpartition%3D3")
        let back = try await answer(
            .post, "/console/sign-in", as: nil, to: DemoTown(),
            form: [
                ("token", "the-token"), ("name", "mira"), ("password", "right"), ("to", "/console/ledger?partition=3"),
            ])
        #expect(back.status == 303)
        #expect(location(back) == "/console/ledger?partition=3")
        #expect(back.fields.contains { $0.name == "Set-Cookie" && $0.value.hasPrefix("session=1;") })
    }

    @Test(arguments: [
        "https://evil.example/", "//evil.example/", "/console/../x", "/consoles", "/console/\u{0}", "/console\\x",
    ])
    func signingInLeadsToPagesOfTheConsoleOnly(target: String) async throws {
        let answer = try await answer(
            .post, "/console/sign-in", as: nil, to: DemoTown(),
            form: [("name", "mira"), ("password", "right"), ("to", target)])
        #expect(location(answer) == "/console")
    }

    @Test func aWrongPasswordShowsTheFormAgainWithTheNameAndWithoutThePassword() async throws {
        let answer = try await answer(
            .post, "/console/sign-in", as: nil, to: DemoTown(),
            form: [("name", "mira"), ("password", "wrong-secret")])
        #expect(answer.status == 401)
        #expect(answer.body.contains("do not belong together") && answer.body.contains("value=\"mira\""))
        #expect(!answer.body.contains("wrong-secret"))
    }

    @Test func anEndedSessionIsSaidSo() async throws {
        let page = try await answer(.get, "/console/ledger", as: nil, to: DemoTown()) { $0.hasEndedSession = true }
        #expect(page.status == 401)
        #expect(page.body.contains("Your session has ended") && page.body.contains("Sign in again"))
    }

    @Test func anothersFileNeedsAPurposeFirst() async throws {
        let page = try await answer(
            .get, "/console/subject", as: Visits.reviewer, to: DemoTown(), query: [("id", "ada-4471")])
        #expect(page.body.contains("Why do you look?"))
        #expect(!page.body.contains("bill.missed"))
    }

    @Test func aSubjectSeesNobodyElse() async throws {
        let other = try await answer(
            .get, "/console/subject", as: Visits.own("bram"), to: DemoTown(),
            query: [("id", "ada-4471"), ("purpose", "p")])
        #expect(other.status == 403)
        let overview = try await answer(.get, "/console", as: Visits.own("bram"), to: DemoTown())
        #expect(location(overview) == "/console/me")
    }

    // MARK: Acts

    private let appeal: [(name: String, value: String)] = [
        ("token", "the-token"), ("key", "once"), ("subject.encoded", "ada%2D4471"), ("sanction.encoded", "slow-lane"),
        ("outcome", "upheld"), ("reason", "The camera was out of order"),
    ]

    @Test func anActIsDoneWithItsReasonItsKeyAndItsCaller() async throws {
        let town = DemoTown()
        let done = try await answer(.post, "/console/acts/decide-appeal", as: Visits.reviewer, to: town, form: appeal)
        #expect(done.status == 303)
        #expect(location(done) == "/console/appeals?done=decide-appeal")
        let acts = await town.performed.acts
        let first = try #require(acts.first)
        #expect(acts.count == 1 && first.key == "once" && first.caller == Visits.reviewer)
        #expect(first.reason == "The camera was out of order")
        guard case .decideAppeal(let subject, let sanction, let isUpheld) = first.act else {
            Issue.record("another act")
            return
        }
        #expect(subject == "ada-4471" && sanction == "slow-lane" && isUpheld)
        let page = try await answer(
            .get, "/console/appeals", as: Visits.reviewer, to: town, query: [("done", "decide-appeal")])
        #expect(page.body.contains("The appeal is decided."))
    }

    @Test(arguments: ["", "other-token", "the-toke", "the-token2"])
    func aFormFromElsewhereDoesNothing(token: String) async throws {
        let town = DemoTown()
        let form = appeal.map { $0.name == "token" ? ("token", token) : $0 }
        let refused = try await answer(.post, "/console/acts/decide-appeal", as: Visits.reviewer, to: town, form: form)
        #expect(refused.status == 403)
        #expect(await town.performed.acts.isEmpty)
    }

    @Test func noActIsDoneWithoutItsPermissionOrWithoutAReason() async throws {
        for kind in ActKind.allCases {
            let town = DemoTown()
            let path = "/console/acts/\(kind.rawValue)"
            let form =
                appeal + [
                    ("source", "s"), ("id", "i"), ("kind", "individual"), ("terms", "2026"), ("policy", "policy: card"),
                    ("shadow", "card 4"), ("version", "v"), ("proposal", "p"), ("topic", "t"), ("letter", "l"),
                    ("why", "w"),
                    ("text", "{}"),
                ]
            for role in Role.allCases where role != .subject && !kind.permission.roles.contains(role) {
                let refused = try await answer(
                    .post, path, as: Caller(name: "x", roles: [role]), to: town, form: form)
                #expect(refused.status == 403, "\(kind) \(role)")
            }
            let silent = try await answer(
                .post, path, as: Visits.everything, to: town, form: form.filter { $0.name != "reason" })
            #expect(silent.status == 422, "\(kind)")
            #expect(await town.performed.acts.isEmpty, "\(kind)")
            let done = try await answer(.post, path, as: Visits.everything, to: town, form: form)
            #expect(done.status == 303, "\(kind)")
            #expect(await town.performed.acts.count == 1, "\(kind)")
        }
    }

    @Test func aPersonAppealsForThePersonAlone() async throws {
        let town = DemoTown()
        let own = try await answer(
            .post, "/console/acts/file-appeal", as: Visits.own("ada-4471"), to: town, form: appeal)
        #expect(own.status == 303)
        let other = try await answer(.post, "/console/acts/file-appeal", as: Visits.own("bram"), to: town, form: appeal)
        #expect(other.status == 403)
        #expect(await town.performed.acts.count == 1)
    }

    @Test func anActThatNeedsASecondPersonSaysSo() async throws {
        let form: [(name: String, value: String)] = [
            ("token", "the-token"), ("key", "k"), ("shadow", "card 4"), ("reason", "r"),
        ]
        let answer = try await answer(.post, "/console/acts/activate", as: Visits.conductor, to: DemoTown(), form: form)
        #expect(location(answer) == "/console/policies?done=activate.waiting")
        let proposed = try await self.answer(
            .get, "/console/policies", as: Caller(name: "oda", roles: [.operator]), to: DemoTown())
        #expect(!proposed.body.contains("/console/acts/approve"), "whoever proposed it may not agree to it")
        let second = try await self.answer(.get, "/console/policies", as: Visits.conductor, to: DemoTown())
        #expect(second.body.contains("action=\"/console/acts/approve\"") && second.body.contains("value=\"p-77\""))
    }

    /// All of it in links and forms.
    @Test func whatAWithdrawalWouldChangeIsCountedIfItIsAskedFor() async throws {
        func page(_ topic: String, _ more: (name: String, value: String)...) async throws -> String {
            let query = [(name: "topic", value: topic)] + more
            return try await answer(
                .get, "/console/acts/withdraw-source", as: Visits.conductor, to: DemoTown(), query: query
            ).body
        }
        let count = (name: "what-if", value: "yes")
        let link = "/console/acts/withdraw-source?topic=behaviour.community&amp;what-if=yes"
        let first = try await page("behaviour.community")
        #expect(first.contains(link) && !first.contains("at most"))
        let counted = try await page("behaviour.community", count)
        #expect(counted.contains("610,022 subjects, 43 points at most") && !counted.contains(link))
        let counting = try await page("behaviour.payments", count)
        #expect(counting.contains("42 % is done") && counting.contains("Look again"))
        let unknown = try await page("elsewhere", count)
        #expect(unknown.contains("The ledger has no event of this topic."))
        for html in [first, counted, counting, unknown] {
            #expect(html.contains("name=\"topic.encoded\"") && html.contains("name=\"reason\""))
            #expect(html.contains(">Withdraw it</button>"))
        }
        let refused = try await page("behaviour.commerce", count)
        #expect(refused.contains("It cannot be withdrawn. The source is withdrawn already."))
        #expect(!refused.contains("Withdraw it") && !refused.contains("name=\"reason\""))
        #expect(refused.contains(">Back</a>"))
        let away = try await answer(
            .get, "/console/acts/withdraw-source", as: Visits.conductor, to: DemoTown(problem: .tooMany(retryAfter: 9)),
            query: [("topic", "behaviour.payments"), count])
        #expect(away.status == 429)
    }

    @Test func theBacktestOfTheShadowIsAPageForThoseWhoPutPoliciesThere() async throws {
        func page(_ town: DemoTown, as caller: Caller = Visits.conductor) async throws -> ConsoleAnswer {
            try await answer(.get, "/console/backtest", as: caller, to: town)
        }
        let report = try await page(DemoTown())
        #expect(report.status == 200 && report.body.contains("31,870 both ways, 12 more, 4,410 fewer"))
        #expect(!report.body.contains("data-stream"))
        let folding = try await page(DemoTown(waits: 1))
        #expect(folding.body.contains("<strong>57 %</strong> is done") && folding.body.contains("data-stream"))
        let unknown = try await page(DemoTown(isEmpty: true))
        #expect(unknown.body.contains("It is not known here. The ledger cannot be read now."))
        #expect(try await page(DemoTown(), as: Visits.viewer).status == 403)
        let policies = try await answer(.get, "/console/policies", as: Visits.conductor, to: DemoTown())
        #expect(policies.body.contains("href=\"/console/backtest\""))
        let read = try await answer(.get, "/console/policies", as: Visits.viewer, to: DemoTown())
        #expect(!read.body.contains("/console/backtest"))
    }

    @Test func aSourceIsWithdrawnAndCountedAgain() async throws {
        let town = DemoTown()
        let form = [("token", "the-token"), ("key", "k"), ("topic.encoded", "behaviour%2Ecommerce"), ("reason", "r")]
        for act in ["withdraw-source", "restore-source"] {
            let done = try await answer(
                .post, "/console/acts/\(act)", as: Visits.conductor, to: town, form: form.map { (name: $0, value: $1) })
            #expect(location(done) == "/console/sources?done=\(act)")
        }
        let acts = await town.performed.acts.map(\.act)
        guard acts.count == 2, case .withdrawSource("behaviour.commerce") = acts[0],
            case .restoreSource("behaviour.commerce") = acts[1]
        else {
            Issue.record("\(acts)")
            return
        }
    }

    @Test func aRefusedActLosesNothingOfTheForm() async throws {
        let conflict = ProblemView(status: 409, title: "It is decided already", detail: "Mira upheld it.", next: [])
        let form = appeal.filter { $0.name != "outcome" } + [("outcome", "rejected")]
        let again = try await answer(
            .post, "/console/acts/decide-appeal", as: Visits.reviewer, to: DemoTown(problem: conflict), form: form)
        #expect(again.status == 422)
        #expect(again.body.contains("It is decided already. Mira upheld it."))
        #expect(again.body.contains("The camera was out of order"))
    }

    @Test func anIdThatNoPageCanShowComesBackUnchanged() async throws {
        let town = DemoTown()
        let id = "\u{202E}a/../\"\u{301}<b>\u{0} 🦊%2F"
        let form = try await answer(
            .get, "/console/acts/withdraw", as: Visits.conductor, to: town, query: [("subject", id)])
        let field = try #require(form.body.firstMatch(of: /name="subject.encoded" value="([^"]*)"/)).1
        _ = try await answer(
            .post, "/console/acts/withdraw", as: Visits.conductor, to: town,
            form: [("token", "the-token"), ("key", "k"), ("subject.encoded", String(field)), ("reason", "r")])
        let act = try #require(await town.performed.acts.first).act
        #expect(act.subject.map { Array($0.utf8) } == Array(id.utf8))
    }

    // MARK: Bad input

    @Test(arguments: [
        (ProblemView.noSubject("ghost"), 404, "Nobody is enrolled with this id"),
        (.emptyLedger, 503, "The ledger is empty"), (.tooMany(retryAfter: 90), 429, "1 min 30 s"),
    ]) func aProblemIsAPageThatSaysWhatToDoNext(problem: ProblemView, status: Int, words: String) async throws {
        for (path, query) in [("/console/ledger", []), ("/console/subject", [("id", "ghost"), ("purpose", "p")])] {
            let page = try await answer(
                .get, path, as: Visits.auditor, to: DemoTown(problem: problem),
                query: query.map { (name: $0.0, value: $0.1) })
            #expect(page.status == status)
            #expect(page.body.contains(words) && page.body.contains("What to do next"))
            #expect(page.fields.contains { $0.name == "Retry-After" } == (problem.retryAfter != nil))
            #expect(try Markup.read(page.body, "problem").mistakes == [])
        }
    }

    @Test func aRefusalOfTheServerIsAPageToo() throws {
        let routes = ConsoleRoutes(ConsolePages(), data: DemoTown())
        func answer(
            _ status: Int, _ code: String, _ path: String = "/console/audit", as caller: Caller? = nil,
            isRead: Bool = true,
            hadSession: Bool = false
        ) -> ConsoleAnswer {
            routes.answer(
                ConsoleRoutes.Refusal(
                    status: status, code: code, detail: "the server's words", retryAfter: status == 429 ? 90 : nil,
                    isRead: isRead, path: path, hadSession: hadSession),
                ConsoleRequest(caller: caller, address: "", target: path, formToken: "t", key: "k"))
        }
        let first = answer(401, "unauthenticated")
        #expect(first.status == 303 && location(first) == "/console/sign-in?to=%2Fconsole%2Faudit")
        #expect(answer(401, "expired", hadSession: true).body.contains("Your session has ended"))
        #expect(answer(401, "unauthenticated", "/console/acts/void", isRead: false).status == 401)
        let refused = answer(403, "forbidden", as: Visits.viewer)
        #expect(refused.status == 403 && refused.body.contains("This page is for the role auditor."))
        #expect(location(answer(403, "forbidden", "/console", as: Visits.own("ada"))) == "/console/me")
        #expect(answer(403, "cross-site", isRead: false).body.contains("Nothing was done."))
        #expect(answer(403, "loopback-only").body.contains("The server&#39;s words."))
        #expect(answer(404, "no-such-path", "/console/ghost").body.contains("There is no such page"))
        #expect(answer(413, "body-too-large", isRead: false).status == 413)
        let many = answer(429, "too-many", as: Visits.viewer)
        #expect(
            many.body.contains("1 min 30 s") && many.fields.contains { $0.name == "Retry-After" && $0.value == "90" })
        #expect(try Markup.read(many.body, "many").mistakes == [])
    }

    @Test func aSearchOfTheLedgerNamesWhatItCannotRead() async throws {
        for (name, value, words) in [
            ("partition", "x", "A partition is a whole number."), ("partition", "-1", "A partition is a whole number."),
            ("offset", "3", "An offset needs its partition."), ("from", "yesterday", "A time looks like"),
        ] {
            let page = try await answer(
                .get, "/console/ledger", as: Visits.auditor, to: DemoTown(), query: [(name, value)])
            #expect(page.status == 200 && page.body.contains(words), "\(name) \(value)")
        }
    }

    @Test func aTimeWithoutAPartitionIsOneOfTheFirstWhichTheFormShows() async throws {
        let page = try await answer(
            .get, "/console/ledger", as: Visits.auditor, to: DemoTown(), query: [("from", "2026-11-30T00:00:00Z")])
        #expect(page.body.contains("name=\"partition\" value=\"0\""))
        #expect(page.body.contains("/ledger/0/entries?from=2026-11-30T00%3A00%3A00Z"))
    }

    @Test func somebodysEntriesAreReadForAPurposeAlone() async throws {
        let words = "read for a purpose"
        let without = try await answer(
            .get, "/console/ledger", as: Visits.auditor, to: DemoTown(), query: [("subject", "ada-4471")])
        #expect(without.status == 200 && without.body.contains(words) && without.body.contains("href=\"/subjects/"))
        let with = try await answer(
            .get, "/console/ledger", as: Visits.auditor, to: DemoTown(),
            query: [("subject", "ada-4471"), ("purpose", "a complaint")])
        #expect(with.status == 200 && !with.body.contains(words))
    }

    @Test func aFormIsReadAsBrowsersWriteIt() throws {
        let form = try #require(FormFields(encoded: "a=1+2&b=%C3%BC%26&a=3&c=&d"))
        #expect(form["a"] == "1 2" && form["b"] == "ü&" && form["c"] == nil && form["d"] == nil)
        #expect(form.all("a") == ["1 2", "3"])
        // A browser ends lines with CR LF; what a hidden field has encoded stays as it is.
        let lines = try #require(FormFields(encoded: "text=a%0D%0Ab&id.encoded=a%250D%250Ab"))
        #expect(lines["text"] == "a\nb" && lines["id"] == "a\r\nb")
        #expect(
            FormFields(encoded: "a=%") == nil && FormFields(encoded: "a=%zz") == nil
                && FormFields(encoded: "a=%FF") == nil)
    }
}
