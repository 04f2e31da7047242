internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NIOSSL
internal import Synchronization

/// HTTP/1 connections that may be dropped before they are served, for example if the server stops while it accepts
/// one. NIO traps if an async channel is released that nobody has finished.
struct DroppableHTTP1Channel: ServerChildChannel {
    final class Value: ServerChildChannelValue {
        private let connection: HTTP1Channel.Value
        private let isServed = Atomic(false)

        init(_ connection: HTTP1Channel.Value) { self.connection = connection }

        deinit {
            guard !isServed.load(ordering: .relaxed) else { return }
            let connection = connection
            Task { try? await connection.executeThenClose { _, _ in } }
        }

        var channel: any Channel { connection.channel }

        fileprivate func serve(_ body: (HTTP1Channel.Value) async -> Void) async {
            isServed.store(true, ordering: .relaxed)
            await body(connection)
        }
    }

    let http1: HTTP1Channel
    /// Nil if there is no TLS.
    let certificate: TLSCertificate?
    let connections: Connections
    let streams: EventStreams?
    let promptRoutes: [PromptRoute]

    /// Bytes pass TLS first, if there is TLS. Requests pass the timeouts first, then the prompt answers, and then the router's handlers.
    /// A client that is slow in the handshake of TLS is idle for the timeouts.
    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        if let certificate {
            do {
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: certificate.context))
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
        return http1.setup(channel: channel, logger: logger).flatMapThrowing { connection in
            let value = Value(connection)
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            var handlers: [any ChannelHandler] = [ConnectionTimeouts(connections, streams: streams)]
            if !promptRoutes.isEmpty { handlers.append(PromptAnswers(promptRoutes)) }
            try pipeline.addHandlers(handlers, position: .after(decoder))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async {
        await value.serve { await http1.handle(value: $0, logger: logger) }
    }
}
