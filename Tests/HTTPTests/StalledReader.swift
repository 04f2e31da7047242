import NIOCore
import NIOHTTP1

/// Takes no part of a body until a test says so.
final class StalledReader: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart
    private(set) var parts: [EventLoopPromise<Void>] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .body = unwrapOutboundIn(data), let promise { parts.append(promise) } else { promise?.succeed() }
    }
}
