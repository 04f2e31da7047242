import Access
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import TestFiles
import Testing

@testable import HTTP

/// Over real sockets.
struct TLSTests {
    private let folder: URL
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "standing-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    @discardableResult
    private func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
        let file = folder.appending(path: name)
        try Data(text.utf8).write(to: file, options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        return file.path
    }

    private func certificate(_ chain: String, _ key: String) throws -> TLSCertificate {
        try TLSCertificate(
            certificate: try write(chain, to: "tls.pem", mode: 0o644), key: try write(key, to: "tls.key"))
    }

    /// `body` receives the server's port.
    private func serving(
        _ certificate: TLSCertificate, maximumConnections: Int = 8, _ body: (Int) async throws -> Void
    ) async throws {
        let table = RouteTable(
            [.sample("/livez") { _ in .text("ok\n") }], RouteTable.Options(access: .open), logger: logger)
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(
            table, address: HTTPAddress(host: "127.0.0.1", port: 0), certificate: certificate,
            maximumConnections: maximumConnections, logger: logger)
        let running = Task { try await server.run { continuation.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        try await body(port)
        running.cancel()
        try await running.value
        try FileManager.default.removeItem(at: folder)
    }

    /// Collects what the server sends until it closes the connection.
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private var bytes = ByteBuffer()
        private var failure: (any Error)?
        private let end: EventLoopPromise<String>

        init(_ end: EventLoopPromise<String>) { self.end = end }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var part = unwrapInboundIn(data)
            bytes.writeBuffer(&part)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            failure = failure ?? error
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            if let failure, bytes.readableBytes == 0 { end.fail(failure) } else { end.succeed(String(buffer: bytes)) }
        }
    }

