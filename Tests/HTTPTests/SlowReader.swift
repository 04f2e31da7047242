import NIOCore
import NIOHTTP1

/// Keeps what is written until somebody takes it.
final class SlowReader: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart
    /// Of the answers' ends.
    private(set) var ends: [EventLoopPromise<Void>] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data), let promise { ends.append(promise) } else { promise?.succeed() }
    }
}
