import Dispatch
import Testing

@testable import HTTP

struct BlockingWorkTests {
    @Test func beyondItsBoundItIsRefusedAtOnce() async throws {
        let work = BlockingWork(threads: 1, waiting: 1)
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

    @Test func whatTheBodyThrowsComesBack() async {
        struct Mistake: Error {}
        let work = BlockingWork(threads: 1, waiting: 0)
        await #expect(throws: Mistake.self) { try await work.run { () throws -> Int in throw Mistake() } }
    }
}
