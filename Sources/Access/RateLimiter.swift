internal import Synchronization

/// Token buckets, one per caller, as one number each (the generic cell rate algorithm): the time at which the bucket
/// will be full again. There is no timer. Times are arguments, in nanoseconds of a monotonic clock.
public final class RateLimiter: Sendable {
    private struct State {
        var full: [String: Int64] = [:]
        /// The bucket of all callers for whom the table has no room.
        var fullOfOthers: Int64 = .min
        var nextSweep: Int64 = .min
    }

    /// The number of callers in the table. A caller with a full bucket needs no entry.
    static let maximumCallers = 65_536
    /// The table is searched for full buckets at most once in this time.
    private static let sweepInterval: Int64 = 1_000_000_000

    private let interval, depth: Int64
    private let maximumCallers: Int
    private let state = Mutex(State())

    /// `perSecond`: requests per second. `burst`: requests at once after a rest.
    public convenience init(perSecond: Double, burst: Int) {
        self.init(perSecond: perSecond, burst: burst, maximumCallers: Self.maximumCallers)
    }

    init(perSecond: Double, burst: Int, maximumCallers: Int) {
        interval = max(1, Int64(1e9 / perSecond))
        depth = interval * Int64(max(1, burst))
        self.maximumCallers = maximumCallers
    }

    /// Takes one request from the caller's bucket. Returns nil if it had one, otherwise the seconds after which it will have one.
    public func take(_ caller: String, at now: Int64) -> Int? {
        state.withLock { state in
            if let full = state.full[caller] {
                let (next, wait) = step(full, now)
                state.full[caller] = next
                return wait
            }
            if state.full.count >= maximumCallers { sweep(&state, now) }
            guard state.full.count < maximumCallers else {
                let (next, wait) = step(state.fullOfOthers, now)
                state.fullOfOthers = next
                return wait
            }
            state.full[caller] = now + interval
            return nil
        }
    }

    /// Whether the bucket has a request, without taking it: nil if so, otherwise the seconds.
    public func wait(_ caller: String, at now: Int64) -> Int? {
        state.withLock { step($0.full[caller] ?? now, now).wait }
    }

    /// Fills the caller's bucket.
    public func forget(_ caller: String) { state.withLock { $0.full[caller] = nil } }

    private func step(_ full: Int64, _ now: Int64) -> (full: Int64, wait: Int?) {
        let next = max(full, now) + interval
        guard next - now > depth else { return (next, nil) }
        let seconds = (next - now - depth + 999_999_999) / 1_000_000_000
        return (full, Int(max(1, seconds)))
    }

    private func sweep(_ state: inout State, _ now: Int64) {
        guard now >= state.nextSweep else { return }
        state.nextSweep = now + Self.sweepInterval
        state.full = state.full.filter { $0.value > now }
    }
}
