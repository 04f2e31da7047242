internal import Synchronization

/// The subscriptions of a member, and what wakes them. One task does that every `interval`, so that a worker which publishes facts
/// resumes nobody; it ends when nobody has watched for `lingers`.
final class ChangeWatchers: Sendable {
    static let interval = Duration.milliseconds(100)
    /// A reader that loses its connection finds what came meanwhile, if it comes back within this time.
    static let lingers = Duration.seconds(60)

    private struct State {
        /// By `ChangeSubscription.number`.
        var all: [Int: ChangeSubscription] = [:]
        /// Those of one subject, by its fingerprint.
        var bySubject: [UInt64: [ChangeSubscription]] = [:]
        var nextNumber = 0
        var isWaking = false
        /// When the last one went; nil while there is one.
        var idleSince: ContinuousClock.Instant?
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let watched = Atomic(false)
    private let subjects = Atomic(0)
    private let readers = Atomic(0)
    private let news = Atomic(0)

    /// Somebody watches, or has until a short while ago.
    var isWatched: Bool { watched.load(ordering: .relaxed) }
    /// Somebody watches, other members aside.
    var hasReaders: Bool { readers.load(ordering: .relaxed) > 0 }
    /// Somebody watches a single subject.
    var hasSubjects: Bool { subjects.load(ordering: .relaxed) > 0 }
    /// Grows whenever there may be something to read.
    var version: Int { news.load(ordering: .acquiring) }
    var count: Int { state.withLock { $0.all.count } }

    func noteNews() { news.add(1, ordering: .releasing) }

    /// A fact of a subject can be read.
    func note(_ fingerprint: UInt64, of partition: Int32, count: Int64) {
        let subscriptions = state.withLock { $0.bySubject[fingerprint] }
        for subscription in subscriptions ?? [] { subscription.note(count, of: partition) }
    }

    /// Nil where there are `maximum`, or the pipeline ends.
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

    /// The pipeline ends: so does every subscription, at once.
    func end() {
        let all = state.withLock { state in
            state.hasEnded = true
            return Array(state.all.values)
        }
        for subscription in all { subscription.end() }
    }

    private func wakeWhileWatched() async {
        while true {
            // Nobody cancels this task.
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