    /// The whole answer to `GET /livez` on a connection of its own. `trusted`: the certificate that the client believes.
    private func get(_ port: Int, trusted: String, newest: TLSVersion? = nil) async throws -> String {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(trusted.utf8)))
        configuration.maximumTLSVersion = newest
        let context = try NIOSSLContext(configuration: configuration)
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let end = loop.makePromise(of: String.self)
        try await ask(port, end) { try NIOSSLClientHandler(context: context, serverHostname: "localhost") }
        return try await end.futureResult.get()
    }

    /// Sends a request through `security`, if there is one. `end` gets all that comes back.
    private func ask(
        _ port: Int, _ end: EventLoopPromise<String>,
        _ security: @escaping @Sendable () throws -> NIOSSLClientHandler? = { nil }
    ) async throws {
        let channel = try await ClientBootstrap(group: end.futureResult.eventLoop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                if let security = try security() { try pipeline.addHandler(security) }
                try pipeline.addHandler(Collector(end))
            }
        }.connect(host: "127.0.0.1", port: port).get()
        let request = ByteBuffer(string: "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        channel.writeAndFlush(request, promise: nil)
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13]) func requestsAreAnsweredOverTLS(_ version: TLSVersion) async throws {
        let certificate = try certificate(TestCertificates.first, TestCertificates.firstKey)
        try await serving(certificate) { port in
            let answer = try await get(port, trusted: TestCertificates.first, newest: version)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\nok\n"))
        }
    }

    /// A client of members trusts the authorities of its file, and nobody else.
    @Test func aMemberIsAskedByItsAuthorityAlone() async throws {
        let certificate = try certificate(TestCertificates.first, TestCertificates.firstKey)
        let trusting = try TLSClient(authorities: try write(TestCertificates.first, to: "ca.pem"))
        let other = try TLSClient(authorities: try write(TestCertificates.second, to: "other.pem"))
        let empty = try write("-", to: "empty.pem")
        #expect(throws: AccessMistake.self) { try TLSClient(authorities: empty) }
        try await serving(certificate) { port in
            func ask(_ client: TLSClient, maximum: Int = 4096, port: Int) async -> String {
                let outcome = await client.post(
                    "/livez", at: HTTPAddress(host: "localhost", port: port), fields: [("content-type", "text/plain")],
                    body: Array("/".utf8), maximum: maximum, within: .seconds(30))
                return switch outcome {
                case .whole(let answer): "\(answer.status) \(answer.fields["content-type"] ?? "")"
                case .tooLarge: "too large"
                case .failed: "failed"
                }
            }
            #expect(await ask(trusting, port: port) == "405 application/problem+json")
            #expect(await ask(trusting, maximum: 3, port: port) == "too large")
            #expect(await ask(other, port: port) == "failed")
        }
    }

    @Test func olderVersionsAndPlainHTTPAreRefused() async throws {
        let certificate = try certificate(TestCertificates.first, TestCertificates.firstKey)
        try await serving(certificate) { port in
            await #expect(throws: (any Error).self) {
                _ = try await get(port, trusted: TestCertificates.first, newest: .tlsv11)
            }
            let end = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: String.self)
            try await ask(port, end)
            // A failure is as good as an answer of TLS.
            #expect((try? await end.futureResult.get())?.contains("HTTP") != true)
        }
    }

    /// The connections that are closed to make room do not wait for the client's farewell.
    @Test func clientsThatNeverSpeakTLSTakeNobodysPlace() async throws {
        let certificate = try certificate(TestCertificates.first, TestCertificates.firstKey)
        try await serving(certificate) { port in
            var clients: [Int32] = []
            defer { for client in clients { close(client) } }
            for index in 0..<100 {
                clients.append(try LoopbackSocket.connected(to: port))
                // Each third one begins a handshake and does not go on.
                if index.isMultiple(of: 3) { _ = send(clients[index], [0x16, 0x03, 0x01], 3, Int32(MSG_NOSIGNAL)) }
                guard index.isMultiple(of: 20) else { continue }
                #expect(try await get(port, trusted: TestCertificates.first).hasSuffix("ok\n"))
            }
        }
    }

    @Test func aNewPairIsUsedForNewConnectionsAndABrokenOneIsNot() async throws {
        let certificate = try certificate(TestCertificates.first, TestCertificates.firstKey)
        try await serving(certificate) { port in
            try write(TestCertificates.second, to: "tls.pem")
            certificate.look(logger)
            // The key does not belong to it yet.
            #expect(try await get(port, trusted: TestCertificates.first).hasSuffix("ok\n"))
            try write(TestCertificates.secondKey, to: "tls.key")
            certificate.look(logger)
            #expect(try await get(port, trusted: TestCertificates.second).hasSuffix("ok\n"))
            await #expect(throws: (any Error).self) { _ = try await get(port, trusted: TestCertificates.first) }
            try write(TestCertificates.expired, to: "tls.pem")
            certificate.look(logger)
            #expect(try await get(port, trusted: TestCertificates.second).hasSuffix("ok\n"))
        }
    }

    @Test func aPairThatCannotServeEndsTheStartWithTheMend() throws {
        let (first, key) = (TestCertificates.first, TestCertificates.firstKey)
        let cases: [(chain: String, key: String, message: String)] = [
            (first, TestCertificates.secondKey, "--tls-key KEY is not the key of the certificate CHAIN; give the two"),
            (TestCertificates.expired, key, "--tls-certificate CHAIN expired at 2021-01-01T00:00:00Z; renew the"),
            (TestCertificates.future, key, "--tls-certificate CHAIN is not valid before 2099-01-01T00:00:00Z"),
            (first, TestCertificates.lockedKey, "--tls-key KEY has no private key in PEM without a password"),
            (first, "", "--tls-key KEY has no private key in PEM"),
            (key, key, "--tls-certificate CHAIN has no certificate in PEM"),
            ("", key, "--tls-certificate CHAIN has no certificate in PEM"),
        ]
        let (chain, keyPath) = (folder.appending(path: "tls.pem").path, folder.appending(path: "tls.key").path)
        func mistake() -> String {
            do {
                _ = try TLSCertificate(certificate: chain, key: keyPath)
                return "no mistake"
            } catch {
                return "\(error)".replacing(chain, with: "CHAIN").replacing(keyPath, with: "KEY")
            }
        }
        for (chainText, keyText, message) in cases {
            try write(chainText, to: "tls.pem")
            try write(keyText, to: "tls.key")
            #expect(mistake().hasPrefix(message), "\(mistake())")
        }
        try write(first, to: "tls.pem")
        try write(key, to: "tls.key", mode: 0o644)
        #expect(mistake() == "--tls-key KEY is open to every user of this machine; run `chmod o= KEY`")
        try write(key, to: "tls.key", mode: 0o640)
        #expect(mistake() == "no mistake")
        try FileManager.default.removeItem(atPath: keyPath)
        #expect(mistake().hasPrefix("--tls-key KEY cannot be read"))
        try FileManager.default.removeItem(at: folder)
    }
}
