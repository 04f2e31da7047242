internal import Dispatch
internal import Synchronization

/// Compares passwords in a few threads of its own. Each comparison takes a core and much memory for a quarter of a
/// second.
final class PasswordWork: Sendable {
    /// The number of comparisons at a time. Each takes 32 MiB.
    static let threads = 2
    /// The number of comparisons that run or wait. More are refused at once.
    static let maximum = 16

    private let queues = (0..<threads).map { DispatchQueue(label: "standing.passwords.\($0)") }
    private let state = Mutex((jobs: 0, next: 0))

    /// Nil if there is no room.
    func run(_ body: @escaping @Sendable () -> Bool) async -> Bool? {
        let queue = state.withLock { state -> DispatchQueue? in
            guard state.jobs < Self.maximum else { return nil }
            state.jobs += 1
            state.next = (state.next + 1) % Self.threads
            return queues[state.next]
        }
        guard let queue else { return nil }
        defer { state.withLock { $0.jobs -= 1 } }
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: body()) }
        }
    }
}
