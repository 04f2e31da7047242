internal import Synchronization

/// How many entries a worker folds in a second, measured where it has more to do than a slice takes: what says how long a
/// history would take.
final class FoldRate: Sendable {
    /// What was measured counts half once there is so much of it.
    private static let window = Duration.seconds(2)
    /// Less than this says nothing.
    private static let least = Duration.milliseconds(100)

    private struct State {
        var entries = 0.0
        var time = Duration.zero
    }

    private let state = Mutex(State())

    func add(entries: Int64, in time: Duration) {
        guard entries > 0, time > .zero else { return }
        state.withLock { state in
            if state.time > Self.window { (state.entries, state.time) = (state.entries / 2, state.time / 2) }
            state.entries += Double(entries)
            state.time += time
        }
    }

    /// Entries a second; nil before it was measured.
    var perSecond: Double? {
        state.withLock { $0.time >= Self.least ? $0.entries / ($0.time / .seconds(1)) : nil }
    }
}
