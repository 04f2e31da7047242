internal import Foundation

/// The clocks of access control.
struct AccessClock: Sendable {
    /// Seconds since 1970.
    let wall: @Sendable () -> Double
    /// Nanoseconds of a monotonic clock.
    let steady: @Sendable () -> Int64

    static let system = AccessClock(
        wall: { Date().timeIntervalSince1970 },
        steady: { Int64(clamping: DispatchTime.now().uptimeNanoseconds) })

    var seconds: Int64 { Int64(wall()) }
}
