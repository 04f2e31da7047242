internal import Dispatch
internal import Foundation
internal import Synchronization

/// Looks at a cluster again and again, on a thread of its own, and keeps the last report and a bounded history.
///
/// A look that fails leaves the report before it, which is then not current: what it says may still be shown, with its age, but is
/// exposed as no metric.
public final class LagWatch: Sendable {
    /// Takes a look at a time in milliseconds since 1970; used by one thread, and blocks it.
    public typealias Look = (Int64) throws -> LagReport

    public struct State: Sendable {
        /// The last one; nil before the first.
        public fileprivate(set) var report: LagReport?
        /// Why the last look brought none; nil if it did.
        public fileprivate(set) var failure: String?
        fileprivate var reportedAt: ContinuousClock.Instant?
        fileprivate var longestAge = Duration.zero

        /// Since the last report, in seconds; nil without one.
        public var age: Double? { reportedAt.map { (ContinuousClock.now - $0) / .seconds(1) } }

        /// The report says how things are now.
        public var isCurrent: Bool {
            failure == nil && (reportedAt.map { ContinuousClock.now - $0 <= longestAge } ?? false)
        }
    }

    /// A look takes up to some ten seconds, and longer where brokers hang.
    private static let looksTake = Duration.seconds(30)
    private static let stackBytes = 4 << 20

    private let interval: Duration
    /// Without anybody who asks for so long, it rests; nil: it never does.
    private let restsAfter: Duration?
    private let makeLook: @Sendable () throws -> Look
    private let state = Mutex(State())
    private let history: Mutex<LagHistory>
    private let life = Mutex(Life())
    private let wake = DispatchSemaphore(value: 0)

    private struct Life {
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

    /// Begins, or goes on, to look; what is known now.
    @discardableResult public func ask() -> State {
        let isNew = life.withLock { life in
            life.askedAt = .now
            if life.isResting {
                life.isResting = false
                wake.signal()
            }
            defer { life.isStarted = true }
            return !life.isStarted && !life.isStopped
        }
        if isNew {
            let thread = Thread { [self] in run() }
            thread.stackSize = Self.stackBytes
            thread.name = "lag"
            thread.start()
        }
        return state.withLock { $0 }
    }

    /// The same, once there is a report or a failure, for at most `limit`.
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

    /// Of several groups, in their order.
    public func points(of groups: [String]) -> [[LagHistory.Point]] {
        history.withLock { history in groups.map { history[$0] } }
    }

    /// Ends after the look that is under way.
    public func stop() {
        life.withLock { $0.isStopped = true }
        wake.signal()
    }

    private var isStopped: Bool { life.withLock { $0.isStopped } }

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

    /// Until then, or until somebody asks if nobody did for long, or until it is stopped.
    private func pause(until end: ContinuousClock.Instant) {
        while !isStopped {
            let rests = life.withLock { life in
                guard let restsAfter, ContinuousClock.now - life.askedAt > restsAfter else { return false }
                life.isResting = true
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
