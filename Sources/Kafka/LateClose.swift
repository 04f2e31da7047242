internal import Dispatch
internal import Synchronization

/// Closes the handles of consumers without a group after their last assignment has settled. Their readers have all they
/// wanted and need not wait for it.
enum LateClose {
    /// The limit of handles that wait.
    private static let limit = 16
    private static let waiting = Mutex(0)
    private static let queue = DispatchQueue(label: "standing.kafka-close", qos: .utility)

    /// Returns false if too many handles wait already.
    static func take(_ handle: Handle, after pause: Duration, within milliseconds: Int) -> Bool {
        let hasRoom = waiting.withLock { waiting in
            guard waiting < limit else { return false }
            waiting += 1
            return true
        }
        guard hasRoom else { return false }
        queue.asyncAfter(deadline: .now() + .microseconds(Int(pause / .microseconds(1)) + 1)) {
            handle.closeConsumer(within: milliseconds)
            waiting.withLock { $0 -= 1 }
        }
        return true
    }
}
