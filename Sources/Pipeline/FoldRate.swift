internal import Synchronization

/// The number of entries that a worker folds in a second, measured in slices with enough work. It is for estimates of
/// the duration of a fold.
final class FoldRate: Sendable {
    /// When the measured time reaches this, it is halved.
    private static let window = Duration.seconds(2)
    /// A shorter time is not significant.
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

    /// Entries per second; nil before the first measurement.
    var perSecond: Double? {
        state.withLock { $0.time >= Self.least ? $0.entries / ($0.time / .seconds(1)) : nil }
    }
}
