internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// Reports to `Connections` what its connection waits for. A client that sends its head byte by byte is idle until
/// the head is complete.
final class ConnectionTimeouts: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let connections: Connections
    /// Nil before the handler has a channel and after the channel is closed.
    private var connection: Connection?
    private var phase = ConnectionPhase.idle
    /// The number of requests whose head has arrived, and of those whose end has arrived.
    private var (heads, ends) = (0, 0)
    /// The number of answers whose head is written, and of those that the client's machine has to the end.
    private var (begun, taken) = (0, 0)

    init(_ connections: Connections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        connection = connections.open(at: context.eventLoop.now, on: context.eventLoop) {
            let pipeline = channel.pipeline.syncOperations
            if let tls = try? pipeline.context(handlerType: NIOSSLServerHandler.self) {
                // Before TLS, which would wait for the client's farewell.
                tls.close(promise: nil)
            } else {
                channel.close(mode: .all, promise: nil)
            }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: heads += 1
        case .body: break
        case .end: ends += 1
        }
        update(context.eventLoop)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            // 100 Continue is not the final answer.
            if head.status.code >= 200 { begun += 1 }
            update(context.eventLoop)
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            let eventLoop = context.eventLoop
            let written = promise ?? eventLoop.makePromise()
            written.futureResult.assumeIsolated().whenComplete { _ in
                self.taken += 1
                self.update(eventLoop, isNextAnswer: true)
            }
            context.write(data, promise: written)
        }
    }

    /// `isNextAnswer`: the client has received an answer. Each answer that is written has the full time limit.
    private func update(_ eventLoop: any EventLoop, isNextAnswer: Bool = false) {
        let next: ConnectionPhase =
            if taken < begun {
                .writing
            } else if ends < heads {
                .readingBody
            } else if taken < heads {
                .answering
            } else {
                .idle
            }
        guard next != phase || isNextAnswer && next == .writing, let connection else { return }
        phase = next
        connection.enter(next, at: eventLoop.now)
    }

    private func end() {
        if let connection { connections.closed(connection) }
        connection = nil
    }
}
