internal import Replay
internal import Scoring
internal import Synchronization

/// The newest facts of one ledger partition, shared by the worker that sends them and their readers.
///
/// While there are no readers, at most `unwatchedFacts` per second are copied. This is enough for the newest changes of
/// a quiet ledger, and has no measurable cost under load.
final class PartitionChanges: Sendable {
    static let unwatchedFacts = 64
    private static let second = Duration.seconds(1)

    struct State: ~Copyable {
        var ring: ChangeRing
        /// The number of facts that may still be copied in the second that began at `refilledAt`, while there are no
        /// readers.
        var allowance = 0
        var refilledAt: ContinuousClock.Instant

        mutating func allow(_ wanted: Int, at now: ContinuousClock.Instant) -> Int {
            if now - refilledAt >= second { (allowance, refilledAt) = (unwatchedFacts, now) }
            let allowed = min(wanted, allowance)
            allowance -= allowed
            return allowed
        }
    }

    let partition: Int32
    private let host: any Runtime
    private let watchers: ChangeWatchers
    private let state: Mutex<State>
    private let owned = Atomic(false)

    init(_ partition: Int32, capacity: Int, maximumFacts: Int, host: any Runtime, watchers: ChangeWatchers) {
        (self.partition, self.host, self.watchers) = (partition, host, watchers)
        let (now, second) = (host.now, Self.second)
        state = Mutex(
            State(ring: ChangeRing(capacity: capacity, maximumFacts: maximumFacts), refilledAt: now - second))
    }

    func withLock<Result>(_ body: (inout sending State) -> sending Result) -> sending Result { state.withLock(body) }

    /// Whether this member publishes the facts of the partition.
    var isOwned: Bool { owned.load(ordering: .relaxed) }

    // MARK: For the worker

    /// This member owns the partition from now on. The facts up to `sequences` are published, by `FactTopic.rawValue`.
    func begin(published sequences: [Int64]) {
        state.withLock { $0.ring.begin(published: sequences) }
        owned.store(true, ordering: .relaxed)
        watchers.noteNews()
    }

    /// Another member publishes the facts from now on, or none does.
    func end() {
        owned.store(false, ordering: .relaxed)
        watchers.noteNews()
    }

    /// Adds items of a batch that were sent. `count`: the number of all earlier facts of the partition.
    func append(_ batch: borrowing EncodedFacts, _ sent: Range<Int>, after count: Int64) {
        guard !sent.isEmpty else { return }
        let isWatched = watchers.isWatched
        let (sentAt, now) = (host.wallClock, host.now)
        let wanted = state.withLock { state in
            let wanted = isWatched ? sent.count : state.allow(sent.count, at: now)
            if wanted == 0 { state.ring.skip(to: count + Int64(sent.count) + 1) }
            return wanted
        }
        for index in (sent.upperBound - wanted)..<sent.upperBound {
            let item = batch.items[index]
            let number = count + Int64(index - sent.lowerBound) + 1
            let bytes = FactBytes(key: batch.key(item), value: batch.value(item))
            state.withLock {
                $0.ring.append(
                    item.kind, count: number, sequence: item.sequence, at: sentAt, key: bytes.key, value: bytes.value)
            }
        }
    }

    /// `marks`: the acknowledged position of each fact topic, by `FactTopic.rawValue`; nil if it has not changed.
    func acknowledge(_ marks: [Publication.Mark?]) {
        guard marks.contains(where: { $0 != nil }) else { return }
        let hasNews = state.withLock { state -> Bool in
            for (topic, mark) in marks.enumerated() {
                if let mark { state.ring.acknowledge(topic: topic, sequence: mark.sequence) }
            }
            let released = state.ring.release()
            guard !released.isEmpty else { return false }
            // Under the partition's lock, so that a subscription that reads at the same time gets the fact or the
            // notification.
            if watchers.hasSubjects {
                for entry in released {
                    watchers.note(state.ring[entry].fingerprint, of: partition, count: state.ring[entry].count)
                }
            }
            return true
        }
        if hasNews { watchers.noteNews() }
    }
}

/// A fact of a batch. The ring copies it, so the batch is not retained.
private struct FactBytes: @unchecked Sendable {
    let key: UnsafeRawBufferPointer
    let value: UnsafeRawBufferPointer
}
