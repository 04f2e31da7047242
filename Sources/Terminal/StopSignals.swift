internal import ArgumentParser
internal import Dispatch
internal import Foundation
internal import Synchronization

/// Calls back on the first SIGTERM or SIGINT instead of ending the process. A second one ends the process at once, and so does
/// the end of the limit. That loses nothing, because every command may be killed at any time.
public final class StopSignals: Sendable {
    /// Seconds that a command may take to stop.
    public enum Limit {
        /// Less than the 30 seconds that Kubernetes gives to a pod by default.
        public static let standard = 25
        /// A member writes snapshots first. The files in deploy/ give it at least 120 seconds.
        public static let member = 110
    }

    /// The same signal once more so soon is the first one: `timeout` sends it to a command and to its group.
    private static let echo = Duration.milliseconds(500)

    private enum Phase {
        case running
        case stopping(signal: Int32, since: ContinuousClock.Instant)
        case over
    }

    private final class State: Sendable {
        let phase = Mutex(Phase.running)
    }

    private let state = State()
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    /// `limit`: in seconds.
    public init(limit: Int = Limit.standard, _ body: @escaping @Sendable () -> Void) {
        // A queue of its own runs even if a command that hangs has taken every thread of the global ones.
        let queue = DispatchQueue(label: "stop-signals")
        let state = state
        // A reader that closes its pipe must not end the process.
        signal(SIGPIPE, SIG_IGN)
        sources = [SIGTERM, SIGINT].map { number in
            // The source's handler must come last. Ignored after it, the signal would never arrive.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                let phase = state.phase.withLock { phase in
                    defer { if case .running = phase { phase = .stopping(signal: number, since: .now) } }
                    return phase
                }
                switch phase {
                case .running: break
                case .stopping(let first, let since) where first != number || .now - since >= Self.echo:
                    Self.leave("a second signal came before everything was stopped")
                case .stopping, .over: return
                }
                queue.asyncAfter(deadline: .now() + .seconds(limit)) {
                    guard case .stopping = state.phase.withLock({ $0 }) else { return }
                    Self.leave("not everything was stopped within \(limit) s")
                }
                DispatchQueue.global().async(execute: body)
            }
            source.resume()
            return source
        }
    }

    private static func leave(_ reason: String) -> Never {
        printMessage("error: \(reason): ended without waiting any longer; nothing that was acknowledged is lost")
        _exit(Exit.failed.rawValue)
    }

    /// Everything is stopped: neither a signal nor the limit counts any more.
    public func cancel() {
        state.phase.withLock { $0 = .over }
        for source in sources { source.cancel() }
    }
}
