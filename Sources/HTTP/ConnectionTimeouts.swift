internal import HTTPTypes
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

    /// How much of a stream may wait in this process for its client; NIO's own mark is four times as much.
    private static let streamWaterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 4 << 10, high: 16 << 10)

    private let connections: Connections
    private let streams: EventStreams?
    /// Nil before the handler has a channel and after the channel is closed.
    private var connection: Connection?
    private var phase = ConnectionPhase.idle
    /// The number of requests whose head has arrived, and of those whose end has arrived.
    private var (heads, ends) = (0, 0)
    /// The number of answers whose head is written, and of those that the client's machine has to the end.
    private var (begun, taken) = (0, 0)

    /// The number of the stream of events that is being written, and its parts that the client's machine does not have yet.
    private var stream: (number: Int, pending: Int)?

    init(_ connections: Connections, streams: EventStreams? = nil) {
        (self.connections, self.streams) = (connections, streams)
    }

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

    /// A client that sends nothing more has left its stream.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { endStream() }
        context.fireUserInboundEventTriggered(event)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            // 100 Continue is not the final answer.
            if head.status.code >= 200 { begun += 1 }
            if let streams, let number = head.takeStreamNumber() {
                stream = (number, 0)
                try? context.channel.syncOptions?.setOption(.writeBufferWaterMark, value: Self.streamWaterMark)
                if !context.channel.isActive { streams.closed(number) }
            }
            update(context.eventLoop)
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body where stream != nil:
            let eventLoop = context.eventLoop
            let written = promise ?? eventLoop.makePromise()
            stream?.pending += 1
            update(eventLoop)
            written.futureResult.assumeIsolated().whenComplete { _ in
                self.stream?.pending -= 1
                self.update(eventLoop, isNextAnswer: true)
            }
            context.write(data, promise: written)
        case .body: context.write(data, promise: promise)
        case .end:
            let eventLoop = context.eventLoop
            let written = promise ?? eventLoop.makePromise()
            stream = nil
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
                stream?.pending == 0 ? .streaming : .writing
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

    private func endStream() {
        if let stream { streams?.closed(stream.number) }
    }

    private func end() {
        endStream()
        if let connection { connections.closed(connection) }
        connection = nil
    }
}

extension HTTPResponseHead {
    /// Takes out the number of the stream of events that the answer is; nil for any other answer.
    fileprivate mutating func takeStreamNumber() -> Int? {
        guard let number = headers.first(name: EventStreams.numberName.rawName).flatMap({ Int($0) }) else { return nil }
        headers.remove(name: EventStreams.numberName.rawName)
        return number
    }
}
