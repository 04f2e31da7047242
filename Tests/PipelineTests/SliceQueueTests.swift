import Foundation
import Synchronization
import Testing

@testable import Pipeline

@Suite struct SliceQueueTests {
    /// Does what a test says in each slice.
    private final class Piece: Sliced, @unchecked Sendable {
        private let body: @Sendable (Piece) -> SliceQueue.Outcome
        var sliceState = SliceQueue.SliceState.idle

        init(_ body: @escaping @Sendable (Piece) -> SliceQueue.Outcome) { self.body = body }

        func runSlice() -> SliceQueue.Outcome {
            isSpare.store(false, ordering: .relaxed)
            return body(self)
        }

        func runSpare() -> SliceQueue.Outcome {
            isSpare.store(true, ordering: .relaxed)
            return body(self)
        }

        /// The slice is of what can wait.
        let isSpare = Atomic(false)
    }

    /// Who has run, in order.
    private final class Runs: Sendable {
        private let list = Mutex<[String]>([])
        var names: [String] { list.withLock { $0 } }

        /// A piece of work that has as many slices more to do. `canWait`: they can wait.
        func piece(_ name: String, more: Int = 0, canWait: Bool = false) -> Piece {
            let left = Atomic(more)
            return Piece { [self] _ in
                list.withLock { $0.append(name) }
                guard left.wrappingSubtract(1, ordering: .relaxed).newValue >= 0 else { return .nothing }
                return canWait ? .spare : .more
            }
        }
    }

    private static let (threads, bound) = (4, DispatchTimeInterval.seconds(90))
    private let queue = SliceQueue()
    private let runs = Runs()

    private func runAll() { while queue.runNext() {} }

    /// The group is empty when they have ended.
    private func startWorkers() -> DispatchGroup {
        let (queue, group) = (queue, DispatchGroup())
        for _ in 0..<Self.threads {
            group.enter()
            Thread.detachNewThread {
                queue.work()
                group.leave()
            }
        }
        return group
    }

    @Test func thePiecesAreRunInTheOrderInWhichTheyBecameReady() {
        let pieces = ["a", "b", "c"].map { runs.piece($0) }
        for number in [1, 0, 2] { queue.ready(pieces[number]) }
        #expect(queue.count == 3)
        runAll()
        #expect(runs.names == ["b", "a", "c"] && queue.count == 0)
    }

    @Test func whatIsReadyTwiceIsRunOnce() {
        let piece = runs.piece("a")
        queue.ready(piece)
        queue.ready(piece)
        runAll()
        #expect(runs.names == ["a"])
        queue.ready(piece)
        runAll()
        #expect(runs.names == ["a", "a"])
    }

    @Test func readyWhileItRunsLeadsToOneMoreRun() {
        let queue = queue
        let count = Mutex(0)
        let piece = Piece { piece in
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            if isFirst { for _ in 0..<3 { queue.ready(piece) } }
            return .nothing
        }
        queue.ready(piece)
        #expect(queue.runNext() && queue.count == 1)
        #expect(queue.runNext() && queue.count == 0)
        #expect(!queue.runNext() && count.withLock { $0 } == 2)
    }

