import Access
import Console
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

@testable import HTTP

/// The town, with the sessions of the users' file.
struct TownWithUsers: ConsoleData {
    let town: DemoTown
    let access: AccessControl

    func signIn(name: String, password: String, from address: String) async throws(ProblemView) -> String? {
        do { return try await access.logIn(name: name, password: password, address: address).setCookie } catch {
            return nil
        }
    }

    func signOut(session: String) async -> String {
        await access.logOut(session)
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
    func backtest(for caller: Caller) async throws(ProblemView) -> BacktestView {
        try await town.backtest(for: caller)
    }
    func sources(for caller: Caller) async throws(ProblemView) -> SourcesView {
        try await town.sources(for: caller)
    }
    func withdrawal(of topic: String, for caller: Caller) async throws(ProblemView) -> WithdrawalView {
        try await town.withdrawal(of: topic, for: caller)
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

/// Asks the console's route table for pages, without a connection.
final class TownClient {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    /// The hash of `correct horse battery`, with the least cost that a file may have.
    static let hash = "$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$6W7GuoxjojaYIg83x/wEKSXUMMf+reyc6wSvA8q7ny8"

    let town: TownWithUsers
    let table: RouteTable
    private let folder: URL?
    var cookie: String?

    /// `users`: lines of a users' file; nil for none, so that this machine alone is let in.
    init(users: String?, town demo: DemoTown = DemoTown()) async throws {
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
        let access = try await configuration.open(logger: Self.logger)
        town = TownWithUsers(town: demo, access: access)
        let server = ConsoleServer(ConsoleRoutes(ConsolePages(), data: town), access: access)
        table = RouteTable(
            server.routes,
            RouteTable.Options(
                access: users == nil ? .loopback : .gate(access.gate), sessionCookies: [access.cookie.name],
                page: server.page), logger: Self.logger)
    }

    deinit { if let folder { try? FileManager.default.removeItem(at: folder) } }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields = [:], body: String = ""
    ) async throws -> (status: Int, fields: HTTPFields, body: String) {
        var fields = fields
        if let cookie { fields[.cookie] = cookie }
        let answer = try await Self.send(method, path, fields, body: body, to: table)
        if let set = answer.fields[.setCookie] { cookie = set.split(separator: ";").first.map(String.init) }
        return answer
    }

    static func send(
        _ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields, body: String,
        authority: String = "127.0.0.1:8080", to table: RouteTable
    ) async throws -> (status: Int, fields: HTTPFields, body: String) {
        let head = HTTPRequest(method: method, scheme: "http", authority: authority, path: path, headerFields: fields)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
        let peer = Peer(try SocketAddress(ipAddress: "127.0.0.1", port: 4711))
        let response = try await table.respond(to: request, context: peer)
        let received = Body()
        try await response.body.write(received)
        return (response.status.code, response.headers, received.text)
    }

    private final class Body: ResponseBodyWriter {
        private var buffer = ByteBuffer()
        var text: String { String(buffer: buffer) }
        func write(_ part: ByteBuffer) async throws { buffer.writeImmutableBuffer(part) }
        func finish(_: HTTPFields?) async throws {}
    }
}
