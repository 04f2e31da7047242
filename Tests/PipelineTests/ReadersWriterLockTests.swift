import Foundation
import Synchronization
import Testing

@testable import Pipeline

@Suite struct ReadersWriterLockTests {
    /// Runs `body` on a thread of its own. The semaphore is signalled when it is over.
    private static func thread(_ body: @escaping @Sendable () -> Void) -> DispatchSemaphore {
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            body()
            done.signal()
        }
        return done
    }

    @Test func twoThreadsReadAtOnce() {
        let lock = ReadersWriterLock(7)
        let (first, second) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let done = Self.thread {
            lock.read { _ in
                first.signal()
                second.wait()
            }
        }
        first.wait()
        let value = lock.read { $0 }
        let atOnce = lock.readIfFree { $0 }
        second.signal()
        done.wait()
        #expect(value == 7)
        #expect(atOnce == 7)
    }

    @Test func nobodyReadsWhatIsBeingChanged() {
        let lock = ReadersWriterLock((0, 0))
        let (changing, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let done = Self.thread {
            lock.change { value in
                value.0 = 1
                changing.signal()
                goOn.wait()
                value.1 = 1
            }
        }
        changing.wait()
        let isBusy = lock.readIfFree { _ in true } == nil
        goOn.signal()
        let seen = lock.read { $0.0 + $0.1 }
        done.wait()
        #expect(isBusy)
        #expect(seen == 2)
    }

    @Test func aReaderGetsItsTurnBetweenTwoOfAWriterThatNeverRests() {
        let lock = ReadersWriterLock(0)
        let isOver = Atomic(false)
        let done = Self.thread {
            while !isOver.load(ordering: .relaxed) { lock.change { $0 += 1 } }
        }
        // It hangs where the writer takes every turn.
        for _ in 0..<100 { _ = lock.read { $0 } }
        isOver.store(true, ordering: .relaxed)
        done.wait()
    }

    @Test func aWriterGetsItsTurnAmongReadersThatNeverRest() {
        let lock = ReadersWriterLock(0)
        let isOver = Atomic(false)
        let readers = (0..<3).map { _ in
            Self.thread {
                while !isOver.load(ordering: .relaxed) { lock.read { _ in } }
            }
        }
        // It hangs where there is always one more reader.
        for _ in 0..<100 { lock.change { $0 += 1 } }
        isOver.store(true, ordering: .relaxed)
        for reader in readers { reader.wait() }
        #expect(lock.read { $0 } == 100)
    }

    @Test func whatFailsGivesTheLockBack() {
        struct Failure: Error {}
        let lock = ReadersWriterLock(1)
        #expect(throws: Failure.self) { try lock.change { (_: inout Int) in throw Failure() } }
        #expect(throws: Failure.self) { try lock.read { (_: Int) in throw Failure() } }
        #expect(lock.readIfFree { $0 } == 1)
    }
}
