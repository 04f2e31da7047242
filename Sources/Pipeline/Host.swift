internal import Foundation

/// What the pipeline has of its machine, but for the disk: clocks, chance, and time for work that nobody waits for. The seam
/// at which a simulation takes the machine away.
public protocol Host: Sendable {
    /// Runs on whatever happens to the wall clock.
    var now: ContinuousClock.Instant { get }
    /// Microseconds since 1970.
    var wallClock: Int64 { get }
    /// Not 0, and never the same again.
    func randomSession() -> UInt64
    /// Runs something that may take long.
    func background(_ work: @escaping @Sendable () -> Void)
}

/// This machine.
public struct SystemHost: Host {
    public init() {}

    public var now: ContinuousClock.Instant { .now }

    public var wallClock: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }

    public func randomSession() -> UInt64 { UInt64.random(in: 1...UInt64.max) }

    public func background(_ work: @escaping @Sendable () -> Void) { DispatchQueue.global().async(execute: work) }
}
