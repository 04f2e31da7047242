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
    private let runtime: any Runtime
    private let watchers: ChangeWatchers
    private let state: Mutex<State>
    /// Written with the state's lock.
    private let owned = Atomic(false)
    /// Whether the facts are those that another member publishes, up to its last answer.
    private let mirrored = Atomic(false)

    init(_ partition: Int32, capacity: Int, maximumFacts: Int, runtime: any Runtime, watchers: ChangeWatchers) {
        (self.partition, self.runtime, self.watchers) = (partition, runtime, watchers)
        let (now, second) = (runtime.now, Self.second)
        state = Mutex(
            State(ring: ChangeRing(capacity: capacity, maximumFacts: maximumFacts), refilledAt: now - second))
    }

    func withLock<Result>(_ body: (inout sending State) -> sending Result) -> sending Result { state.withLock(body) }

    /// Whether this member publishes the facts of the partition.
    var isOwned: Bool { owned.load(ordering: .relaxed) }
    /// Whether readers on this member find the facts of the partition.
    var isReadable: Bool { isOwned || mirrored.load(ordering: .relaxed) }

    // MARK: For the worker

    /// This member owns the partition from now on. The facts up to `sequences` are published, by `FactTopic.rawValue`.
    func begin(published sequences: [Int64]) {
        state.withLock {
            $0.ring.begin(published: sequences)
            owned.store(true, ordering: .relaxed)
            mirrored.store(false, ordering: .relaxed)
        }
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
        let (sentAt, now) = (runtime.wallClock, runtime.now)
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
            return release(&state.ring)
        }
        if hasNews { watchers.noteNews() }
    }

    /// Called under the partition's lock: a subscription that reads afterwards has the facts, or is notified of them.
    private func release(_ ring: inout ChangeRing) -> Bool {
        let released = ring.release()
        if watchers.hasSubjects {
            for entry in released { watchers.note(ring[entry].fingerprint, of: partition, count: ring[entry].count) }
        }
        return !released.isEmpty
    }

    // MARK: Another member's facts

    /// The count of the next fact to request from the owner; nil to request all that the owner has.
    var nextMirrored: Int64? {
        mirrored.load(ordering: .relaxed) ? state.withLock { $0.ring.nextCount } : nil
    }

    /// Facts that the owner has published, the first of which has the count `first`. `isWhole`: there are no more now.
    func mirror(_ facts: [(kind: Fact.Kind, key: [UInt8], value: [UInt8])], from first: Int64, isWhole: Bool) {
        let sentAt = runtime.wallClock
        for (index, fact) in facts.enumerated() {
            fact.key.withUnsafeBytes { key in
                fact.value.withUnsafeBytes { value in
                    let bytes = FactBytes(key: key, value: value)
                    state.withLock {
                        guard !isOwned else { return }
                        // What another member publishes is acknowledged.
                        $0.ring.append(
                            fact.kind, count: first + Int64(index), sequence: 0, at: sentAt, key: bytes.key,
                            value: bytes.value)
                    }
                }
            }
        }
        let hasNews = state.withLock { state -> Bool in
            guard !isOwned else { return false }
            let next = first + Int64(facts.count)
            // The counts differ too if the owner has lost the requested facts, or counts anew.
            if state.ring.nextCount != next { state.ring.skip(to: next) }
            // This includes those that were sent here before the partition was lost: the owner has published them again.
            for topic in FactTopic.allCases { state.ring.acknowledge(topic: topic.rawValue, sequence: .max) }
            let begins = isWhole && !mirrored.exchange(true, ordering: .relaxed)
            return release(&state.ring) || begins
        }
        if hasNews { watchers.noteNews() }
    }

    /// The owner is not asked any more, or does not answer.
    func endMirror() {
        if mirrored.exchange(false, ordering: .relaxed) { watchers.noteNews() }
    }
}

/// A fact of a batch. The ring copies it, so the batch is not retained.
private struct FactBytes: @unchecked Sendable {
    let key: UnsafeRawBufferPointer
    let value: UnsafeRawBufferPointer
}
