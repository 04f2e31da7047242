import Pipeline
import Synchronization

/// A machine whose clocks and memory are what a test says.
final class StillHost: Host {
    private struct State {
        var now = ContinuousClock.now
        var wall: Int64 = 1_767_225_600_000_000
        var resident: Int64 = 0
    }

    private let state = Mutex(State())

    var now: ContinuousClock.Instant { state.withLock { $0.now } }
    var wallClock: Int64 { state.withLock { $0.wall } }
    var residentBytes: Int64? {
        get { state.withLock { $0.resident } }
        set { state.withLock { $0.resident = newValue ?? 0 } }
    }

    func randomSession() -> UInt64 { 1 }
    func background(_ work: @escaping @Sendable () -> Void) { work() }

    func pass(seconds: Int64) {
        state.withLock { state in
            state.now += .seconds(seconds)
            state.wall += seconds * 1_000_000
        }
    }

    func step(hours: Int64) { state.withLock { $0.wall += hours * 3_600_000_000 } }
}
