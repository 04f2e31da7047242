internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1

/// A path whose answers need no waiting, at least in most cases.
struct PromptRoute: Sendable {
    /// The path before its last segment, with the `/`.
    let prefix: String
    /// Gets that segment as it arrived. Nil leaves the answer to the router. It is called on an event loop, so it
    /// must not block.
    let answer: @Sendable (_ segment: Substring) -> Answer?
    /// Whether the request may be answered at once. False leaves the decision to the router.
    var admits: @Sendable (_ segment: Substring, _ fields: PromptFields, _ peer: Peer) -> Bool = { _, _, _ in true }

    /// The last segment of a path without a query; nil if the path is another one or is written in an unusual way.
    func segment(of path: String) -> Substring? {
        guard path.utf8.starts(with: prefix.utf8) else { return nil }
        let segment = path[path.utf8.index(path.utf8.startIndex, offsetBy: prefix.utf8.count)...]
        let isPlain = segment.utf8.allSatisfy { byte in
            (0x21..<0x7F).contains(byte) && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "?")
                && byte != UInt8(ascii: "#")
        }
        return isPlain && !segment.isEmpty ? segment : nil
    }
}

/// Answers requests of `PromptRoute`s on the connection's event loop. The way to the router's task and back takes
/// longer than such an answer.
///
/// An answer from here equals the router's answer byte for byte. Other requests pass through unchanged: those with a
/// method other than `GET` and `HEAD`, those with a body or a condition, those after which the connection ends, those whose
/// caller is not admitted at once, and those that their route does not answer.
///
/// - Order: a request is answered here only if every earlier request of the connection has been answered.
/// - Memory: a request is answered here only while the channel accepts more. Otherwise the router's task waits until
/// the client reads.
/// - End: the router's task is informed that the client sends nothing more only after the answers from here are sent,
///   because it may then close the connection.
final class PromptAnswers: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let routes: [PromptRoute]
    /// Nil before the first request: the address is known once the channel is active.
    private var peer: Peer?
    /// The head of a request, which is withheld until the request ends, and what decides about it.
    private var (head, fields): (HTTPRequestHead?, PromptFields) = (nil, PromptFields())
    /// The number of requests that passed through and whose answers have not ended.
    private var underWay = 0
    /// True after a request has passed through after which the connection ends.
    private var isLast = false
    private var isFlushDue = false
    /// Completed when the client's machine has the last answer from here, and so all earlier ones. Nil before the
    /// first.
    private var lastSent: EventLoopFuture<Void>?
    private var date = HTTPDate()

    init(_ routes: [PromptRoute]) { self.routes = routes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            fields = PromptFields(head.headers)
            if mayBeAnswered(head, context.channel) { self.head = head } else { letThrough(head, context) }
        case .body:
            if let head = head.take() { letThrough(head, context) }
            context.fireChannelRead(data)
        case .end:
            if let head = head.take() {
                if let answer = answer(to: head, context) { return write(answer, to: head, context) }
                letThrough(head, context)
            }
            context.fireChannelRead(data)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isFlushDue {
            isFlushDue = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let lastSent, event as? ChannelEvent == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        lastSent.assumeIsolated().whenComplete { _ in context.fireUserInboundEventTriggered(event) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { underWay -= 1 }
        context.write(data, promise: promise)
    }

    private func mayBeAnswered(_ head: HTTPRequestHead, _ channel: any Channel) -> Bool {
        underWay == 0 && !isLast && (head.method == .GET || head.method == .HEAD) && head.version == .http1_1
            && head.isKeepAlive && fields.isPlain && channel.isWritable
    }

    private func letThrough(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        underWay += 1
        if !head.isKeepAlive { isLast = true }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    private func answer(to head: HTTPRequestHead, _ context: ChannelHandlerContext) -> Answer? {
        for route in routes {
            if let segment = route.segment(of: head.uri) {
                let peer = peer ?? Peer(context.remoteAddress)
                self.peer = peer
                return route.admits(segment, fields, peer) ? route.answer(segment) : nil
            }
        }
        return nil
    }

    private func write(_ answer: Answer, to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders()
        headers.reserveCapacity(answer.fields.count + 1)
        for field in answer.fields { headers.add(name: field.name.rawName, value: field.value) }
        headers.add(name: HTTPField.Name.date.rawName, value: date.now())
        let status = HTTPResponseStatus(
            statusCode: answer.status.code, reasonPhrase: answer.status.reasonPhrase)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil) }
        let sent = context.eventLoop.makePromise(of: Void.self)
        lastSent = sent.futureResult
        context.write(wrapOutboundOut(.end(nil)), promise: sent)
        isFlushDue = true
    }
}
