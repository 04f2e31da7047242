import Access
import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1
import Synchronization
import Testing

@testable import HTTP

/// Who is answered, and what of it is recorded.
struct RouteAccessTests {
    /// `Bearer ROLE[:SUBJECT]` is a caller of that name; a session's cookie likewise.
    private struct NamedGate: Gate {
        var isPrompt = false

        func caller(_ credentials: Credentials) async throws(Denial) -> Caller {
            if credentials.authorization == "Bearer busy" { throw .tooMany(retryAfter: 3) }
            guard let caller = Self.caller(credentials) else { throw .unauthenticated(reason: "no-credentials") }
            return caller
        }

        func callerAtOnce(_ credentials: Credentials) -> Caller? { isPrompt ? Self.caller(credentials) : nil }

        private static func caller(_ credentials: Credentials) -> Caller? {
            let words = credentials.authorization?.split(separator: " ").last ?? credentials.session.map { $0[...] }
            guard let parts = words?.split(separator: ":"),
                let role = parts.first.flatMap({ Role(rawValue: String($0)) })
            else { return nil }
            let subject = parts.count > 1 ? Array(parts[1].utf8) : nil
            return Caller(name: "\(role.rawValue)-1", roles: [role], subject: subject)
        }
    }

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let records = RecordedLooks()

    private static func route(
        _ path: String, _ requirement: Route.Requirement, _ method: Route.Method = .get, isAudited: Bool = false
    ) -> Route {
        Route(
            method, path, name: "do\(path)", summary: "", tag: "sample",
            parameters: path.contains("{id}") ? [.subject()] : [], answers: [.json("")], requires: requirement,
            isAudited: isAudited
        ) { call in .text("\(call.caller.name) \(call.purpose ?? "-")") }
    }

    private func client(_ access: AccessRule, hosts: Set<String> = [], forwarded: ForwardedCallers? = nil) -> TestClient
    {
        let routes = [
            Self.route("/livez", .open), Self.route("/me", .authenticated),
            Self.route("/lag", .permission(.readProgramme)),
            Self.route("/subjects/{id}", .subject(.readStanding)),
            Self.route("/subjects/{id}/file", .subject(.readFile, needsPurpose: true), isAudited: true),
            Self.route("/acts", .permission(.enrol), .post),
        ]
        return TestClient(
            table: RouteTable(
                routes, RouteTable.Options(access: access, audit: records, hosts: hosts, forwarded: forwarded),
                logger: Self.logger))
    }

    private func bearer(_ text: String, purpose: String? = nil) -> HTTPFields {
        var fields: HTTPFields = [.authorization: "Bearer \(text)"]
        fields[HTTPField.Name("Standing-Purpose")!] = purpose
        return fields
    }

    @Test func aPageAsksTheRoutesWithTheirChecksAndTheirAudit() async throws {
        let table = client(.loopback).table
        let mira = Caller(name: "mira", roles: [.reviewer])
        let path = "/subjects/anna/file"
        let file = await table.ask(path, for: mira, purpose: "an appeal")
        #expect(file.isFound && String(decoding: file.body, as: UTF8.self) == "mira an appeal")
        #expect(records.all == ["mira do/subjects/{id}/file anna an appeal allowed"])
        // A part of the same look.
        #expect(await table.ask(path, for: mira, isRecorded: false).isFound)
        #expect(records.all.count == 1)
        let viewer = Caller(name: "vera", roles: [.viewer])
        #expect(await table.ask(path, for: viewer, purpose: "curiosity").status == 403)
        #expect(await table.ask(path, for: viewer, purpose: "curiosity", isRecorded: false).status == 403)
        #expect(await table.ask("/nothing", for: mira).status == 404)
        #expect(await table.ask("/subjects/%FF/file", for: mira).status == 400)
        records.isAway.withLock { $0 = true }
        #expect(await table.ask(path, for: mira, purpose: "an appeal").status == 503)
    }

