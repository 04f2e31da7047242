import Foundation

/// A thread for one kind of call that may take long. It makes one call for all the requests since the last call. It
/// starts at the first request.
final class SideThread: @unchecked Sendable {
    private let name: String
    private let condition = NSCondition()
    // Guarded by `condition`.
    /// Nil after the thread has stopped.
    private var work: (() -> Void)?
    private var isWanted = false
    private var isRunning = false

    init(_ name: String, _ work: @escaping () -> Void) { (self.name, self.work) = (name, work) }

    /// Requests a call. Returns at once.
    func wake() {
        condition.withLock {
            guard work != nil else { return }
            isWanted = true
            if isRunning { condition.signal() } else { start() }
        }
    }

    /// Returns after the last call has ended.
    func stop() {
        condition.withLock {
            work = nil
            condition.broadcast()
            while isRunning { condition.wait() }
        }
    }

    private func start() {
        isRunning = true
        let thread = Thread { [self] in
            while let work = next() { work() }
            condition.withLock {
                isRunning = false
                condition.broadcast()
            }
        }
        thread.name = name
        thread.start()
    }

    private func next() -> (() -> Void)? {
        condition.withLock {
            while !isWanted, work != nil { condition.wait() }
            isWanted = false
            return work
        }
    }
}
