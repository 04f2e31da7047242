internal import Synchronization

/// The progress of a replay. Its threads count, and any thread may read.
public final class ReplayProgress: Sendable {
    /// Offsets to be read; 0 if it is not known.
    public var total: Int64 { expected.load(ordering: .relaxed) }
    private let expected: Atomic<Int64>
    private let offsetsRead = Atomic<Int64>(0)
    private let entriesFolded = Atomic<Int64>(0)
    private let stopped = Atomic(false)

    public init(total: Int64 = 0) { expected = Atomic(total) }

    public var offsets: Int64 { offsetsRead.load(ordering: .relaxed) }
    public var entries: Int64 { entriesFolded.load(ordering: .relaxed) }

    /// Requests every thread to end after its current frame.
    public func stop() { stopped.store(true, ordering: .relaxed) }
    public var isStopped: Bool { stopped.load(ordering: .relaxed) }

    /// Adds to the offsets to be read, for work whose extent is known after it has begun.
    public func expect(_ offsets: Int64) { expected.add(offsets, ordering: .relaxed) }

    public func add(offsets: Int64, entries: Int64) {
        offsetsRead.add(offsets, ordering: .relaxed)
        entriesFolded.add(entries, ordering: .relaxed)
    }
}

/// The recent rate of some work, and the remaining time at that rate.
public struct RateEstimate: Sendable {
    /// The window of the rate, in seconds.
    public static let window = 10.0
    private static let maximumSamples = 128

    private var samples: [(time: Double, done: Int64)] = []

    public init() {}

    /// Adds that `done` of the work was done at `time`, in seconds from any origin. Times must ascend.
    public mutating func add(done: Int64, at time: Double) {
        samples.append((time, done))
        while samples.count > 2, samples[1].time <= time - Self.window || samples.count > Self.maximumSamples {
            samples.removeFirst()
        }
    }

    /// Per second; nil if it is not known yet.
    public var rate: Double? {
        guard let first = samples.first, let last = samples.last, last.time > first.time else { return nil }
        return Double(last.done - first.done) / (last.time - first.time)
    }

    /// Seconds until `total` is done; nil if it is not known, or if there is no progress.
    public func timeLeft(total: Int64) -> Double? {
        guard let rate, rate > 0, let last = samples.last, total > 0 else { return nil }
        return Double(max(0, total - last.done)) / rate
    }
}
