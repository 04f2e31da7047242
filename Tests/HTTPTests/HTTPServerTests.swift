import Events
import Foundation
import HTTPTypes
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

    private final class Counted: Sendable {
        private let number = Atomic(0)
        var count: Int { number.load(ordering: .relaxed) }
        func add() { number.add(1, ordering: .relaxed) }
    }

    private let lines = LogLines()
    private var logger: Logger { Logger(label: "test") { [lines] _ in lines } }
    private let session = URLSession(configuration: .ephemeral)

    /// `body` receives the server's port.
    private func serving(
        maximumConnections: Int, _ routes: [Route], _ body: (Int) async throws -> Void
    ) async throws {
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(
            RouteTable(routes, RouteTable.Options(access: .open), logger: logger),
            address: HTTPAddress(host: "127.0.0.1", port: 0), maximumConnections: maximumConnections,
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
        let routes = [Route.sample("/livez") { _ in .text("ok\n") }]
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
        let routes: [Route] = [
            .sample("/fails") { _ in throw Sudden() }, .sample("/busy") { _ in throw BlockingWork.Busy() },
            .sample("/takes", taking: ["one"]) { _ in .text("taken") },
        ]
        try await serving(maximumConnections: 8, routes) { port in
            for (path, status, body) in [
                ("/fails", 500, #""error":"the request failed here; the log names the error"}"#),
                ("/busy", 503, #""error":"too many requests are under way"}"#),
                ("/nowhere", 404, #""error":"not found"}"#),
                ("/takes?one=1", 200, "taken"),
                ("/takes?two=1", 400, #""error":"unknown query parameter \"two\"; this path takes one"}"#),
            ] {
                let answer = try await get(path, port)
                #expect(answer.status == status && answer.body.hasSuffix(body), "\(path): \(answer)")
            }
            #expect(lines.all == ["error a request failed error=Sudden path=/fails"])
        }
    }

    @Test func partsOfABodyComeWholeAndInOrder() async throws {
        let parts = (0..<40).map { number in [UInt8](repeating: UInt8(ascii: "a") + UInt8(number % 26), count: 5_000) }
        let routes: [Route] = [
            .sample("/parts") { _ in .chunks(parts, contentType: "text/plain") },
            .sample("/none") { _ in .chunks([[UInt8]](), contentType: "text/plain") },
        ]
        try await serving(maximumConnections: 8, routes) { port in
            let answer = try await get("/parts", port)
            #expect(answer.status == 200 && Array(answer.body.utf8) == parts.flatMap { $0 })
            #expect(try await get("/none", port).body == "")
            let head = try await exchange("HEAD /parts HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port)
            #expect(head.hasPrefix("HTTP/1.1 200") && !head.contains("aaaa"))
        }
    }

    @Test func aPageLoadsAndRunsNothingFromElsewhere() async throws {
        let routes = [Route.sample("/page") { _ in .page(Array("<p>x</p>".utf8)) }]
        try await serving(maximumConnections: 8, routes) { port in
            let text = try await exchange("GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port)
                .lowercased()
            #expect(text.contains("content-security-policy: default-src 'none'; style-src 'self';"))
            #expect(text.contains("content-type: text/html; charset=utf-8") && text.hasSuffix("<p>x</p>"))
        }
    }

    private func exchange(_ text: String, isAll: Bool = false, _ port: Int) async throws -> String {
        try await LoopbackSocket.exchange(text, isAll: isAll, port)
    }

    /// Without the lines that tell the time.
    private func undated(_ answer: String) -> String {
        answer.components(separatedBy: "\r\n").filter { !$0.hasPrefix("Date: ") }.joined(separator: "\r\n")
    }

    /// `/things/NAME`, answered at once but for `slow`, and by the router in the same words. `prompt` counts what is answered
    /// at once.
    private func things(prompt: Counted) -> [Route] {
        @Sendable func thing(_ name: String) -> Answer {
            var answer =
                name == "unknown" ? Answer.error(name, status: .notFound) : .json { $0.value(name) }
            answer.fields.append(HTTPField(name: .lastModified, value: "never"))
            return answer
        }
        let route = Route.sample("/things/{name}") { call in Response(thing(call["name"] ?? "")) }
            .answeringAtOnce { segment in
                guard segment != "slow", let name = PercentEncoding.utf8(segment) else { return nil }
                prompt.add()
                return thing(String(decoding: name, as: UTF8.self))
            }
        return [route]
    }

    @Test func whatIsAnsweredAtOnceIsWhatTheRouterAnswersByteForByte() async throws {
        let prompt = Counted()
        try await serving(maximumConnections: 8, things(prompt: prompt)) { port in
            for (number, line) in [
                "GET /things/anna", "GET /things/unknown", "GET /things/%22an%2Fna%22%C3%A9",
                "HEAD /things/anna", "HEAD /things/unknown",
            ].enumerated() {
                let end = "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
                let atOnce = try await exchange("\(line) HTTP/1.1\r\nHost: h\r\n\r\n\(end)", port)
                #expect(prompt.count == number + 1, "\(line)")
                // The router answers what has a body.
                let length = "Content-Length: 1\r\n"
                let routed = try await exchange("\(line) HTTP/1.1\r\nHost: h\r\n\(length)\r\n \(end)", port)
                #expect(prompt.count == number + 1, "\(line)")
                #expect(undated(atOnce) == undated(routed))
                #expect(atOnce.components(separatedBy: "\r\nDate: ").count == 3, "\(atOnce)")
            }
        }
    }

    private static let unknown =
        #"{"type":"about:blank","title":"Not Found","status":404,"detail":"unknown","code":"not-found","error":"unknown"}"#

    @Test func pipelinedRequestsAreAnsweredInTheirOrder() async throws {
        let prompt = Counted()
        try await serving(maximumConnections: 8, things(prompt: prompt)) { port in
            let names = ["one", "slow", "two", "unknown", "slow", "three"]
            var requests = names.map { "GET /things/\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }
            requests.append("HEAD /things/slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            let answers = try await exchange(requests.joined(), port)
            let bodies = answers.components(separatedBy: "HTTP/1.1 ").dropFirst().map { answer in
                answer.components(separatedBy: "\r\n\r\n").last ?? ""
            }
            #expect(bodies == ["\"one\"", "\"slow\"", "\"two\"", Self.unknown, "\"slow\"", "\"three\"", ""])
            #expect(prompt.count >= 1)
        }
    }

    /// The answer is larger than what the sockets take.
    @Test func whoSendsNothingMoreReceivesTheWholeAnswer() async throws {
        let body = [UInt8](repeating: UInt8(ascii: "1"), count: 32 << 20)
        let routes = [
            Route.sample("/things/{name}") { _ in .json(body) }.answeringAtOnce { _ in .json(body, status: .ok) }
        ]
        try await serving(maximumConnections: 8, routes) { port in
            let answer = try await exchange("GET /things/long HTTP/1.1\r\nHost: h\r\n\r\n", isAll: true, port)
            let received = answer.utf8.count
            #expect(received > body.count)
        }
    }

    /// Two readers of such a request could disagree about where it ends, or whom it asks.
    @Test(arguments: [
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: x\r\n", "Content-Length: -1\r\n", "Host: b\r\n", "Na me: x\r\n",
    ])
    func whatCanBeReadInTwoWaysIsRefused(_ field: String) async throws {
        let routes = [Route.sample("/livez") { _ in .text("ok\n") }]
        try await serving(maximumConnections: 8, routes) { port in
            let answer = try await exchange(
                "GET /livez HTTP/1.1\r\nHost: a\r\n\(field)Connection: close\r\n\r\n", isAll: true, port)
            #expect(!answer.contains("HTTP/1.1 200"), "\(answer)")
        }
    }

    /// A `HEAD` that came with a body would be taken for the next answer.
    @Test func whatAnswersHeadHasNoBody() async throws {
        let routes: [Route] = [
            .sample("/livez") { _ in .text("ok\n") }, .sample("/busy") { _ in throw BlockingWork.Busy() },
        ]
        try await serving(maximumConnections: 8, routes) { port in
            for (path, status) in [("livez", "200 OK"), ("busy", "503 Service Unavailable"), ("no", "404 Not Found")] {
                let answer = try await exchange("HEAD /\(path) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port)
                #expect(answer.hasPrefix("HTTP/1.1 \(status)\r\n") && answer.hasSuffix("\r\n\r\n"), "\(answer)")
                #expect(answer.contains("\r\nContent-Length: ") && !answer.contains("\r\nContent-Length: 0\r\n"))
            }
        }
    }
}