    @Test func withNothingConfiguredOnlyThisMachineIsAnswered() async throws {
        var client = client(.loopback)
        #expect(try await client.send("/subjects/anna/file").body == "loopback -")
        for name in ["localhost:1", "127.0.0.1", "[::1]:80", "127.9.9.9:1", "standing.localhost"] {
            client.authority = name
            #expect(try await client.send("/lag").status == 200, "\(name)")
        }
        for name in ["example.org", "127.0.0.1.example.org", "localhost.example.org:1", "", "192.0.2.1"] {
            client.authority = name
            let answer = try await client.send("/lag")
            #expect(answer.status == 421 && answer.code == "unknown-host", "\(name): \(answer)")
            #expect(try await client.send("/livez").status == 200, "\(name)")
        }
        client.authority = "127.0.0.1"
        for field in HTTPField.Name.ofProxies {
            #expect(try await client.send("/lag", [field: "x"]).code == "loopback-only", "\(field)")
        }
        client.address = TestClient.elsewhere
        #expect(try await client.send("/lag").code == "loopback-only")
        #expect(try await client.send("/livez").status == 200)
        client.address = nil
        #expect(try await client.send("/lag").code == "loopback-only")
    }

    @Test func aConfiguredNameIsAnswered() async throws {
        for rule in [AccessRule.loopback, .gate(NamedGate())] {
            var client = client(rule, hosts: ["standing.example:8080"])
            client.authority = "Standing.Example:443"
            #expect(try await client.send("/lag", bearer("viewer")).status == 200)
            client.authority = "other.example"
            #expect(try await client.send("/lag", bearer("viewer")).code == "unknown-host")
        }
    }

    @Test func whoIsNotKnownIsTold() async throws {
        let client = client(.gate(NamedGate()))
        for fields in [[:], bearer("nobody")] as [HTTPFields] {
            let answer = try await client.send("/me", fields)
            #expect(answer.status == 401 && answer.code == "no-credentials")
            #expect(answer.fields[.wwwAuthenticate] == "Bearer realm=\"standing\"")
        }
        let busy = try await client.send("/me", bearer("busy"))
        #expect(busy.status == 429 && busy.fields[.retryAfter] == "3")
        #expect(try await client.send("/livez").status == 200)
        #expect(try await client.send("/me", bearer("subject")).status == 200)
    }

    @Test func aSessionsCookieIsReadIfThereIsOne() async throws {
        let client = client(.gate(NamedGate()))
        for (cookie, status) in [
            ("standing=viewer", 200), ("a=b; standing=viewer; c=d", 200),
            ("__Host-standing=viewer", 200), ("standing=viewer; standing=auditor", 401),
            ("xstanding=viewer", 401), ("standing", 401), ("", 401),
        ] {
            #expect(try await client.send("/lag", [.cookie: cookie]).status == status, "\(cookie)")
        }
    }

