import Foundation
import Hummingbird
import Logging
import Synchronization
import Testing

@testable import HTTP

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Over real sockets.
struct HTTPServerTests {
    private struct Sudden: Error { let subject = "anna" }

    /// Keeps what is logged.
    private final class LogLines: LogHandler, Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        var logLevel: Logger.Level {
            get { .warning }
            set {}
        }
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }

        func log(event: LogEvent) {
            let metadata = (event.metadata ?? [:]).map { " \($0.key)=\($0.value)" }.sorted().joined()
            lines.withLock { $0.append("\(event.level) \(event.message)\(metadata)") }
        }
    }

    private let lines = LogLines()
    private var logger: Logger { Logger(label: "test") { [lines] _ in lines } }
    private let session = URLSession(configuration: .ephemeral)

    /// `body` receives the server's port.
    private func serving(
        maximumConnections: Int, _ routes: Routes, _ body: (Int) async throws -> Void
    ) async throws {
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(
            routes, address: HTTPAddress(host: "127.0.0.1", port: 0), maximumConnections: maximumConnections,
            logger: logger)
        let running = Task { try await server.run { continuation.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        try await body(port)
        running.cancel()
        try await running.value
    }

    private func get(_ path: String, _ port: Int) async throws -> (status: Int, body: String) {
        let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
        let (data, response) = try await session.data(from: url)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
    }

    private func connect(_ port: Int, sending text: String = "") throws -> Int32 {
        let descriptor = try LoopbackSocket.connected(to: port)
        if !text.isEmpty { _ = text.withCString { send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) } }
        return descriptor
    }

    @Test func idleAndSlowClientsTakeNobodysPlace() async throws {
        let routes = Routes(logger: logger)
        routes.get("livez") { _, _ in .text("ok\n") }
        try await serving(maximumConnections: 8, routes) { port in
            var clients: [Int32] = []
            defer { for client in clients { close(client) } }
            for index in 0..<100 {
                clients.append(try connect(port, sending: index.isMultiple(of: 3) ? "GET /livez HTTP/1.1\r\nHo" : ""))
                guard index.isMultiple(of: 20) else { continue }
                let answer = try await get("/livez", port)
                #expect(answer.status == 200 && answer.body == "ok\n")
            }
        }
    }

    /// And the log names no subject.
    @Test func whatFailsIsNeverAnEmptyBody() async throws {
        let routes = Routes(logger: logger)
        routes.get("fails") { _, _ in throw Sudden() }
        routes.get("busy") { _, _ in throw BlockingWork.Busy() }
        routes.get("takes", taking: ["one"]) { _, _ in .text("taken") }
        try await serving(maximumConnections: 8, routes) { port in
            for (path, status, body) in [
                ("/fails", 500, #"{"error":"the request failed here; the log names the error"}"#),
                ("/busy", 503, #"{"error":"too many requests are under way"}"#),
                ("/nowhere", 404, #"{"error":"not found"}"#),
                ("/takes?one=1", 200, "taken"),
                ("/takes?two=1", 400, #"{"error":"unknown query parameter \"two\"; this path takes one"}"#),
            ] {
                let answer = try await get(path, port)
                #expect(answer.status == status && answer.body == body, "\(path): \(answer)")
            }
            #expect(lines.all == ["error a request failed error=Sudden path=/fails"])
        }
    }
}
