import Foundation
import HTTP
import Hummingbird
import Logging
import Testing

@testable import Query

/// What comes from an address that anybody may have written is not trusted.
struct ForwardingTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A peer that answers in many ways; `body` receives its address.
    private func withPeer(_ body: (HTTPAddress) async throws -> Void) async throws {
        let routes = Routes(logger: logger)
        @Sendable func stamped(_ response: Response, _ partition: Int = 3) -> Response {
            var response = response
            response.headers[.ledgerPartition] = "\(partition)"
            return response
        }
        routes.get("good") { _, _ in stamped(.json(Array(#"{"subject":"a"}"#.utf8))) }
        routes.get("absent") { _, _ in stamped(.error("not enrolled", status: .notFound)) }
        routes.get("other-partition") { _, _ in stamped(.json(Array("{}".utf8)), 4) }
        routes.get("unstamped") { _, _ in .json(Array("{}".utf8)) }
        routes.get("page") { _, _ in stamped(.text("<html>", contentType: "text/html")) }
        routes.get("away") { _, _ in stamped(.retryLater("not ready")) }
        routes.get("redirect") { _, _ in
            var response = stamped(.error("moved", status: .found))
            response.headers[.location] = "/good"
            return response
        }
        routes.get("large") { _, _ in stamped(.json([UInt8](repeating: 0x20, count: Forwarding.maximumBytes + 1))) }
        routes.get("trickle") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody { writer in
                    while !Task.isCancelled {
                        try await writer.write(ByteBuffer(string: " "))
                        try await Task.sleep(for: .milliseconds(200))
                    }
                    try await writer.finish(nil)
                })
        }
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(routes, address: HTTPAddress(host: "127.0.0.1", port: 0), logger: logger)
        let running = Task { try await server.run { continuation.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        try await body(HTTPAddress(host: "127.0.0.1", port: port))
        running.cancel()
        try await running.value
    }

    @Test func onlyAnAnswerAboutThePartitionIsHandedOn() async throws {
        try await withPeer { peer in
            let forwarding = Forwarding(maximum: 4)
            for (path, status) in [
                ("/good", 200), ("/absent", 404), ("/other-partition", nil), ("/unstamped", nil), ("/page", nil),
                ("/away", nil), ("/redirect", nil), ("/nowhere", nil), ("/trickle", nil), ("good", nil),
            ] as [(String, Int?)] {
                let outcome = await forwarding.ask(peer, about: 3, path: path)
                if case .answer(let response) = outcome {
                    #expect(response.status.code == status, "\(path)")
                    #expect(response.headers[Forwarding.member] == "\(peer)")
                } else {
                    #expect(status == nil, "\(path): \(outcome)")
                }
            }
            guard case .tooLarge = await forwarding.ask(peer, about: 3, path: "/large") else {
                Issue.record("an answer beyond the limit was taken")
                return
            }
        }
    }

    @Test func soManyQuestionsAreUnderWayAndNoMore() async throws {
        try await withPeer { peer in
            let forwarding = Forwarding(maximum: 1)
            async let slow = forwarding.ask(peer, about: 3, path: "/trickle")
            while forwarding.underWay == 0 { await Task.yield() }
            guard case .none = await forwarding.ask(peer, about: 3, path: "/good") else {
                Issue.record("there is no room")
                return
            }
            guard case .none = await slow else {
                Issue.record("a peer that trickles has no end")
                return
            }
            guard case .answer = await forwarding.ask(peer, about: 3, path: "/good") else {
                Issue.record("there is room again")
                return
            }
        }
    }
}
