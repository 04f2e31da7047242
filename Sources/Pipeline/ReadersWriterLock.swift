internal import Foundation

/// A value that many threads may read at once, and one at a time may change.
///
/// A waiting writer has precedence over readers that come later, and waiting readers have precedence over the writer's
/// next turn. So neither starves the other, as long as there is one writer. It is not recursive: a thread with the lock
/// must not take it again.
final class ReadersWriterLock<Value: ~Copyable>: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)
    private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)

    init(_ value: consuming sending Value) {
        var attributes = pthread_rwlockattr_t()
        pthread_rwlockattr_init(&attributes)
        pthread_rwlockattr_setkind_np(&attributes, Int32(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP))
        let error = pthread_rwlock_init(lock, &attributes)
        precondition(error == 0, "a lock cannot be made: \(error)")
        pthread_rwlockattr_destroy(&attributes)
        self.value.initialize(to: value)
    }

    deinit {
        value.deinitialize(count: 1)
        value.deallocate()
        pthread_rwlock_destroy(lock)
        lock.deallocate()
    }

    /// Waits until no other thread reads or changes the value.
    func change<Result>(_ body: (inout Value) throws -> sending Result) rethrows -> sending Result {
        require(pthread_rwlock_wrlock(lock))
        defer { pthread_rwlock_unlock(lock) }
        return try body(&value.pointee)
    }

    /// Waits until no thread changes the value.
    func read<Result>(_ body: (borrowing Value) throws -> sending Result) rethrows -> sending Result {
        require(pthread_rwlock_rdlock(lock))
        defer { pthread_rwlock_unlock(lock) }
        return try body(value.pointee)
    }

    /// Returns nil at once if a thread changes the value, or waits to.
    func readIfFree<Result>(_ body: (borrowing Value) throws -> sending Result) rethrows -> sending Result? {
        guard pthread_rwlock_tryrdlock(lock) == 0 else { return nil }
        defer { pthread_rwlock_unlock(lock) }
        return try body(value.pointee)
    }

    private func require(_ error: Int32) { precondition(error == 0, "a lock cannot be taken: \(error)") }
}
