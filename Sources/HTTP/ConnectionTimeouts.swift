internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// Closes a connection whose phase lasts too long, and tells `Connections` its phase. A client that sends its head byte by
/// byte is idle until the head is complete.
final class ConnectionTimeouts: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let connections: Connections
    private var number: Int?
    private var phase = ConnectionPhase.idle
    private var deadline: Scheduled<Void>?
    /// Requests whose heads, whose ends, and whose answers' ends have passed.
    private var (heads, ends, answers) = (0, 0, 0)
    private var isWriting = false

    init(_ connections: Connections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        number = connections.open(at: .now()) { channel.close(mode: .all, promise: nil) }
        startDeadline(context)
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
        update(context)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            // 100 Continue is not the answer yet.
            isWriting = head.status.kind != .informational
            update(context)
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            let written = promise ?? context.eventLoop.makePromise()
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            written.futureResult.whenComplete { _ in
                let (handler, context) = bound.value
                handler.answers += 1
                handler.isWriting = false
                handler.update(context)
            }
            context.write(data, promise: written)
        }
    }

    private func update(_ context: ChannelHandlerContext) {
        let next: ConnectionPhase =
            if isWriting { .writing } else if ends < heads { .readingBody } else if answers < heads { .answering } else
            { .idle }
        guard next != phase, let number else { return }
        phase = next
        connections.enter(next, number, at: .now())
        startDeadline(context)
    }

    private func startDeadline(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = phase.limit.map { limit in
            context.eventLoop.assumeIsolated().scheduleTask(in: limit) { context.close(mode: .all, promise: nil) }
        }
    }

    private func end() {
        deadline?.cancel()
        deadline = nil
        if let number { connections.closed(number) }
        number = nil
    }
}
