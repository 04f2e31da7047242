import Access
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Synchronization
import Testing

@testable import HTTP

/// Requests that no well-meaning client sends, over real sockets. No such request finds another way, splits an answer, or hides a request.
struct UnusualRequestTests {
    /// Knows nobody.
    private struct Nobody: Gate {
        func caller(_: Credentials) async throws(Denial) -> Caller { throw .unauthenticated(reason: "no-credentials") }
    }

    /// Counts what is logged from warnings on.
    private final class Lines: LogHandler, Sendable {
        private let number = Atomic(0)
        var count: Int { number.load(ordering: .relaxed) }
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
        func log(event: LogEvent) { number.add(1, ordering: .relaxed) }
    }

    private let lines = Lines()
    private var logger: Logger { Logger(label: "test") { [lines] _ in lines } }

    /// `body` receives the port of a server with a path that is open, one whose last segment is a name, one that takes a body, and one
    /// that nobody may ask.
    private func serving(maximumConnections: Int = 8, _ body: (Int) async throws -> Void) async throws {
        let routes: [Route] = [
            .sample("/livez") { _ in .text("ok\n") },
            .sample("/things/{name}", taking: ["one"]) { call in .text("thing \(call["name"] ?? "")") },
            Route(
                .post, "/acts", name: "act", summary: "", tag: "sample",
                body: RouteBody(.object([]), maximumBytes: 1 << 10), answers: [.json("")], requires: .open
            ) { call in .text("done") },
            Route(
                .get, "/audit", name: "audit", summary: "", tag: "sample", answers: [.json("")],
                requires: .permission(.readAudit)
            ) { _ in .text("secret") },
        ]
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(
            RouteTable(routes, RouteTable.Options(access: .gate(Nobody())), logger: logger),
            address: HTTPAddress(host: "127.0.0.1", port: 0), maximumConnections: maximumConnections, logger: logger)
        let running = Task { try await server.run { continuation.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        try await body(port)
        running.cancel()
        try await running.value
    }

    private static let close = "Host: h\r\nConnection: close\r\n\r\n"

    private func get(_ path: String, _ port: Int) async throws -> (head: String, body: String) {
        let answer = try await LoopbackSocket.exchange("GET \(path) HTTP/1.1\r\n\(Self.close)", port)
        let parts = answer.components(separatedBy: "\r\n\r\n")
        return (parts[0].lowercased(), parts.dropFirst().joined(separator: "\r\n\r\n"))
    }

    @Test func noDetourLeadsToAPath() async throws {
        try await serving { port in
            for (path, status) in [
                ("/audit", 401), ("/audit/", 401), ("/audit?", 401), ("http://h/audit", 401),
                ("//audit", 404), ("/./audit", 404), ("/audit/.", 404), ("/livez/../audit", 404),
                ("/livez/%2e%2e/audit", 404), ("/things/../audit", 404), ("/things/%2e%2e/audit", 404),
                ("/%61udit", 404), ("/audit%00", 404), ("/audit;x=1", 404), ("/audit%3bx", 404), ("/audit%2f", 404),
                ("/audit#x", 404), ("/AUDIT", 404), ("/audit\\", 404), ("/audit%20", 404), ("audit", 400),
                ("/things/%c0%ae%c0%ae", 400), ("/things/%", 400), ("/things/%2", 400), ("/things/a\u{e9}", 400),
            ] {
                let answer = try await get(path, port)
                #expect(answer.head.hasPrefix("http/1.1 \(status)"), "\(path): \(answer)")
                #expect(!answer.body.contains("secret"), "\(path)")
            }
            // Where a name is asked for, it is a name, and no way to another path.
            for (segment, name) in [
                ("..", ".."), ("%2e%2e%2faudit", "../audit"), ("a;b=c", "a;b=c"), ("a%00b", "a\u{0}b"),
                ("%252e", "%2e"),
            ] {
                #expect(try await get("/things/\(segment)", port).body == "thing \(name)", "\(segment)")
            }
        }
    }

    @Test func noValueSplitsAnAnswer() async throws {
        try await serving { port in
            let ends = "%0d%0aSet-Cookie:%20x=1%0d%0a%0d%0aHTTP/1.1%20200%20OK"
            for path in [
                "/things/a\(ends)", "/nowhere/a\(ends)", "/things/a?\(ends)=1", "/things/a?one=1&\(ends)",
                "/things/a?one=\(ends)", "/things/%0a%ff\(ends)",
            ] {
                let answer = try await get(path, port)
                #expect(answer.head.hasPrefix("http/1.1 ") && !answer.head.contains("set-cookie"), "\(path): \(answer)")
            }
        }
    }

    /// Each of them is followed by a request that only a reader who disagrees about its end takes for one.
    @Test(arguments: [
        "Content-Length: 4\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Content-Length: 4\r\nContent-Length: 5", "Content-Length: 2, 2", "Content-Length: +2", "Content-Length: 0x2",
        "Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Length : 2", "Content-Length: 2 2",
        "Transfer-Encoding : chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding:\u{b}chunked", "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked", "X-A: b\r\n c", "X-A: b\rX-B: c", "\r X-A: b", "X A: b", ": b",
    ])
    func noRequestHidesInAnother(_ fields: String) async throws {
        let hidden = "GET /things/hidden HTTP/1.1\r\n\(Self.close)"
        try await serving { port in
            for line in ["GET /livez HTTP/1.1", "POST /acts HTTP/1.1", "GET /livez HTTP/1.0"] {
                let answer = try await LoopbackSocket.exchange("\(line)\r\nHost: h\r\n\(fields)\r\n\r\n\(hidden)", port)
                #expect(!answer.contains("hidden") && !answer.contains("done"), "\(line): \(answer)")
                #expect(answer.contains("HTTP/1.1 400 Bad Request"), "\(line): \(answer)")
            }
        }
    }

    @Test(arguments: ["-2\r\n{}", "FFFFFFFFFFFFFFFFF\r\n{}", "0x2\r\n{}", "2\n{}", "2 \r\n{}x", " 2\r\n{}"])
    func aMalformedChunkIsNoBody(_ chunk: String) async throws {
        try await serving { port in
            let answer = try await LoopbackSocket.exchange(
                "POST /acts HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "\(chunk)\r\n0\r\n\r\n", isAll: true, port)
            #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("body-unreadable"), "\(answer)")
            #expect(lines.count == 0, "nothing for the log")
        }
    }

    @Test func aPageOfAnotherSiteCannotAct() async throws {
        try await serving { port in
            let head = "POST /acts HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
            for field in [
                "Origin: http://evil.example", "Origin: null", "Origin: http://h.evil.example", "Origin: http://h:1",
                "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site",
            ] {
                let answer = try await LoopbackSocket.exchange("\(head)\(field)\r\n\(Self.close){}", port)
                #expect(answer.hasPrefix("HTTP/1.1 403") && answer.contains("cross-site"), "\(field): \(answer)")
            }
            let own = try await LoopbackSocket.exchange("\(head)Origin: http://h\r\n\(Self.close){}", port)
            #expect(own.hasPrefix("HTTP/1.1 200") && own.hasSuffix("done"), "\(own)")
        }
    }

    @Test func aHeadThatIsTooLargeIsRefused() async throws {
        try await serving { port in
            for fields in [
                "X-A: " + String(repeating: "a", count: 100_000),
                (0..<5000).map { "X-\($0): a" }.joined(separator: "\r\n"),
            ] {
                let answer = try await LoopbackSocket.exchange(
                    "GET /livez HTTP/1.1\r\n\(fields)\r\n\(Self.close)", port)
                #expect(!answer.contains("HTTP/1.1 200"), "\(answer)")
            }
        }
    }

    /// They use no more than the server's connections, and nobody waits for them.
    @Test func thousandsOfIdleConnectionsAreBounded() async throws {
        let maximum = 32
        try await serving(maximumConnections: maximum) { port in
            // The server has closed most of them by the next answer, so each is about one descriptor of this process, which other
            // tests need too.
            let limit = HTTPServer.descriptorLimit
            let count = limit >= 20_000 ? 10_000 : min(2000, limit / 4)
            var clients: [Int32] = []
            defer { for client in clients { Foundation.close(client) } }
            for number in 1...count {
                clients.append(try LoopbackSocket.connected(to: port))
                guard number.isMultiple(of: 200) else { continue }
                #expect(try await get("/livez", port).body == "ok\n")
            }
            let end = ContinuousClock.now + .seconds(60)
            while clients.count(where: { LoopbackSocket.isOpen($0) }) > maximum {
                try #require(ContinuousClock.now < end)
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try await get("/livez", port).body == "ok\n")
        }
    }
}
