public import Events
internal import Foundation

/// The machine as seen by the pipeline, without the disk: clocks, random numbers, memory, and background threads. A
/// simulation replaces it.
public protocol Runtime: Sendable {
    /// A monotonic clock, independent of the wall clock.
    var now: ContinuousClock.Instant { get }
    /// Microseconds since 1970.
    var wallClock: Int64 { get }
    /// The memory of this process in bytes; nil if it is unknown.
    var residentBytes: Int64? { get }
    /// Not 0, and never repeated.
    func randomSession() -> UInt64
    /// The salt of a new ledger, which must be unpredictable. A simulated machine has none.
    func randomSalt() -> FingerprintKey
    /// Runs work that may take long, after the earlier work of the same line.
    func background(_ line: BackgroundLine, _ work: @escaping @Sendable () -> Void)
    /// Whether nothing runs by itself. A caller that waits for a line must call `stepWork`.
    var stepsWork: Bool { get }
    /// Runs `slice` instead of a thread, and then work of a line. Does nothing if there are threads.
    func stepWork(_ slice: () -> Void)
}

/// Work of one line is done in order, by a thread of its own.
public enum BackgroundLine: CaseIterable, Sendable {
    /// Syncs, snapshots and indexes, opening and closing.
    case storage
    /// Requests to the broker that are waited for.
    case broker
}

extension Runtime {
    public func randomSalt() -> FingerprintKey { .none }
    public var stepsWork: Bool { false }
    public func stepWork(_ slice: () -> Void) {}
}

/// This machine. Each instance has lines of its own.
public struct SystemRuntime: Runtime {
    private let storage = DispatchQueue(label: "standing.storage")
    private let broker = DispatchQueue(label: "standing.broker")

    public init() {}

    public var now: ContinuousClock.Instant { .now }

    public var wallClock: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }

    /// The second number of Linux's `/proc/self/statm`, which counts pages.
    public var residentBytes: Int64? {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { room in
            let count = read(file, room.baseAddress, room.count)
            let fields = room.prefix(max(0, count)).split(separator: UInt8(ascii: " "))
            guard fields.count > 1 else { return nil }
            return Int64(String(decoding: fields[1], as: UTF8.self)).map { $0 * Int64(sysconf(Int32(_SC_PAGESIZE))) }
        }
    }

    public func randomSession() -> UInt64 { UInt64.random(in: 1...UInt64.max) }

    public func randomSalt() -> FingerprintKey {
        var generator = SystemRandomNumberGenerator()
        return .random(using: &generator)
    }

    public func background(_ line: BackgroundLine, _ work: @escaping @Sendable () -> Void) {
        switch line {
        case .storage: storage.async(execute: work)
        case .broker: broker.async(execute: work)
        }
    }
}
