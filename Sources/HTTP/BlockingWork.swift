internal import Foundation
internal import Synchronization

/// Runs what reads the disk or waits for a lock in a few threads of its own, so that it never holds up what only answers.
public final class BlockingWork: Sendable {
    /// As much as is allowed is under way or waiting.
    public struct Busy: Error {}

    private let queue: OperationQueue
    private let maximum: Int
    private let inHand = Mutex(0)

    /// `threads` run at once, and `waiting` more may wait for them.
    public init(threads: Int, waiting: Int) {
        queue = OperationQueue()
        queue.maxConcurrentOperationCount = threads
        maximum = threads + waiting
    }

    /// Bodies that run or wait.
    var count: Int { inHand.withLock { $0 } }

    /// Throws `Busy` at once if there is no room, and what `body` throws.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let hasRoom = inHand.withLock { count in
            guard count < maximum else { return false }
            count += 1
            return true
        }
        guard hasRoom else { throw Busy() }
        defer { inHand.withLock { $0 -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            queue.addOperation { continuation.resume(with: Result { try body() }) }
        }
    }
}
