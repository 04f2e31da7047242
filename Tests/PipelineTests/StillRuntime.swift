import Pipeline
import Synchronization

/// A machine whose clocks and memory are what a test says.
final class StillRuntime: Runtime {
    private struct State {
        var now = ContinuousClock.now
        var wall: Int64 = 1_767_225_600_000_000
        var resident: Int64 = 0
        var sessions: UInt64 = 0
    }

    private let state = Mutex(State())

    var now: ContinuousClock.Instant { state.withLock { $0.now } }
    var wallClock: Int64 { state.withLock { $0.wall } }
    var residentBytes: Int64? {
        get { state.withLock { $0.resident } }
        set { state.withLock { $0.resident = newValue ?? 0 } }
    }

    func randomSession() -> UInt64 {
        state.withLock { state in
            state.sessions += 1
            return state.sessions
        }
    }
    func background(_ line: BackgroundLine, _ work: @escaping @Sendable () -> Void) { work() }

    func pass(seconds: Int64) { pass(.seconds(seconds)) }

    func pass(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        state.withLock { state in
            state.now += time
            state.wall += seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        }
    }

    func step(hours: Int64) { state.withLock { $0.wall += hours * 3_600_000_000 } }
}
