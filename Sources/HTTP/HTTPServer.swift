internal import Foundation
internal import Hummingbird
internal import HummingbirdCore
public import Logging
internal import NIOCore

/// An HTTP/1 server that survives idle, slow and numerous clients. Each phase of a connection has a time limit
/// (`ConnectionPhase`), and the number of connections is limited (`Connections`). Requests are not logged, because
/// their paths name subjects.
public struct HTTPServer: Sendable {
    private let table: RouteTable
    private let address: HTTPAddress
    private let certificate: TLSCertificate?
    private let maximumConnections: Int
    private let streams: EventStreams?
    private let logger: Logger

    /// The number of connections that a server of this process keeps open. Long requests must leave some of them
    /// free.
    public static var maximumConnections: Int { Connections.maximum(descriptors: descriptorLimit) }

    /// Half of the connections: the other half is for answers that end.
    public static var maximumStreams: Int { maximumConnections / 2 }

    /// Port 0 is any free port. `certificate`: nil for a server without TLS. `streams`: those that the routes answer with; they end
    /// with the server. Nil if none does.
    public init(
        _ table: RouteTable, address: HTTPAddress, certificate: TLSCertificate? = nil, streams: EventStreams? = nil,
        logger: Logger
    ) {
        self.init(
            table, address: address, certificate: certificate, maximumConnections: Self.maximumConnections,
            streams: streams, logger: logger)
    }

    init(
        _ table: RouteTable, address: HTTPAddress, certificate: TLSCertificate? = nil, maximumConnections: Int,
        streams: EventStreams? = nil, logger: Logger
    ) {
        self.table = table
        (self.address, self.certificate) = (address, certificate)
        self.maximumConnections = maximumConnections
        self.streams = streams
        self.logger = logger
    }

    /// Serves until the task is cancelled, then returns. `listening` is called with the port. Throws if the address
    /// cannot be bound.
    public func run(listening: @escaping @Sendable (Int) -> Void) async throws {
        let connections = Connections(maximum: maximumConnections, logger: logger)
        // Hummingbird logs its own cancellation as an error.
        var quiet = logger
        quiet.logLevel = .critical
        let application = Application(
            responder: table,
            server: HTTPServerBuilder { [promptRoutes = table.promptRoutes, certificate, streams] responder in
                DroppableHTTP1Channel(
                    http1: HTTP1Channel(responder: responder), certificate: certificate, connections: connections,
                    streams: streams,
                    promptRoutes: promptRoutes)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port),
                availableConnectionsDelegate: .maximum(
                    maximumConnections + Connections.closing, logger: quiet)),
            onServerRunning: { [address, certificate, logger] channel in
                // Without this handler a failed accept ends the server.
                try? await channel.eventLoop.submit {
                    try channel.pipeline.syncOperations.addHandler(AcceptFailures(logger), position: .first)
                }.get()
                let port = channel.localAddress?.port ?? address.port
                let scheme = certificate == nil ? "http" : "https"
                logger.info("listening on \(scheme)://\(HTTPAddress(host: address.host, port: port))")
                listening(port)
            }, logger: quiet)
        let sweep = connections.sweep(on: application.eventLoopGroup.any())
        defer { sweep.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await application.run()
            } onCancel: {
                streams?.end()
            }
        } catch {
            guard Task.isCancelled else { throw error }
        }
    }
}

extension HTTPServer {
    /// The maximum number of descriptors that a server needs in a process that may have `limit` open.
    public static func descriptors(limit: Int) -> Int {
        let listening = 1
        return Connections.maximum(descriptors: limit) + Connections.closing + listening
    }

    /// The number of descriptors that this process may have open (`ulimit -n`); 0 if it is unknown.
    public static var descriptorLimit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return Int(clamping: limit.rlim_cur)
    }
}
