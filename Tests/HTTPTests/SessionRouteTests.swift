import Access
import Foundation
import HTTPTypes
import Logging
import NIOHTTP1
import Synchronization
import Testing

@testable import HTTP

/// The routes of users who log in, with the gate that knows them.
struct SessionRouteTests {
    /// The hash of `correct horse battery`, with the least cost that a file may have.
    private static let hash = "$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$6W7GuoxjojaYIg83x/wEKSXUMMf+reyc6wSvA8q7ny8"

    private let client: TestClient
    private let access: AccessControl
    private let records = RecordedLooks()

    init() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "standing-users-\(UUID().uuidString)")
        try Data("anna reviewer - \(Self.hash)\nsam subject c-1 \(Self.hash)\n".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        defer { try? FileManager.default.removeItem(at: file) }
        var configuration = AccessConfiguration()
        configuration.users = file.path
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let access = try await configuration.open(logger: logger)
        var options = RouteTable.Options(access: .gate(access.gate), sessionCookies: [access.cookie.name])
        options.renewal = { _ in "renewed" }
        client = TestClient(table: RouteTable(Route.session(access, audit: records), options, logger: logger))
        self.access = access
    }

    private func logIn(_ body: String, _ more: HTTPFields = [:]) async throws -> TestClient.Received {
        var fields: HTTPFields = [.contentType: "application/json"]
        fields.append(contentsOf: more)
        return try await client.send(.post, "/session", fields, body: body)
    }

    @Test func aUserLogsInAsksAndLogsOut() async throws {
        let answer = try await logIn(#"{"name":"sam","password":"correct horse battery"}"#)
        #expect(answer.status == 200 && answer.body == #"{"name":"sam","roles":["subject"],"subject":"c-1"}"#)
        #expect(answer.fields[.cacheControl] == "no-store")
        let field = try #require(answer.fields[.setCookie])
        #expect(field.hasSuffix("; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict"))
        let cookie = String(field.prefix { $0 != ";" })
        let caller = try await client.send("/session", [.cookie: cookie])
        #expect(caller.status == 200 && caller.body == answer.body && caller.fields[.setCookie] == "renewed")
        let end = try await client.send(.delete, "/session", [.cookie: cookie])
        #expect(end.status == 204 && end.fields[.setCookie] == access.cookie.removal)
        #expect(try await client.send("/session", [.cookie: cookie]).code == "no-session")
        #expect(try await client.send(.delete, "/session").status == 204)
        #expect(try await client.send("/session").code == "no-credentials")
    }

    /// A name that no user has may be a password in the wrong field, so it is not recorded.
    @Test func logInsAreInTheAudit() async throws {
        let good = #"{"name":"anna","password":"correct horse battery"}"#
        _ = try await logIn(good)
        _ = try await logIn(#"{"name":"anna","password":"wrong horse battery"}"#)
        _ = try await logIn(#"{"name":"correct-horse","password":"battery"}"#)
        // Neither of them tries a password.
        _ = try await logIn("{}")
        _ = try await logIn(good, [.origin: "https://elsewhere.example"])
        #expect(
            records.all == ["anna logIn - - allowed", "anna logIn - - denied", "unknown-user logIn - - denied"])
        records.isAway.withLock { $0 = true }
        #expect(try await logIn(good).status == 200, "a log-in alone shows nothing")
        #expect(records.all.count == 3)
    }

    /// The gate knows a session without waiting, for as long as it lasts.
    @Test func whoHasASessionIsAnsweredAtOnce() async throws {
        let route = Route(
            .get, "/subjects/{id}", name: "read", summary: "", tag: "sample", parameters: [.subject()],
            answers: [.json("")], requires: .subject(.readStanding)
        ) { _ in .text("") }.answeringAtOnce { _ in .error("x", status: .notFound) }
        let table = RouteTable(
            [route], RouteTable.Options(access: .gate(access.gate), sessionCookies: [access.cookie.name]),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let prompt = try #require(table.promptRoutes.first)
        func admits(_ subject: Substring, _ cookie: String) -> Bool {
            let fields = PromptFields(HTTPHeaders([("Host", "h"), ("Cookie", cookie)]))
            return prompt.admits(subject, fields, Peer(TestClient.elsewhere))
        }
        func cookie(of name: String) async throws -> String {
            let answer = try await logIn(#"{"name":"\#(name)","password":"correct horse battery"}"#)
            return String(try #require(answer.fields[.setCookie]).prefix { $0 != ";" })
        }
        let (anna, sam) = (try await cookie(of: "anna"), try await cookie(of: "sam"))
        #expect(admits("c-1", anna) && admits("c-2", anna))
        #expect(admits("c-1", sam) && !admits("c-2", sam), "a subject sees itself")
        #expect(!admits("c-1", String(anna.dropLast())) && !admits("c-1", "\(anna); \(sam)"))
        _ = try await client.send(.delete, "/session", [.cookie: anna])
        #expect(!admits("c-1", anna))
    }

    @Test func whatIsNoLogInIsRefused() async throws {
        let good = #"{"name":"anna","password":"correct horse battery"}"#
        for (body, fields, status, code) in [
            (#"{"name":"anna","password":"wrong horse battery"}"#, [:], 401, "wrong-name-or-password"),
            (#"{"name":"nobody","password":"correct horse battery"}"#, [:], 401, "wrong-name-or-password"),
            (#"{"name":"anna"}"#, [:], 400, "body-malformed"), ("name=anna", [:], 400, "body-malformed"),
            (good, [HTTPField.Name("origin")!: "https://elsewhere.example"], 403, "cross-site"),
            (good, [HTTPField.Name("sec-fetch-site")!: "cross-site"], 403, "cross-site"),
            (String(repeating: " ", count: 8 << 10) + good, [:], 413, "body-too-large"),
        ] as [(String, HTTPFields, Int, String)] {
            let answer = try await logIn(body, fields)
            #expect(answer.status == status && answer.code == code, "\(answer)")
            #expect(answer.fields[.setCookie] == nil)
        }
        let form = try await client.send(
            .post, "/session", [.contentType: "application/x-www-form-urlencoded"], body: good)
        #expect(form.status == 415)
    }

    @Test func thoseWhoTryManyPasswordsWait() async throws {
        var status = 401
        for _ in 0..<60 where status == 401 {
            status = try await logIn(#"{"name":"a b","password":"correct horse battery"}"#).status
        }
        #expect(status == 429)
    }
}
