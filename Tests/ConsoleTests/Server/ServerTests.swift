import Access
import Console
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Testing

@testable import HTTP

/// The console behind a route table, with the users of a file.
struct ServerTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    /// The hash of `correct horse battery`, with the least cost that a file may have.
    private static let hash = "$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$6W7GuoxjojaYIg83x/wEKSXUMMf+reyc6wSvA8q7ny8"
    private static let formType: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]

    /// The town, with the sessions of the users' file.
    private struct Town: ConsoleData {
        let town = DemoTown()
        let access: AccessControl

        func signIn(name: String, password: String, from address: String) async throws(ProblemView) -> String? {
            do { return try await access.logIn(name: name, password: password, address: address).setCookie } catch {
                return nil
            }
        }

        func signOut(session: String) async -> String {
            access.logOut(session)
            return access.cookie.removal
        }

        func overview(for caller: Caller) async throws(ProblemView) -> OverviewView {
            try await town.overview(for: caller)
        }
        func subjects(_ search: SubjectSearch, for caller: Caller) async throws(ProblemView) -> SubjectsView {
            try await town.subjects(search, for: caller)
        }
        func subject(_ id: String, purpose: String?, for caller: Caller) async throws(ProblemView) -> SubjectView {
            try await town.subject(id, purpose: purpose, for: caller)
        }
        func appeals(for caller: Caller) async throws(ProblemView) -> AppealsView {
            try await town.appeals(for: caller)
        }
        func appeal(
            of subject: String, against sanction: String, purpose: String?, for caller: Caller
        ) async throws(ProblemView) -> AppealView {
            try await town.appeal(of: subject, against: sanction, purpose: purpose, for: caller)
        }
        func policies(version: String?, for caller: Caller) async throws(ProblemView) -> PolicyView {
            try await town.policies(version: version, for: caller)
        }
        func sources(for caller: Caller) async throws(ProblemView) -> SourcesView {
            try await town.sources(for: caller)
        }
        func lag(of group: String?, for caller: Caller) async throws(ProblemView) -> LagView {
            try await town.lag(of: group, for: caller)
        }
        func deadLetters(_ search: DeadLetterSearch, for caller: Caller) async throws(ProblemView) -> DeadLettersView {
            try await town.deadLetters(search, for: caller)
        }
        func ledger(_ search: LedgerSearch, for caller: Caller) async throws(ProblemView) -> LedgerView {
            try await town.ledger(search, for: caller)
        }
        func audit(_ search: AuditSearch, for caller: Caller) async throws(ProblemView) -> AuditView {
            try await town.audit(search, for: caller)
        }
        func perform(
            _ act: ConsoleAct, reason: String, key: String, by caller: Caller
        ) async throws(ProblemView) -> ActOutcome { try await town.perform(act, reason: reason, key: key, by: caller) }
    }

    private final class Client {
        let town: Town
        private let table: RouteTable
        private let folder: URL?
        var cookie: String?

        /// `users`: lines of a users' file; nil for none, so that this machine alone is let in.
        init(users: String?) async throws {
            var configuration = AccessConfiguration()
            folder = try users.map { text in
                let folder = FileManager.default.temporaryDirectory.appending(
                    path: "standing-console-\(UUID().uuidString)")
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                let file = folder.appending(path: "users")
                try Data(text.utf8).write(to: file)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
                return folder
            }
            configuration.users = folder?.appending(path: "users").path
            let access = try await configuration.open(logger: ServerTests.logger)
            town = Town(access: access)
            let server = ConsoleServer(ConsoleRoutes(Console(), data: town), access: access)
            table = RouteTable(
                server.routes,
                RouteTable.Options(
                    access: users == nil ? .loopback : .gate(access.gate), sessionCookies: [access.cookie.name],
                    page: server.page), logger: ServerTests.logger)
        }

        deinit { if let folder { try? FileManager.default.removeItem(at: folder) } }

        func send(
            _ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields = [:], body: String = ""
        ) async throws -> (status: Int, fields: HTTPFields, body: String) {
            var fields = fields
            if let cookie { fields[.cookie] = cookie }
            let head = HTTPRequest(
                method: method, scheme: "http", authority: "127.0.0.1:8080", path: path, headerFields: fields)
            let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
            let peer = Peer(try SocketAddress(ipAddress: "127.0.0.1", port: 4711))
            let response = try await table.respond(to: request, context: peer)
            let received = Body()
            try await response.body.write(received)
            if let set = response.headers[.setCookie] { cookie = set.split(separator: ";").first.map(String.init) }
            return (response.status.code, response.headers, received.text)
        }

        private final class Body: ResponseBodyWriter {
            private var buffer = ByteBuffer()
            var text: String { String(buffer: buffer) }
            func write(_ part: ByteBuffer) async throws { buffer.writeImmutableBuffer(part) }
            func finish(_: HTTPFields?) async throws {}
        }
    }

    private static let users = "mira reviewer - \(hash)\nsam subject ada-4471 \(hash)\n"

    private func token(in page: String) throws -> String {
        String(try #require(page.firstMatch(of: /name="token" value="([^"]*)"/)).1)
    }

    @Test func somebodySignsInDecidesAnAppealAndSignsOut() async throws {
        let client = try await Client(users: Self.users)
        let first = try await client.send(.get, "/console/appeals")
        #expect(first.status == 303 && first.fields[.location] == "/console/sign-in?to=%2Fconsole%2Fappeals")
        let form = "name=mira&password=correct+horse+battery&to=%2Fconsole%2Fappeals"
        let signedIn = try await client.send(.post, "/console/sign-in", Self.formType, body: form)
        #expect(signedIn.status == 303 && signedIn.fields[.location] == "/console/appeals")
        #expect(signedIn.fields[.setCookie]?.contains("HttpOnly") == true)
        let page = try await client.send(
            .get, "/console/appeal?id=ada-4471&sanction=no-deferred-payment&purpose=decision")
        #expect(page.status == 200 && page.fields[.cacheControl] == "no-store")
        let act =
            "token=\(try token(in: page.body))&key=k1&subject.encoded=ada-4471&sanction.encoded=slow-lane&outcome=upheld&reason=r"
        let done = try await client.send(.post, "/console/acts/decide-appeal", Self.formType, body: act)
        #expect(done.status == 303)
        #expect(await client.town.town.performed.acts.first?.caller.name == "mira")
        let cookie = client.cookie
        let out = try await client.send(
            .post, "/console/sign-out", Self.formType, body: "token=\(try token(in: page.body))")
        #expect(out.status == 303)
        client.cookie = cookie
        let after = try await client.send(.get, "/console/appeals")
        #expect(after.status == 401 && after.body.contains("Your session has ended"))
    }

    @Test func aPersonIsLedToTheOwnPageAndToNoOther() async throws {
        let client = try await Client(users: Self.users)
        _ = try await client.send(
            .post, "/console/sign-in", Self.formType, body: "name=sam&password=correct+horse+battery")
        let start = try await client.send(.get, "/console")
        #expect(start.status == 303 && start.fields[.location] == "/console/me")
        let own = try await client.send(.get, "/console/me")
        #expect(own.status == 200 && own.body.contains("Your score is 640"))
        let audit = try await client.send(.get, "/console/audit")
        #expect(audit.status == 403 && audit.body.contains("This page is for auditor."))
    }

    @Test func aFormOfAnotherSiteOrSessionDoesNothing() async throws {
        let client = try await Client(users: Self.users)
        _ = try await client.send(
            .post, "/console/sign-in", Self.formType, body: "name=mira&password=correct+horse+battery")
        let act = "token=TOKEN&key=k1&subject.encoded=ada-4471&sanction.encoded=slow-lane&outcome=upheld&reason=r"
        let page = try await client.send(.get, "/console/acts/decide-appeal")
        let token = try token(in: page.body)
        let forged = try await client.send(.post, "/console/acts/decide-appeal", Self.formType, body: act)
        #expect(forged.status == 403)
        var elsewhere = Self.formType
        elsewhere[.origin] = "https://evil.example"
        let foreign = try await client.send(
            .post, "/console/acts/decide-appeal", elsewhere, body: act.replacing("TOKEN", with: token))
        #expect(foreign.status == 403 && foreign.body.contains("Nothing was done."))
        #expect(await client.town.town.performed.acts.isEmpty)
    }

    @Test func withoutUsersThisMachineUsesTheConsole() async throws {
        let client = try await Client(users: nil)
        for route in [
            "/console", "/console/policies", "/console/lag", "/console/words", "/console/subjects?prefix=&kind=",
        ] {
            let page = try await client.send(.get, route)
            #expect(page.status == 200 && page.body.contains("<h1"), "\(route)")
        }
        let ghost = try await client.send(.get, "/console/ghost")
        #expect(ghost.status == 404 && ghost.body.contains("There is no such page"))
        let wrong = try await client.send(.get, "/console/lag?x=1")
        #expect(wrong.status == 400 && wrong.body.contains("This request was not understood"))
    }
}
