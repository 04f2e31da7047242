import Foundation

/// A run of random inputs: `STANDING_FUZZ` of them (a test has its own default, and a greater one with `STANDING_LONG`)
/// from `STANDING_FUZZ_SEED`, so that a failure repeats. It remembers the slowest by processor time of the thread, because other tests run beside this one;
/// a time is reported and never asserted.
public struct Fuzz {
    public let name: String
    public let count: Int
    public let seed: UInt64
    private var slowest: (time: Duration, input: String) = (.zero, "")

    /// `deploy/test --long`.
    public static var isLong: Bool { ProcessInfo.processInfo.environment["STANDING_LONG"] != nil }

    public init(_ name: String, count: Int, long: Int? = nil, seed: UInt64 = 1) {
        func setting(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }
        self.name = name
        self.count = setting("STANDING_FUZZ") ?? (Self.isLong ? long ?? count : count)
        self.seed = setting("STANDING_FUZZ_SEED").map { UInt64(truncatingIfNeeded: $0) } ?? seed
    }

    /// Runs `body` on one input; `input` writes it down if it is the slowest so far.
    public mutating func run(_ input: @autoclosure () -> String, _ body: () throws -> Void) rethrows {
        let start = Self.threadTime()
        try body()
        let time = Self.threadTime() - start
        if time > slowest.time { slowest = (time, input()) }
    }

    public func report(_ more: String) {
        print(
            "\(name) fuzz: \(count) inputs, \(more); slowest \(slowest.time): \(slowest.input.prefix(400).debugDescription)"
        )
    }

    private static func threadTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
