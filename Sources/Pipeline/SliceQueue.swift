internal import Foundation
internal import Synchronization

/// What is run in slices, by one worker at a time.
protocol Sliced: AnyObject, Sendable {
    /// Works for a few milliseconds at most.
    func runSlice() -> SliceQueue.Outcome
    /// The queue's own, used under its lock alone.
    var sliceState: SliceQueue.SliceState { get set }
}

/// The work that is ready to be run, in the order in which it became so. Workers take it from here; in a simulation whoever
/// steps the pipeline does. What can wait is run when nothing else is ready, and else after every `spareEvery` other slices.
final class SliceQueue: Sendable {
    /// What is left to do after a slice.
    enum Outcome {
        case nothing, more
        /// Only what can wait.
        case spare
    }

    enum SliceState {
        case idle, queued, running
        /// In the queue of what can wait.
        case spare
        /// Running, and ready for another slice.
        case runningAgain
    }

    static let spareEvery = 32

    private struct State {
        var queue: [any Sliced] = []
        var spare: [any Sliced] = []
        /// Slices since the last one of what can wait.
        var sinceSpare = 0
        var hasEnded = false

        /// What waits at this place: first what is ready, then what can wait.
        mutating func take(_ place: Int) -> (any Sliced)? {
            let isSparesTurn = place == 0 && !spare.isEmpty && sinceSpare >= SliceQueue.spareEvery
            if !isSparesTurn, queue.indices.contains(place) {
                sinceSpare += 1
                return queue.remove(at: place)
            }
            let place = isSparesTurn ? 0 : place - queue.count
            guard spare.indices.contains(place) else { return nil }
            sinceSpare = 0
            return spare.remove(at: place)
        }
    }

    private let state = Mutex(State())
    /// One signal for each piece of work in the queue.
    private let signal = DispatchSemaphore(value: 0)

    /// There is something to do for it.
    func ready(_ work: any Sliced) {
        let isQueued = state.withLock { state -> Bool in
            switch work.sliceState {
            case .idle:
                work.sliceState = .queued
                state.queue.append(work)
                return true
            case .spare:
                work.sliceState = .queued
                state.spare.removeAll { $0 === work }
                state.queue.append(work)
            case .running: work.sliceState = .runningAgain
            case .queued, .runningAgain: break
            }
            return false
        }
        if isQueued { signal.signal() }
    }

    /// How many pieces of work wait for a worker.
    var count: Int { state.withLock { $0.queue.count + $0.spare.count } }

    /// Runs a slice of what waits at this place of the queue. False: nothing does.
    @discardableResult func runNext(_ place: Int = 0) -> Bool {
        let next = state.withLock { state -> (any Sliced)? in
            let work = state.take(place)
            work?.sliceState = .running
            return work
        }
        guard let next else { return false }
        let outcome = next.runSlice()
        let isQueued = state.withLock { state -> Bool in
            switch outcome {
            case _ where next.sliceState == .runningAgain, .more:
                next.sliceState = .queued
                state.queue.append(next)
            case .spare:
                next.sliceState = .spare
                state.spare.append(next)
            case .nothing:
                next.sliceState = .idle
                return false
            }
            return true
        }
        if isQueued { signal.signal() }
        return true
    }

    /// A worker's life: runs slices until `end` is called.
    func work() {
        while true {
            signal.wait()
            guard !state.withLock({ $0.hasEnded }) else {
                signal.signal()
                return
            }
            runNext()
        }
    }

    /// The workers end after the slice that they are in.
    func end() {
        state.withLock { $0.hasEnded = true }
        signal.signal()
    }
}
