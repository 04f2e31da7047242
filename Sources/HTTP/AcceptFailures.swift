internal import Logging
internal import NIOCore

/// Keeps a listening channel open when a connection cannot be accepted, for example because the process has no
/// descriptor left. It logs the failure and accepts again after a pause.
final class AcceptFailures: ChannelDuplexHandler {
    typealias InboundIn = Channel
    typealias OutboundIn = Never

    private static let pause = TimeAmount.milliseconds(100)
    private static let logEvery = TimeAmount.seconds(60)

    private let logger: Logger
    private var isPaused = false
    private var lastLog: NIODeadline?

    init(_ logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let now = NIODeadline.now()
        if lastLog.map({ now - $0 >= Self.logEvery }) ?? true {
            lastLog = now
            logger.error(
                "an HTTP connection cannot be accepted; raise the limit of open files (ulimit -n) if it is reached",
                metadata: ["reason": "\(error)"])
        }
        guard !isPaused else { return }
        isPaused = true
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.isPaused = false
            context.read()
        }
    }

    func read(context: ChannelHandlerContext) {
        if !isPaused { context.read() }
    }
}
