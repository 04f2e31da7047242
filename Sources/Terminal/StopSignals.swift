internal import Dispatch
internal import Foundation

/// Calls back on SIGTERM and SIGINT instead of ending the process.
public final class StopSignals: @unchecked Sendable {
    private let sources: [any DispatchSourceSignal]

    public init(_ body: @escaping @Sendable () -> Void) {
        // Whoever reads a pipe of ours may go.
        signal(SIGPIPE, SIG_IGN)
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: body)
            source.resume()
            return source
        }
    }

    public func cancel() { for source in sources { source.cancel() } }
}
