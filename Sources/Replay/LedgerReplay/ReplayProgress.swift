internal import Synchronization

/// How far a replay is: counted by its threads, read by whoever shows it.
public final class ReplayProgress: Sendable {
    /// Offsets that there are to be read; 0: not known.
    public let total: Int64
    private let offsetsRead = Atomic<Int64>(0)
    private let entriesFolded = Atomic<Int64>(0)
    private let stopped = Atomic(false)

    public init(total: Int64 = 0) { self.total = total }

    public var offsets: Int64 { offsetsRead.load(ordering: .relaxed) }
    public var entries: Int64 { entriesFolded.load(ordering: .relaxed) }

    /// Asks every thread to end after its frame.
    public func stop() { stopped.store(true, ordering: .relaxed) }
    public var isStopped: Bool { stopped.load(ordering: .relaxed) }

    public func add(offsets: Int64, entries: Int64) {
        offsetsRead.add(offsets, ordering: .relaxed)
        entriesFolded.add(entries, ordering: .relaxed)
    }
}

/// How fast something went of late, and how long the rest will take at that speed.
public struct RateEstimate: Sendable {
    /// Seconds that are looked back.
    public static let window = 10.0
    private static let maximumSamples = 128

    private var samples: [(time: Double, done: Int64)] = []

    public init() {}

    /// `done` of the work at `time`, in seconds from anywhere; times ascend.
    public mutating func add(done: Int64, at time: Double) {
        samples.append((time, done))
        while samples.count > 2, samples[1].time <= time - Self.window || samples.count > Self.maximumSamples {
            samples.removeFirst()
        }
    }

    /// Per second; nil: not known yet.
    public var rate: Double? {
        guard let first = samples.first, let last = samples.last, last.time > first.time else { return nil }
        return Double(last.done - first.done) / (last.time - first.time)
    }

    /// Seconds until `total` is done; nil: not known, or nothing goes on.
    public func timeLeft(total: Int64) -> Double? {
        guard let rate, rate > 0, let last = samples.last, total > 0 else { return nil }
        return Double(max(0, total - last.done)) / rate
    }
}
