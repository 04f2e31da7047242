internal import Foundation
internal import Synchronization

/// What is run in slices, by one worker at a time.
protocol Sliced: AnyObject, Sendable {
    /// Works for a few milliseconds at most. True: there is more to do.
    func runSlice() -> Bool
    /// The queue's own, used under its lock alone.
    var sliceState: SliceQueue.SliceState { get set }
}

/// The work that is ready to be run, in the order in which it became so. Workers take it from here; in a simulation whoever
/// steps the pipeline does.
final class SliceQueue: Sendable {
    enum SliceState {
        case idle, queued, running
        /// Running, and ready for another slice.
        case runningAgain
    }

    private struct State {
        var queue: [any Sliced] = []
        var hasEnded = false
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
            case .running: work.sliceState = .runningAgain
            case .queued, .runningAgain: break
            }
            return false
        }
        if isQueued { signal.signal() }
    }

    /// How many pieces of work wait for a worker.
    var count: Int { state.withLock { $0.queue.count } }

    /// Runs a slice of what waits at this place of the queue. False: nothing does.
    @discardableResult func runNext(_ place: Int = 0) -> Bool {
        let next = state.withLock { state -> (any Sliced)? in
            guard state.queue.indices.contains(place) else { return nil }
            let work = state.queue.remove(at: place)
            work.sliceState = .running
            return work
        }
        guard let next else { return false }
        let hasMore = next.runSlice()
        let isQueued = state.withLock { state -> Bool in
            guard hasMore || next.sliceState == .runningAgain else {
                next.sliceState = .idle
                return false
            }
            next.sliceState = .queued
            state.queue.append(next)
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
