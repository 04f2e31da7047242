import Access
import Foundation
import HTTP
import HTTPTypes
import Hummingbird
import Logging
import Synchronization
import Testing

@testable import Query

/// What a member tells another about who asks, over a connection.
struct ForwardingCallersTests {
    private final class Upstream: Sendable {
        let address = Mutex<String?>(nil)
    }

    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let caller = Caller(name: "rita", roles: [.reviewer])
    private let secret = MemberSecret([UInt8](repeating: 7, count: 32))

    /// A member with a gate that knows nobody who connects; `body` receives its address.
    private func withMember(_ body: (HTTPAddress) async throws -> Void) async throws {
        let upstream = Upstream()
        let routes = [
            Route(
                .get, "/who", name: "who", summary: "", tag: "sample", answers: [.json("")], requires: .authenticated
            ) { call in .json(Array("\"\(call.caller.name) \(call.isForwarded)\"".utf8)) },
            Route(
                .post, "/members/count", name: "count", summary: "", tag: "sample", body: RouteBody(.any),
                answers: [.json("")], requires: .member
            ) { call in .json(Array("\(call.body.count)".utf8)) },
        ]
        let forwarded = ForwardedCallers(try #require(secret), member: { upstream.address.withLock { $0 } })
        let table = RouteTable(
            routes, RouteTable.Options(access: .gate(RouteMatrix.RoleGate()), forwarded: forwarded), logger: logger)
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(table, address: HTTPAddress(host: "127.0.0.1", port: 0), logger: logger)
        let running = Task { try await server.run { continuation.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let address = HTTPAddress(host: "127.0.0.1", port: try #require(await iterator.next()))
        upstream.address.withLock { $0 = "\(address)" }
        try await body(address)
        running.cancel()
        try await running.value
    }

    private func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    @Test func theOwnerLearnsWhoAsks() async throws {
        try await withMember { member in
            let forwarding = Forwarding(maximum: 4, secret: secret)
            for _ in 0..<3 {
                #expect(text(await forwarding.ask(member, target: "/who", for: caller)) == "\"rita true\"")
            }
            let counted = await forwarding.reply(
                of: "\(member)", path: "/members/count", body: Array("[1,2]".utf8), for: caller
            ).json
            #expect(text(counted) == "5")
        }
    }

    @Test func whoDoesNotHaveTheSecretIsNotBelieved() async throws {
        try await withMember { member in
            let other = MemberSecret([UInt8](repeating: 8, count: 32))
            for forwarding in [Forwarding(maximum: 4), Forwarding(maximum: 4, secret: other)] {
                #expect(await forwarding.ask(member, target: "/who", for: caller) == nil)
                let counted = await forwarding.reply(
                    of: "\(member)", path: "/members/count", body: [0x31], for: caller)
                #expect(counted.json == nil && counted.wasAsked)
            }
            let refusing = Forwarding(maximum: 4, secret: secret, isRefused: true)
            #expect(await refusing.ask(member, target: "/who", for: caller) == nil)
        }
    }

    /// Proxies and servers log the targets of requests.
    @Test func noSubjectIsInTheTargetOfAnOutgoingCall() async throws {
        let received = Mutex<[HTTPRequest]>([])
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let router = Router()
        router.post("**") { request, _ in
            received.withLock { $0.append(request.head) }
            return "{}"
        }
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let running = Task { try await application.run() }
        var iterator = ports.makeAsyncIterator()
        let member = HTTPAddress(host: "127.0.0.1", port: try #require(await iterator.next()))
        let forwarding = Forwarding(maximum: 4, secret: secret)
        let target = "/subjects/canary-5f3a91/file?purpose=feathers-77c0de"
        _ = await forwarding.ask(member, target: target, for: caller)
        _ = await forwarding.ask(member, about: 3, target: target, for: caller)
        _ = await forwarding.reply(
            of: "\(member)", path: "/members/standings", body: Array(#"["canary-5f3a91"]"#.utf8), for: caller)
        running.cancel()
        let heads = received.withLock { $0 }
        #expect(heads.map(\.path) == [RouteTable.forwardPath, RouteTable.forwardPath, "/members/standings"])
        for head in heads {
            for field in head.headerFields {
                #expect(!field.value.contains("canary") && !field.value.contains("feathers"), "\(field.name)")
            }
        }
    }
}
