internal import Foundation
internal import Synchronization

/// What is run in slices, by one worker at a time.
protocol Sliced: AnyObject, Sendable {
    /// Works for a few milliseconds at most, on what cannot wait.
    func runSlice() -> SliceQueue.Outcome
    /// Works on what can wait, and asks `SliceQueue.isWanted` after each small piece.
    func runSpare() -> SliceQueue.Outcome
    /// The queue's own, used under its lock alone.
    var sliceState: SliceQueue.SliceState { get set }
}

/// The work that is ready to be run, in the order in which it became so. Workers take it from here; in a simulation whoever
/// steps the pipeline does. What can wait has workers of its own.
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

    private struct Taken {
        let work: any Sliced
        let canWait: Bool
    }

    /// While slices are run, a worker for what can wait works one part of its time out of so many.
    private static let spareShare = 5
    /// Longest rest of such a worker, in seconds.
    private static let longestRest = 0.02

    private struct State {
        var queue: [any Sliced] = []
        /// What can wait.
        var spare: [any Sliced] = []
        var hasEnded = false
        /// Slices of what cannot wait that were begun so far, and that have ended.
        var (begun, ended): (UInt64, UInt64) = (0, 0)

        /// What is at this place of those that are ready, or of what can wait; nil: nothing is.
        mutating func take(_ place: Int, canWait: Bool) -> Taken? {
            guard (canWait ? spare : queue).indices.contains(place) else { return nil }
            let work = canWait ? spare.remove(at: place) : queue.remove(at: place)
            work.sliceState = .running
            if !canWait { begun += 1 }
            return Taken(work: work, canWait: canWait)
        }
    }

    private let state = Mutex(State())
    /// One signal for each piece of work in the queue.
    private let signal = DispatchSemaphore(value: 0)
    /// One for each piece of work that can wait; some of them wait no more.
    private let spareSignal = DispatchSemaphore(value: 0)

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
                return true
            case .running: work.sliceState = .runningAgain
            case .queued, .runningAgain: break
            }
            return false
        }
        if isQueued { signal.signal() }
    }

    /// What runs has become ready meanwhile: what can wait is to make room for it.
    func isWanted(_ work: any Sliced) -> Bool { state.withLock { _ in work.sliceState == .runningAgain } }

    /// How many pieces of work wait for a worker, those that can wait among them.
    var count: Int { state.withLock { $0.queue.count + $0.spare.count } }

    /// Those that cannot wait.
    var readyCount: Int { state.withLock { $0.queue.count } }

    /// Runs a slice of what waits at this place: first what is ready, then what can wait. False: nothing does.
    @discardableResult func runNext(_ place: Int = 0) -> Bool {
        let next = state.withLock { state in
            state.take(place, canWait: false) ?? state.take(place - state.queue.count, canWait: true)
        }
        guard let next else { return false }
        run(next)
        return true
    }

    private func run(_ next: Taken) {
        let work = next.work
        let outcome = next.canWait ? work.runSpare() : work.runSlice()
        let worker = state.withLock { state -> DispatchSemaphore? in
            if !next.canWait { state.ended += 1 }
            switch outcome {
            case _ where work.sliceState == .runningAgain, .more:
                work.sliceState = .queued
                state.queue.append(work)
                return signal
            case .spare:
                work.sliceState = .spare
                state.spare.append(work)
                return spareSignal
            case .nothing:
                work.sliceState = .idle
                return nil
            }
        }
        worker?.signal()
    }

    /// A worker's life: runs slices until `end` is called.
    func work() { work(signal, canWait: false) }

    /// That of a worker for what can wait.
    func workOnSpare() { work(spareSignal, canWait: true) }

    private func work(_ signal: DispatchSemaphore, canWait: Bool) {
        while true {
            signal.wait()
            let (next, hasEnded) = state.withLock { state -> (Taken?, Bool) in
                state.hasEnded ? (nil, true) : (state.take(0, canWait: canWait), false)
            }
            guard !hasEnded else {
                signal.signal()
                return
            }
            guard let next else { continue }
            let (start, ended) = (ContinuousClock.now, state.withLock { $0.ended })
            run(next)
            if canWait { rest(after: ContinuousClock.now - start, endedBefore: ended) }
        }
    }

    /// What can wait takes a bounded share of the machine from what cannot. Nobody waits for a worker that rests.
    private func rest(after work: Duration, endedBefore: UInt64) {
        guard state.withLock({ $0.begun != endedBefore }) else { return }
        let rest = work / .seconds(1) * Double(Self.spareShare - 1)
        Thread.sleep(forTimeInterval: min(rest, Self.longestRest))
    }

    /// The workers end after the slice that they are in.
    func end() {
        state.withLock { $0.hasEnded = true }
        signal.signal()
        spareSignal.signal()
    }
}
