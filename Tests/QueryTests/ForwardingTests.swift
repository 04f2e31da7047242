import Access
import Foundation
import HTTP
import Hummingbird
import Logging
import Testing

@testable import Query

/// What comes from an address that anybody may have written is not trusted.
struct ForwardingTests {
    private let caller = Caller(name: "anna", roles: [.viewer])
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A peer that answers in many ways; `body` receives its address.
    private func withPeer(_ body: (HTTPAddress) async throws -> Void) async throws {
        @Sendable func stamped(_ response: Response, _ partition: Int = 3) -> Response {
            var response = response
            response.headers[.ledgerPartition] = "\(partition)"
            return response
        }
        let routes: [Route] = [
            .sample("/good") { _ in stamped(.json(Array(#"{"subject":"a"}"#.utf8))) },
            .sample("/absent") { _ in stamped(.error("not enrolled", status: .notFound)) },
            .sample("/other-partition") { _ in stamped(.json(Array("{}".utf8)), 4) },
            .sample("/unstamped") { _ in .json(Array("{}".utf8)) },
            .sample("/page") { _ in stamped(.text("<html>", contentType: "text/html")) },
            .sample("/away") { _ in stamped(.retryLater("not ready")) },
            .sample("/redirect") { _ in
                var response = stamped(.error("moved", status: .found))
                response.headers[.location] = "/good"
                return response
            },
            .sample("/large") { _ in stamped(.json([UInt8](repeating: 0x20, count: Forwarding.maximumBytes + 1))) },
            .sample("/trickle") { _ in
                Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: ResponseBody { writer in
                        while !Task.isCancelled {
                            try await writer.write(ByteBuffer(string: " "))
                            try await Task.sleep(for: .milliseconds(200))
                        }
                        try await writer.finish(nil)
                    })
            },
        ]
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let table = RouteTable(routes, RouteTable.Options(access: .open), logger: logger)
        let server = HTTPServer(table, address: HTTPAddress(host: "127.0.0.1", port: 0), logger: logger)
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
                let outcome = await forwarding.ask(peer, about: 3, target: path, for: caller)
                if case .answer(let response) = outcome {
                    #expect(response.status.code == status, "\(path)")
                    #expect(response.headers[Forwarding.member] == "\(peer)")
                } else {
                    #expect(status == nil, "\(path): \(outcome)")
                }
            }
            guard case .tooLarge = await forwarding.ask(peer, about: 3, target: "/large", for: caller) else {
                Issue.record("an answer beyond the limit was taken")
                return
            }
        }
    }

    /// Silence counts against a member only if it was asked.
    @Test func whoIsNotAskedIsNotSilent() async throws {
        try await withPeer { peer in
            func reply(_ forwarding: Forwarding, of address: String) async -> Forwarding.Reply {
                await forwarding.reply(of: address, path: "/nowhere", body: [], for: caller)
            }
            let forwarding = Forwarding(maximum: 1, within: .seconds(1))
            guard case .silence = await reply(forwarding, of: "\(peer)") else {
                Issue.record("there is no such path")
                return
            }
            for (unsent, address) in [(Forwarding(maximum: 1, isRefused: true), "\(peer)"), (forwarding, "no address")]
            {
                guard case .notAsked = await reply(unsent, of: address) else {
                    Issue.record("nobody was asked")
                    return
                }
            }
            async let slow = forwarding.ask(peer, about: 3, target: "/trickle", for: caller)
            while forwarding.underWay == 0 { await Task.yield() }
            guard case .notAsked = await reply(forwarding, of: "\(peer)") else {
                Issue.record("there is no room")
                return
            }
            _ = await slow
        }
    }

    @Test func soManyQuestionsAreUnderWayAndNoMore() async throws {
        try await withPeer { peer in
            let forwarding = Forwarding(maximum: 1)
            async let slow = forwarding.ask(peer, about: 3, target: "/trickle", for: caller)
            while forwarding.underWay == 0 { await Task.yield() }
            guard case .none = await forwarding.ask(peer, about: 3, target: "/good", for: caller) else {
                Issue.record("there is no room")
                return
            }
            guard case .none = await slow else {
                Issue.record("a peer that trickles has no end")
                return
            }
            guard case .answer = await forwarding.ask(peer, about: 3, target: "/good", for: caller) else {
                Issue.record("there is room again")
                return
            }
        }
    }
}

extension Route {
    fileprivate static func sample(_ path: String, _ handler: @escaping Handler) -> Route {
        Route(.get, path, name: path, summary: "", tag: "sample", answers: [.json("")], requires: .open, handler)
    }
}
