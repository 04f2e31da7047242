import Dispatch
import Testing

@testable import HTTP

struct BlockingWorkTests {
    @Test func beyondItsBoundItIsRefusedAtOnce() async throws {
        let work = BlockingWork(threads: 1, maximum: 2)
        let gate = DispatchSemaphore(value: 0)
        async let first = work.run {
            gate.wait()
            return 1
        }
        async let second = work.run {
            gate.wait()
            return 2
        }
        while work.count < 2 { await Task.yield() }
        await #expect(throws: BlockingWork.Busy.self) { try await work.run { 3 } }
        gate.signal()
        gate.signal()
        let (one, two) = try await (first, second)
        #expect(one + two == 3)
        let next = try await work.run { 4 }
        #expect(next == 4)
        #expect(work.count == 0)
    }

    /// More tasks than there are cores, and all block: other answers still have a thread.
    @Test func whatBlocksHoldsUpNobodyElse() async throws {
        let work = BlockingWork(threads: 16, maximum: 16)
        let (started, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    try await work.run {
                        started.signal()
                        gate.wait()
                    }
                }
            }
            while work.count < 16 { await Task.yield() }
            #expect(await Task { 1 }.value == 1)
            try await BlockingWork(threads: 1, maximum: 1).run {
                for _ in 0..<16 { started.wait() }
                for _ in 0..<16 { gate.signal() }
            }
            try await group.waitForAll()
        }
        #expect(work.count == 0)
    }

    @Test func whatTheBodyThrowsComesBack() async {
        struct Mistake: Error {}
        let work = BlockingWork(threads: 1, maximum: 1)
        await #expect(throws: Mistake.self) { try await work.run { () throws -> Int in throw Mistake() } }
    }
}
