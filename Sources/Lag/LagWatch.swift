internal import Dispatch
internal import Foundation
internal import Synchronization

/// Looks at a cluster repeatedly, on a thread of its own, and stores the last report and a limited history.
///
/// After a look that fails the report before it remains, but is not current. It may be shown with its age, but is not
/// exposed as metrics.
public final class LagWatch: Sendable {
    /// Takes a look at a time in milliseconds since 1970. Only one thread uses it, and it blocks.
    public typealias Look = (Int64) throws -> LagReport

    public struct State: Sendable {
        /// The last report; nil before the first.
        public fileprivate(set) var report: LagReport?
        /// The failure of the last look; nil if it succeeded.
        public fileprivate(set) var failure: String?
        fileprivate var reportedAt: ContinuousClock.Instant?
        fileprivate var longestAge = Duration.zero

        /// The time since the last report, in seconds; nil without one.
        public var age: Double? { reportedAt.map { (ContinuousClock.now - $0) / .seconds(1) } }

        /// Whether the report is recent enough to show the present.
        public var isCurrent: Bool {
            failure == nil && (reportedAt.map { ContinuousClock.now - $0 <= longestAge } ?? false)
        }
    }

    /// A look takes up to about ten seconds, and longer if brokers hang.
    private static let looksTake = Duration.seconds(30)
    private static let stackBytes = 4 << 20

    private let interval: Duration
    /// Without requests for this long it is idle; nil if it never is.
    private let restsAfter: Duration?
    private let makeLook: @Sendable () throws -> Look
    private let state = Mutex(State())
    private let history: Mutex<LagHistory>
    private let activity = Mutex(Activity())
    private let wake = DispatchSemaphore(value: 0)

    private struct Activity {
        var isStarted = false
        var isStopped = false
        var isResting = false
        var askedAt = ContinuousClock.now
    }

    /// `makeLook` is called on the watch's thread, again after each failure of its own.
    public init(
        interval: Duration, restsAfter: Duration? = nil, history: LagHistory,
        makeLook: @escaping @Sendable () throws -> Look
    ) {
        (self.interval, self.restsAfter, self.makeLook) = (interval, restsAfter, makeLook)
        self.history = Mutex(history)
    }

    /// Starts or continues to look. Returns the present state.
    @discardableResult public func ask() -> State {
        let isNew = activity.withLock { activity in
            activity.askedAt = .now
            if activity.isResting {
                activity.isResting = false
                wake.signal()
            }
            defer { activity.isStarted = true }
            return !activity.isStarted && !activity.isStopped
        }
        if isNew {
            let thread = Thread { [self] in run() }
            thread.stackSize = Self.stackBytes
            thread.name = "lag"
            thread.start()
        }
        return state.withLock { $0 }
    }

    /// The same, after there is a report or a failure, or after `limit`.
    public func ask(within limit: Duration) async throws -> State {
        let deadline = ContinuousClock.now + limit
        while true {
            let state = ask()
            if state.isCurrent || state.failure != nil || ContinuousClock.now >= deadline { return state }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Oldest first.
    public func points(of group: String) -> [LagHistory.Point] { history.withLock { $0[group] } }

    /// The points of several groups, in their order.
    public func points(of groups: [String]) -> [[LagHistory.Point]] {
        history.withLock { history in groups.map { history[$0] } }
    }

    /// Ends after the look in progress.
    public func stop() {
        activity.withLock { $0.isStopped = true }
        wake.signal()
    }

    private var isStopped: Bool { activity.withLock { $0.isStopped } }

    private func run() {
        var look: Look?
        while !isStopped {
            let start = ContinuousClock.now
            do {
                let taken = try look ?? makeLook()
                look = taken
                let report = try taken(Int64(Date().timeIntervalSince1970 * 1000))
                history.withLock { $0.note(report) }
                state.withLock { state in
                    (state.report, state.failure, state.reportedAt) = (report, nil, .now)
                    state.longestAge = interval * 2 + Self.looksTake
                }
            } catch {
                state.withLock { $0.failure = "\(error)" }
            }
            pause(until: start + interval)
        }
    }

    /// Waits until `end`; if the watch is idle, until a request; or until it is stopped.
    private func pause(until end: ContinuousClock.Instant) {
        while !isStopped {
            let rests = activity.withLock { activity in
                guard let restsAfter, ContinuousClock.now - activity.askedAt > restsAfter else { return false }
                activity.isResting = true
                return true
            }
            if rests {
                wake.wait()
                return
            }
            let left = end - .now
            guard left > .zero else { return }
            _ = wake.wait(timeout: .now() + left / .seconds(1))
        }
    }
}
