internal import Foundation
internal import Synchronization

/// Work that runs in slices, by one worker at a time.
protocol Sliced: AnyObject, Sendable {
    /// Works on urgent work, for a few milliseconds at most.
    func runSlice() -> SliceQueue.Outcome
    /// Works on spare work, which can wait, and checks `SliceQueue.isWanted` after each small piece.
    func runSpare() -> SliceQueue.Outcome
    /// Used by the queue, under its lock only.
    var sliceState: SliceQueue.SliceState { get set }
}

/// The work that is ready to run, in the order in which it became so. Workers take it from here; in a simulation the
/// caller of `runNext` does. Spare work, which can wait, has workers of its own.
final class SliceQueue: Sendable {
    /// The remaining work after a slice.
    enum Outcome {
        case nothing, more
        /// Only spare work.
        case spare
    }

    enum SliceState {
        case idle, queued, running
        /// In the queue of spare work.
        case spare
        /// Running, and ready for another slice.
        case runningAgain
    }

    private struct Taken {
        let work: any Sliced
        let canWait: Bool
    }

    /// The reciprocal of the share of time for which a worker does spare work while slices run.
    private static let spareShare = 5
    /// The longest rest of such a worker, in seconds.
    private static let longestRest = 0.02

    private struct State {
        /// It is empty after the end, because work refers to the queue in turn.
        var queue: [any Sliced] = []
        /// Spare work that is ready, also until the end.
        var spare: [any Sliced] = []
        var hasEnded = false
        /// The number of urgent slices that have begun, and that have ended.
        var (begun, ended): (UInt64, UInt64) = (0, 0)
        /// The urgent slices that are running, the oldest first.
        var running: [(work: ObjectIdentifier, since: ContinuousClock.Instant)] = []

        /// Takes the work at this index of the queue; nil if there is none.
        mutating func take(_ index: Int, canWait: Bool) -> Taken? {
            guard (canWait ? spare : queue).indices.contains(index) else { return nil }
            let work = canWait ? spare.remove(at: index) : queue.remove(at: index)
            work.sliceState = .running
            if !canWait { begun += 1 }
            if !canWait { running.append((ObjectIdentifier(work), .now)) }
            return Taken(work: work, canWait: canWait)
        }
    }

    private let state = Mutex(State())
    /// One signal for each piece of work in the queue.
    private let signal = DispatchSemaphore(value: 0)
    /// One signal for each piece of spare work. Some of it may have been taken otherwise.
    private let spareSignal = DispatchSemaphore(value: 0)

    /// Adds work that is ready to run. Does nothing after the end.
    func ready(_ work: any Sliced) {
        let isQueued = state.withLock { state -> Bool in
            guard !state.hasEnded else { return false }
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

    /// Whether work that is running has become ready again, so that spare work must end.
    func isWanted(_ work: any Sliced) -> Bool { state.withLock { _ in work.sliceState == .runningAgain } }

    /// The number of pieces of work that wait for a worker, including spare work.
    var count: Int { state.withLock { $0.queue.count + $0.spare.count } }

    /// The number of those that are urgent.
    var readyCount: Int { state.withLock { $0.queue.count } }

    /// The start of the oldest urgent slice that is running; nil if there is none. A slice takes milliseconds, so one
    /// of minutes hangs.
    var oldestSlice: ContinuousClock.Instant? { state.withLock { $0.running.first?.since } }

    /// Runs a slice of the work at this index of urgent work, followed by spare work. Returns false if there is none.
    @discardableResult func runNext(_ index: Int = 0) -> Bool {
        let next = state.withLock { state in
            state.take(index, canWait: false) ?? state.take(index - state.queue.count, canWait: true)
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
            if !next.canWait { state.running.removeAll { $0.work == ObjectIdentifier(work) } }
            guard !state.hasEnded else { return nil }
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

    /// The body of a worker: runs slices until `end` is called.
    func work() { work(signal, canWait: false) }

    /// The body of a worker for spare work.
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

    /// Limits the machine's share of spare work. No other thread waits for a worker that rests.
    private func rest(after work: Duration, endedBefore: UInt64) {
        guard state.withLock({ $0.begun != endedBefore }) else { return }
        let rest = work / .seconds(1) * Double(Self.spareShare - 1)
        Thread.sleep(forTimeInterval: min(rest, Self.longestRest))
    }

    /// The workers end after their present slices. The work that waits is dropped.
    func end() {
        // It is freed outside the lock.
        let dropped = state.withLock { state in
            defer { (state.queue, state.spare, state.hasEnded) = ([], [], true) }
            return (state.queue, state.spare)
        }
        withExtendedLifetime(dropped) {}
        signal.signal()
        spareSignal.signal()
    }
}
