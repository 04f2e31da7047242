internal import Synchronization

/// The subscriptions of a member, and the task that wakes them every `interval`, so that a worker that publishes facts
/// wakes no reader. The task ends after a time of `lingers` without subscriptions.
final class ChangeWatchers: Sendable {
    static let interval = Duration.milliseconds(100)
    /// The time within which a reader that has lost its connection can return without a gap.
    static let lingers = Duration.seconds(60)

    private struct State {
        /// By `ChangeSubscription.number`.
        var all: [Int: ChangeSubscription] = [:]
        /// The subscriptions of one subject, by its fingerprint.
        var bySubject: [UInt64: [ChangeSubscription]] = [:]
        var nextNumber = 0
        var isWaking = false
        /// When the last subscription ended; nil while there are any.
        var idleSince: ContinuousClock.Instant?
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let watched = Atomic(false)
    private let subjects = Atomic(0)
    private let readers = Atomic(0)
    private let news = Atomic(0)

    /// Whether there are subscriptions, or were a short time ago.
    var isWatched: Bool { watched.load(ordering: .relaxed) }
    /// Whether there are subscriptions other than those of members.
    var hasReaders: Bool { readers.load(ordering: .relaxed) > 0 }
    /// Whether there are subscriptions of a single subject.
    var hasSubjects: Bool { subjects.load(ordering: .relaxed) > 0 }
    /// Grows whenever there may be something to read.
    var version: Int { news.load(ordering: .acquiring) }
    var count: Int { state.withLock { $0.all.count } }

    func noteNews() { news.add(1, ordering: .releasing) }

    /// Notes that a fact of a subject can be read.
    func note(_ fingerprint: UInt64, of partition: Int32, count: Int64) {
        let subscriptions = state.withLock { $0.bySubject[fingerprint] }
        for subscription in subscriptions ?? [] { subscription.note(count, of: partition) }
    }

    /// Nil if there are `maximum` subscriptions, or the pipeline ends.
    func add(maximum: Int, _ make: (_ number: Int) -> ChangeSubscription) -> ChangeSubscription? {
        let (subscription, begins) = state.withLock { state -> (ChangeSubscription?, Bool) in
            guard !state.hasEnded, state.all.count < maximum else { return (nil, false) }
            let subscription = make(state.nextNumber)
            state.nextNumber += 1
            state.all[subscription.number] = subscription
            if subscription.scope != .own { readers.add(1, ordering: .relaxed) }
            if let fingerprint = subscription.fingerprint {
                state.bySubject[fingerprint, default: []].append(subscription)
                subjects.add(1, ordering: .relaxed)
            }
            state.idleSince = nil
            watched.store(true, ordering: .relaxed)
            defer { state.isWaking = true }
            return (subscription, !state.isWaking)
        }
        if begins { Task { await wakeWhileWatched() } }
        return subscription
    }

    func remove(_ subscription: ChangeSubscription) {
        state.withLock { state in
            guard state.all.removeValue(forKey: subscription.number) != nil else { return }
            if subscription.scope != .own { readers.subtract(1, ordering: .relaxed) }
            if let fingerprint = subscription.fingerprint {
                state.bySubject[fingerprint]?.removeAll { $0 === subscription }
                if state.bySubject[fingerprint]?.isEmpty == true { state.bySubject[fingerprint] = nil }
                subjects.subtract(1, ordering: .relaxed)
            }
            if state.all.isEmpty { state.idleSince = .now }
        }
    }

    /// Ends every subscription at once, because the pipeline ends.
    func end() {
        let all = state.withLock { state in
            state.hasEnded = true
            return Array(state.all.values)
        }
        for subscription in all { subscription.end() }
    }

    private func wakeWhileWatched() async {
        while true {
            // This task is never cancelled.
            try? await Task.sleep(for: Self.interval)
            let (all, goesOn) = state.withLock { state -> ([ChangeSubscription], Bool) in
                let isOver = state.hasEnded || state.idleSince.map { .now - $0 >= Self.lingers } ?? false
                if isOver {
                    state.isWaking = false
                    watched.store(false, ordering: .relaxed)
                }
                return (Array(state.all.values), !isOver)
            }
            let (now, version) = (ContinuousClock.now, version)
            for subscription in all { subscription.wake(at: now, version: version) }
            guard goesOn else { return }
        }
    }
}
