public import Access
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Posts to servers over TLS, and trusts the authorities of a file alone. Foundation's client trusts those of the
/// machine, and can be given no others on Linux. Each request has a connection of its own; no redirect is followed.
public struct TLSClient: Sendable {
    public struct Answer: Sendable {
        public let status: Int
        /// By name in lower case.
        public let fields: [String: String]
        public let body: [UInt8]

        public init(status: Int, fields: [String: String], body: [UInt8]) {
            (self.status, self.fields, self.body) = (status, fields, body)
        }
    }

    public enum Outcome: Sendable {
        case whole(Answer)
        /// The answer's body is greater than allowed.
        case tooLarge
        case failed
    }

    private static let maximumBytes = 1 << 20
    private let context: NIOSSLContext

    /// `path`: of PEM certificates.
    public init(authorities path: String) throws(AccessMistake) {
        let file = SettingFile(path: path, setting: "--member-ca", isSecret: false)
        let (bytes, _) = try file.read(limit: Self.maximumBytes)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            throw file.mistake(
                "has no certificate in PEM; give those of the authorities that sign the members' certificates")
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(certificates)
        configuration.applicationProtocols = ["http/1.1"]
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw file.mistake("cannot be used: \(error)")
        }
    }

    /// `path`: with the query, percent-encoded. `maximum`: bytes of the answer's body. `limit`: for all of it.
    public func post(
        _ path: String, at address: HTTPAddress, fields: [(name: String, value: String)], body: [UInt8], maximum: Int,
        within limit: Duration
    ) async -> Outcome {
        let limit = TimeAmount.nanoseconds(Int64(limit / .nanoseconds(1)))
        // The certificate must have the host's name. If the host is given as an address, it must have the address.
        let name = HTTPAddress.isName(address.host) ? address.host : nil
        do {
            let outcome = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Outcome.self)
            let loop = outcome.futureResult.eventLoop
            let timer = loop.scheduleTask(in: limit) { outcome.succeed(.failed) }
            let channel = try await ClientBootstrap(group: loop).connectTimeout(limit)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
                        try pipeline.addHTTPClientHandlers()
                        try pipeline.addHandler(AnswerCollector(outcome, maximum: maximum))
                    }
                }
                .connect(host: address.host, port: address.port).get()
            defer {
                timer.cancel()
                channel.close(promise: nil)
            }
            var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path)
            for field in fields { head.headers.add(name: field.name, value: field.value) }
            head.headers.add(name: "host", value: "\(address)")
            head.headers.add(name: "content-length", value: "\(body.count)")
            head.headers.add(name: "connection", value: "close")
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
            return try await outcome.futureResult.get()
        } catch {
            return .failed
        }
    }
}

/// Takes one answer into memory.
private final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let outcome: EventLoopPromise<TLSClient.Outcome>
    private let maximum: Int
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    init(_ outcome: EventLoopPromise<TLSClient.Outcome>, maximum: Int) {
        (self.outcome, self.maximum) = (outcome, maximum)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let part):
            guard body.count + part.readableBytes <= maximum else {
                outcome.succeed(.tooLarge)
                return context.close(promise: nil)
            }
            body += part.readableBytesView
        case .end:
            guard let head else { return outcome.succeed(.failed) }
            let fields = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
            outcome.succeed(.whole(TLSClient.Answer(status: Int(head.status.code), fields: fields, body: body)))
        }
    }

    // A promise is fulfilled once; later outcomes have no effect.

    func channelInactive(context: ChannelHandlerContext) { outcome.succeed(.failed) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        outcome.succeed(.failed)
        context.close(promise: nil)
    }
}
