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

    private enum Phase {
        case running, stopping, over
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
                    defer { if phase == .running { phase = .stopping } }
                    return phase
                }
                if phase == .stopping { Self.leave("a second signal came before everything was stopped") }
                guard phase == .running else { return }
                queue.asyncAfter(deadline: .now() + .seconds(limit)) {
                    guard state.phase.withLock({ $0 }) == .stopping else { return }
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