    @Test func aPieceThatAlwaysHasMoreStarvesNoOther() {
        queue.ready(runs.piece("greedy", more: .max))
        queue.ready(runs.piece("a"))
        queue.ready(runs.piece("b", more: 1))
        for _ in 0..<6 { #expect(queue.runNext()) }
        #expect(runs.names == ["greedy", "a", "b", "greedy", "b", "greedy"])
    }

    @Test func whatCanWaitIsRunWhenNothingElseIsReady() {
        queue.ready(runs.piece("spare", more: 2, canWait: true))
        queue.ready(runs.piece("a", more: 2))
        runAll()
        #expect(runs.names == ["spare", "a", "a", "a", "spare", "spare"])
    }

    @Test func whatCanWaitIsToldSoAndStopsWhereItIsWanted() {
        let queue = queue
        let spare = Mutex<[Bool]>([])
        let piece = Piece { piece in
            let isSpare = piece.isSpare.load(ordering: .relaxed)
            let count = spare.withLock { spare in
                spare.append(isSpare)
                return spare.count
            }
            guard isSpare else { return count < 4 ? .spare : .nothing }
            #expect(!queue.isWanted(piece))
            queue.ready(piece)
            #expect(queue.isWanted(piece) && queue.readyCount == 0)
            return .spare
        }
        queue.ready(piece)
        runAll()
        let seen = spare.withLock { $0 }
        #expect(seen == [false, true, false, true, false])
    }

    @Test func whatCanWaitHasAWorkerOfItsOwn() {
        let (queue, group, ran) = (queue, DispatchGroup(), DispatchSemaphore(value: 0))
        let workers = startWorkers()
        let slices = Mutex(0)
        let piece = Piece { _ in
            let count = slices.withLock { slices in
                slices += 1
                return slices
            }
            ran.signal()
            return count < 3 ? .spare : .nothing
        }
        queue.ready(piece)
        #expect(ran.wait(timeout: .now() + Self.bound) == .success)
        // The others leave what is left of it alone.
        group.enter()
        Thread.detachNewThread {
            queue.workOnSpare()
            group.leave()
        }
        for _ in 0..<2 { #expect(ran.wait(timeout: .now() + Self.bound) == .success) }
        let count = slices.withLock { $0 }
        #expect(count == 3)
        queue.end()
        #expect(group.wait(timeout: .now() + Self.bound) == .success)
        #expect(workers.wait(timeout: .now() + Self.bound) == .success)
    }

    @Test func whatCanWaitAndIsReadyAgainIsRunByTheOthers() {
        let ran = DispatchSemaphore(value: 0)
        let piece = Piece { _ in
            ran.signal()
            return .spare
        }
        let workers = startWorkers()
        for _ in 0..<100 {
            queue.ready(piece)
            #expect(ran.wait(timeout: .now() + Self.bound) == .success)
        }
        queue.end()
        #expect(workers.wait(timeout: .now() + Self.bound) == .success)
    }

    @Test func whatCanWaitAndIsReadyAgainWaitsNoMore() {
        let piece = runs.piece("spare", more: 1, canWait: true)
        queue.ready(piece)
        queue.runNext()
        queue.ready(piece)
        queue.ready(runs.piece("a"))
        #expect(queue.count == 2)
        runAll()
        #expect(runs.names == ["spare", "spare", "a"] && queue.count == 0)
    }

    /// By which a watchdog sees one that hangs.
    @Test func howLongASliceHasBeenRunningIsKnownWhileItDoes() {
        let seen = Mutex<[ContinuousClock.Instant?]>([])
        let queue = queue
        let before = ContinuousClock.now
        let piece = Piece { _ in
            seen.withLock { $0.append(queue.oldestSlice) }
            return .spare
        }
        queue.ready(piece)
        #expect(queue.oldestSlice == nil)
        #expect(queue.runNext())
        #expect(queue.oldestSlice == nil)
        #expect(queue.runNext(), "now what can wait, which may take as long as nothing else is to be done")
        let times = seen.withLock { $0 }
        #expect(times.count == 2 && times[0].map { $0 >= before } == true && times[1] == nil)
    }

    @Test func whoeverStepsTheQueueChoosesAnIndex() {
        for name in ["a", "b"] { queue.ready(runs.piece(name)) }
        #expect(!queue.runNext(2))
        #expect(queue.runNext(1) && queue.runNext(0) && !queue.runNext(0))
        #expect(runs.names == ["b", "a"])
    }

    @Test func fourWorkersRunEachPieceOneAtATime() {
        let (pieceCount, times) = (8, 2000)
        let (queue, finished) = (queue, DispatchSemaphore(value: 0))
        let overlaps = Mutex(0)
        /// The work that a piece was given and has not done, the work that it has done, and whether it runs.
        final class Work: Sendable {
            let requested = Atomic(0)
            let done = Atomic(0)
            let runs = Atomic(false)
        }
        let works = (0..<pieceCount).map { _ in Work() }
        let pieces = works.map { work in
            Piece { _ in
                if work.runs.exchange(true, ordering: .acquiringAndReleasing) { overlaps.withLock { $0 += 1 } }
                let taken = work.requested.exchange(0, ordering: .acquiringAndReleasing)
                let done = work.done.add(taken, ordering: .acquiringAndReleasing).newValue
                work.runs.store(false, ordering: .releasing)
                if taken > 0, done == times { finished.signal() }
                // Both ways to run again.
                return taken.isMultiple(of: 2) && taken > 0 ? .more : .nothing
            }
        }
        let workers = startWorkers()
        for _ in 0..<times {
            for (work, piece) in zip(works, pieces) {
                work.requested.add(1, ordering: .acquiringAndReleasing)
                queue.ready(piece)
            }
        }
        for _ in pieces { #expect(finished.wait(timeout: .now() + Self.bound) == .success) }
        queue.end()
        #expect(workers.wait(timeout: .now() + Self.bound) == .success)
        #expect(overlaps.withLock { $0 } == 0)
    }

    @Test func theEndEndsAllWorkers() {
        let workers = startWorkers()
        queue.end()
        #expect(workers.wait(timeout: .now() + Self.bound) == .success)
        // Work that is ready later is not taken.
        queue.ready(runs.piece("a"))
        #expect(queue.count == 0 && runs.names.isEmpty)
    }

    /// A partition and its queue refer to each other.
    @Test func theEndFreesTheWorkThatWaits() {
        weak var waiting: Piece?
        weak var spare: Piece?
        weak var running: Piece?
        do {
            let pieces = [
                runs.piece("spare", more: 1, canWait: true), runs.piece("waiting"),
                Piece { [queue] _ in
                    queue.end()
                    return .more
                },
            ]
            queue.ready(pieces[0])
            queue.runNext()
            for piece in pieces[1...] { queue.ready(piece) }
            (spare, waiting, running) = (pieces[0], pieces[1], pieces[2])
        }
        #expect(spare != nil && waiting != nil && running != nil && queue.count == 3)
        queue.runNext(1)
        #expect(spare == nil && waiting == nil && running == nil && queue.count == 0)
    }
}