    @Test func rolesDecide() async throws {
        let client = client(.gate(NamedGate()))
        for role in Role.allCases {
            let mayRead = Permission.readProgramme.roles.contains(role)
            #expect(try await client.send("/lag", bearer(role.rawValue)).status == (mayRead ? 200 : 403), "\(role)")
            let mayAct = Permission.enrol.roles.contains(role)
            #expect(
                try await client.send(.post, "/acts", bearer(role.rawValue)).status == (mayAct ? 200 : 403), "\(role)")
        }
        #expect(try await client.send("/subjects/anna", bearer("subject:anna")).status == 200)
        #expect(try await client.send("/subjects/%61nna", bearer("subject:anna")).status == 200)
        #expect(try await client.send("/subjects/anne", bearer("subject:anna")).status == 403)
        #expect(try await client.send("/subjects/anna", bearer("subject")).status == 403)
    }

    @Test func anothersFileNeedsAPurposeAndTheLookIsRecorded() async throws {
        let client = client(.gate(NamedGate()))
        let path = "/subjects/anna/file"
        #expect(try await client.send(path, bearer("reviewer")).code == "purpose-needed")
        #expect(try await client.send(path, bearer("reviewer", purpose: "appeal")).body == "reviewer-1 appeal")
        #expect(try await client.send(path + "?purpose=appeal%20of%20May", bearer("reviewer")).status == 200)
        #expect(try await client.send(path, bearer("subject:anna")).status == 200, "the own file")
        #expect(try await client.send(path, bearer("subject:ben", purpose: "x")).status == 403)
        #expect(try await client.send(path, bearer("viewer", purpose: "x")).status == 403)
        #expect(
            records.all == [
                "reviewer-1 do/subjects/{id}/file anna - denied",
                "reviewer-1 do/subjects/{id}/file anna appeal allowed",
                "reviewer-1 do/subjects/{id}/file anna appeal of May allowed",
                "subject-1 do/subjects/{id}/file anna - allowed",
                "subject-1 do/subjects/{id}/file anna x denied",
            ])
    }

    @Test(arguments: ["", " ", "\u{7}", "a\nb", "%0A", String(repeating: "a", count: 201)])
    func aPurposeIsOneLineOfText(_ purpose: String) async throws {
        let client = client(.gate(NamedGate()))
        let encoded = purpose.unicodeScalars.map { scalar in
            scalar.value < 0x21 ? "%0" + String(scalar.value, radix: 16) : String(scalar)
        }.joined().replacing("%020", with: "%20")
        let answer = try await client.send("/subjects/anna/file?purpose=\(encoded)", bearer("reviewer"))
        #expect(answer.status == 400, "\(answer)")
    }

    @Test func whatCannotBeRecordedIsNotShown() async throws {
        let client = client(.gate(NamedGate()))
        records.isAway.withLock { $0 = true }
        let answer = try await client.send("/subjects/anna/file", bearer("reviewer", purpose: "appeal"))
        #expect(answer.status == 503 && answer.code == "not-recorded")
        #expect(try await client.send("/subjects/anna", bearer("reviewer")).status == 200)
    }

    @Test func aLookMayGoUnrecordedOnlyWhereNothingIsConfigured() async throws {
        records.isAway.withLock { $0 = true }
        let table = client(.loopback).table
        #expect(try await TestClient(table: table).send("/subjects/anna/file").status == 503)
        var options = table.options
        options.mustRecord = false
        let open = RouteTable(table.routes, options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(try await TestClient(table: open).send("/subjects/anna/file").status == 200)
    }

    @Test func aPageElsewhereCannotAct() async throws {
        let client = client(.loopback)
        for (fields, status) in [
            ([:], 200), ([.origin: "http://127.0.0.1:8080"], 200), ([.secFetchSite: "same-origin"], 200),
            ([.secFetchSite: "none"], 200), ([.origin: "http://127.0.0.1"], 403), ([.origin: "null"], 403),
            ([.origin: "https://evil.example"], 403), ([.secFetchSite: "cross-site"], 403),
            ([.secFetchSite: "same-site"], 403),
        ] as [(HTTPFields, Int)] {
            #expect(try await client.send(.post, "/acts", fields).status == status, "\(fields)")
        }
    }

    @Test func nobodyOnTheWayStoresWhatIsPersonal() async throws {
        let client = client(.loopback)
        #expect(try await client.send("/subjects/anna").fields[.cacheControl] == "no-store")
        #expect(try await client.send("/livez").fields[.cacheControl] == nil)
    }

    @Test func anotherMembersWordCountsOnceAndForItsRequest() async throws {
        let secret = try #require(MemberSecret(Array(repeating: 7, count: 32)))
        let forwarded = ForwardedCallers(secret, member: { "m1:8080" }, now: { 1000 })
        let caller = Caller(name: "rita", roles: [.reviewer])
        let target = "/subjects/anna/file"
        func token(to member: String = "m1:8080", at time: Int64 = 1000) -> HTTPFields {
            let token = secret.token(for: caller, method: "GET", target: target, to: member, at: time)
            return [.standingCaller: token, .standingForwarded: "1", .contentType: "text/plain"]
        }
        for rule in [AccessRule.loopback, .gate(NamedGate())] {
            var client = client(rule, forwarded: forwarded)
            client.address = TestClient.elsewhere
            let once = token()
            let answer = try await client.send(.post, RouteTable.forwardPath, once, body: target)
            #expect(answer.body == "rita -", "the asked member has asked for the purpose: \(answer)")
            for (fields, path, code) in [
                (once, target, "member-token-repeated"), (token(to: "m2:8080"), target, "member-token-seal"),
                (token(at: 900), target, "member-token-expired"), (token(), "/subjects/ben/file", "member-token-seal"),
            ] {
                #expect(
                    try await client.send(.post, RouteTable.forwardPath, fields, body: path).code == code, "\(code)")
            }
        }
        #expect(records.all.isEmpty, "the asked member records")
        var without = client(.gate(NamedGate()))
        without.address = TestClient.elsewhere
        #expect(try await without.send(target, token()).code == "no-member-secret")
    }

    @Test(arguments: ["", "x", "//", "/a b", "/\u{e9}", "/a\r\nb"]) func aForwardedTargetIsAPath(_ target: String)
        async throws
    {
        let answer = try await client(.loopback).send(.post, RouteTable.forwardPath, [:], body: target)
        #expect(answer.status == 400 || answer.status == 404, "\(answer)")
    }

    @Test func refusalsAreCountedByTheirReason() async throws {
        let refusals = Refusals()
        var options = RouteTable.Options(access: .gate(NamedGate()))
        options.refusals = refusals
        let routes = [
            Self.route("/lag", .permission(.readProgramme)), Self.route("/acts", .permission(.enrol), .post),
        ]
        let client = TestClient(table: RouteTable(routes, options, logger: Self.logger))
        for _ in 0..<3 { _ = try await client.send("/lag") }
        _ = try await client.send("/lag", bearer("viewer"))
        _ = try await client.send("/lag", bearer("subject:anna"))
        _ = try await client.send("/lag", bearer("busy"))
        _ = try await client.send(.post, "/acts", [.origin: "https://evil.example"])
        // Mistakes are no refusals.
        _ = try await client.send("/nowhere")
        _ = try await client.send("/lag?anna=1", bearer("viewer"))
        _ = try await client.send(.post, "/lag", bearer("viewer"))
        #expect(
            refusals.all.filter { $0.count > 0 }.map { "\($0.reason) \($0.count)" }
                == ["cross-site 1", "forbidden 1", "no-credentials 3", "too-many-requests 1"])
    }

    @Test func theKnownReasonsBeginAtZero() {
        let refusals = Refusals(["of-a-route"])
        let all = refusals.all.map(\.reason)
        #expect(refusals.all.allSatisfy { $0.count == 0 } && all == all.sorted())
        for reason in ["of-a-route", "cross-site", "wrong-name-or-password", "bad-signature", "member-token-seal"] {
            #expect(all.contains(reason), "\(reason)")
        }
        #expect(all.count < Refusals.maximumReasons)
    }

    @Test func thereAreOnlySoManyReasons() {
        let refusals = Refusals()
        let free = Refusals.maximumReasons - refusals.all.count
        for number in 0..<free + 9 { refusals.add(Problem(.forbidden, code: "code-\(number)", "")) }
        #expect(refusals.all.count == Refusals.maximumReasons + 1)
        #expect(refusals.all.first { $0.reason == "other" }?.count == 9)
    }

    // MARK: - At once

    private func admits(
        _ access: AccessRule, _ fields: [(String, String)], here: Bool = true, renewal: String? = nil
    ) throws -> Bool {
        let route = Route(
            .get, "/subjects/{id}", name: "read", summary: "", tag: "sample", parameters: [.subject()],
            answers: [.json("")], requires: .subject(.readStanding)
        ) { _ in .text("") }.answeringAtOnce { _ in .error("x", status: .notFound) }
        var options = RouteTable.Options(access: access)
        options.renewal = { _ in renewal }
        let table = RouteTable([route], options, logger: Self.logger)
        let prompt = try #require(table.promptRoutes.first)
        #expect(prompt.prefix == "/subjects/")
        let fields = PromptFields(HTTPHeaders(fields))
        return fields.isPlain && prompt.admits("anna", fields, Peer(here ? TestClient.here : TestClient.elsewhere))
    }

    @Test func thePromptAnswerIsNoOpenDoor() throws {
        #expect(try admits(.loopback, [("Host", "127.0.0.1:8080")]))
        #expect(try admits(.loopback, [("host", "localhost")]))
        #expect(try !admits(.loopback, [("Host", "127.0.0.1:8080")], here: false))
        #expect(try !admits(.loopback, [("Host", "evil.example")]))
        #expect(try !admits(.loopback, []))
        for name in [
            "Host", "X-Forwarded-For", "Forwarded", "X-Real-IP", "If-None-Match", "Content-Length", "Transfer-Encoding",
            "Standing-Caller",
        ] {
            #expect(try !admits(.loopback, [("Host", "127.0.0.1:8080"), (name, "1")]), "\(name)")
        }
        #expect(try admits(.open, [], here: false))
    }

    @Test func aGateThatDecidesAtOnceIsAsked() throws {
        for (token, isAdmitted) in [
            ("viewer", true), ("subject:anna", true), ("subject:ben", false), ("operator", false), ("nobody", false),
        ] {
            let fields = [("Authorization", "Bearer \(token)")]
            #expect(try admits(.gate(NamedGate(isPrompt: true)), fields, here: false) == isAdmitted, "\(token)")
            #expect(try !admits(.gate(NamedGate()), fields))
        }
        let gate = AccessRule.gate(NamedGate(isPrompt: true))
        #expect(try admits(gate, [("Cookie", "standing=viewer")]))
        // An answer at once sets no cookie, and a session that is never renewed ends though it is used.
        #expect(try !admits(gate, [("Cookie", "standing=viewer")], renewal: "standing=new"))
        #expect(try admits(gate, [("Authorization", "Bearer viewer")], renewal: "standing=new"))
    }
}
