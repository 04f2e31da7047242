internal import Dispatch
internal import Synchronization

/// Closes the handles of consumers without a group after their last assignment has settled. Their readers have all they
/// wanted and need not wait for it.
enum LateClose {
    /// The limit of handles that wait.
    static let limit = 4
    private static let waiting = Mutex(0)
    private static let queue = DispatchQueue(label: "standing.kafka-close", qos: .utility)
    private static let all = DispatchGroup()

    /// Owns the handle until it is closed. Only `queue` uses it.
    private final class Owner: @unchecked Sendable {
        var handle: Handle?
        init(_ handle: Handle) { self.handle = handle }
    }

    /// Returns false if too many handles wait already.
    static func take(_ handle: Handle, after pause: Duration, within milliseconds: Int) -> Bool {
        let hasRoom = waiting.withLock { waiting in
            guard waiting < limit else { return false }
            waiting += 1
            return true
        }
        guard hasRoom else { return false }
        let owner = Owner(handle)
        all.enter()
        queue.asyncAfter(deadline: .now() + .microseconds(Int(pause / .microseconds(1)) + 1)) {
            owner.handle?.closeConsumer(within: milliseconds)
            owner.handle = nil
            waiting.withLock { $0 -= 1 }
            all.leave()
        }
        return true
    }

    /// Returns false if a handle is still not closed after this time.
    static func finish(within limit: Duration) -> Bool {
        all.wait(timeout: .now() + .milliseconds(Int(limit / .milliseconds(1)))) == .success
    }
}

extension Consumer {
    /// The greatest number of clients of consumers that were closed and whose threads have not ended.
    public static let maximumClosing = LateClose.limit

    /// How long the end of a process waits for them.
    private static let closingLimit = Duration.seconds(2)

    /// Waits until the threads of all closed consumers have ended, for a limited time. To be called before the process
    /// ends, because the library's threads must not run while the C library takes down what they use. Returns false if
    /// some have not ended.
    @discardableResult public static func finishClosing() -> Bool { LateClose.finish(within: closingLimit) }
}
