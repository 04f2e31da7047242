internal import Dispatch
internal import Foundation
internal import Synchronization

/// Runs work that reads the disk or waits for a lock in a few threads of its own. Such work never delays requests
/// that need neither: Swift's executor and Dispatch's pool have no spare thread for each waiting job.
public final class BlockingWork: Sendable {
    /// The maximum of jobs is running or waiting.
    public struct Busy: Error {
        public init() {}
    }

    private typealias Job = @Sendable () -> Void

    private struct State {
        var waiting: [Job] = []
        /// The threads that exist, and those of them that wait for a job. A thread that has been woken is no longer
        /// idle.
        var (threads, idle) = (0, 0)
        /// Jobs that run or wait.
        var jobs = 0
    }

    private static let stackBytes = 4 << 20
    /// A thread without a job ends after this time.
    private static let idleSeconds = 10

    private let threads: Int
    /// The maximum of jobs that run or wait.
    public let maximum: Int
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// At most `threads` jobs run at a time, and at most `maximum` run or wait.
    public init(threads: Int, maximum: Int) {
        (self.threads, self.maximum) = (threads, max(1, maximum))
    }

    /// The number of jobs that run or wait.
    public var count: Int { state.withLock { $0.jobs } }

    /// Throws `Busy` at once if there is no room, and otherwise what `body` throws.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try reserve()
        defer { state.withLock { $0.jobs -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            start { continuation.resume(with: Result { try body() }) }
        }
    }

    private func reserve() throws {
        try state.withLock { state in
            guard state.jobs < maximum else { throw Busy() }
            state.jobs += 1
        }
    }

    private func start(_ job: @escaping Job) {
        let isNewThreadNeeded = state.withLock { state in
            state.waiting.append(job)
            if state.idle > 0 {
                state.idle -= 1
                wake.signal()
                return false
            }
            guard state.threads < threads else { return false }
            state.threads += 1
            return true
        }
        guard isNewThreadNeeded else { return }
        let thread = Thread { [self] in work() }
        thread.stackSize = Self.stackBytes
        thread.start()
    }

    private func work() {
        while true {
            let job = state.withLock { state -> Job? in
                guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
                state.idle += 1
                return nil
            }
            if let job {
                job()
            } else if wake.wait(timeout: .now() + .seconds(Self.idleSeconds)) == .timedOut {
                let isOver = state.withLock { state in
                    // No thread is idle, so this one has been woken since.
                    guard state.idle > 0 else { return false }
                    (state.idle, state.threads) = (state.idle - 1, state.threads - 1)
                    return true
                }
                if isOver { return }
                wake.wait()
            }
        }
    }
}
