internal import Events
internal import Synchronization

/// A reader of changes. It has no queue of its own: it reads the partitions' rings from its position, so a slow reader
/// uses no memory and has gaps. It is used by one task at a time. It ends with `cancel`.
public final class ChangeSubscription: Sendable {
    /// The partitions that are read.
    public enum Scope: Sendable, Hashable {
        /// All partitions that the member owns. Other members read so.
        case own
        /// All partitions that can be read here.
        case everything
        case subject([UInt8], partition: Int32)
    }

    /// The result of one `take`.
    public struct Taken: Sendable, Equatable {
        /// The reader's position is not in the ring, or not any more.
        public struct Gap: Sendable, Equatable {
            public let partition: Int32
            /// The number of facts that the reader misses; nil if it is unknown, because the reader's token is of
            /// another ledger.
            public let missed: Int64?
        }

        public var gaps: [Gap] = []
        /// The number of facts that were left out because of the limit `most`.
        public var skipped: Int64 = 0
        /// Whether the set of read partitions has changed since the last call. It is true in the first call.
        public var hasOtherPartitions = false
        /// Whether more can be read at once.
        public var hasMore = false
    }

    private struct State {
        var token: ChangeToken
        /// The partitions that were read in the last call; nil before the first.
        var partitions: [Int32]?
        /// For a single subject: the count from which on there may be unread facts; nil if there are none.
        var firstUnread: Int64?
        var seen = -1
        var waiter: CheckedContinuation<Void, Never>?
        var deadline = ContinuousClock.now
        var isCancelled = false
        var hasEnded = false
        /// The partition with which the next call begins, so that each is first in turn.
        var turn = 0
    }

    public let scope: Scope
    let number: Int
    let fingerprint: UInt64?
    private let feed: ChangeFeed
    private let state: Mutex<State>

    init(_ scope: Scope, number: Int, from token: ChangeToken?, feed: ChangeFeed) {
        (self.scope, self.number, self.feed) = (scope, number, feed)
        var state = State(token: token ?? ChangeToken())
        switch scope {
        case .own, .everything: fingerprint = nil
        case .subject(let subject, let partition):
            fingerprint = subject.withUnsafeBytes { $0.fingerprint(seed: 0) }
            state.firstUnread = token?[partition]
        }
        self.state = Mutex(state)
    }

    /// The reader's position after the facts that it has read.
    public var token: ChangeToken { state.withLock { $0.token } }

    /// Whether nothing more comes, because the pipeline ends or the reader's task is cancelled.
    public var hasEnded: Bool { state.withLock { $0.hasEnded || $0.isCancelled } }

    public func cancel() {
        feed.watchers.remove(self)
        resume { $0.isCancelled = true }
    }

    // MARK: Waiting

    /// Waits until there may be something to read, the deadline, or the end. Returns at once if the task is cancelled.
    public func wait(until deadline: ContinuousClock.Instant) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    guard !state.hasEnded, !state.isCancelled, !hasNews(state, version: feed.watchers.version) else {
                        return true
                    }
                    (state.waiter, state.deadline) = (continuation, deadline)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            resume { $0.isCancelled = true }
        }
    }

    private func hasNews(_ state: State, version: Int) -> Bool {
        switch scope {
        case .own, .everything: state.seen != version
        // A reader of a single subject is also woken when the subject's partition is revoked.
        case .subject: state.firstUnread != nil || state.seen != version && !feed.reads(scope)
        }
    }

    /// Notes that a fact of the subject can be read.
    func note(_ count: Int64, of partition: Int32) {
        state.withLock { if $0.firstUnread == nil { $0.firstUnread = count } }
    }

    func wake(at now: ContinuousClock.Instant, version: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiter != nil, now >= state.deadline || hasNews(state, version: version) else { return nil }
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func end() { resume { $0.hasEnded = true } }

    private func resume(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            return state.waiter.take()
        }
        waiter?.resume()
    }

    // MARK: Reading

    /// Adds readable facts to `batch`, until it has `bytes` bytes. With `.everything`, it adds the newest `most` facts
    /// if there are more. After a gap the reader continues with the next readable facts.
    public func take(into batch: inout ChangeBatch, bytes: Int, most: Int? = nil) -> Taken {
        let version = feed.watchers.version
        let partitions = feed.partitions(of: scope)
        let numbers = partitions.map(\.partition)
        var (token, last, turn) = state.withLock { ($0.token, $0.partitions, $0.turn) }
        var taken = Taken()
        taken.hasOtherPartitions = numbers != last
        var left = most
        for index in partitions.indices {
            let partition = partitions[(index + turn) % partitions.count]
            guard batch.byteCount < bytes else {
                taken.hasMore = true
                break
            }
            switch scope {
            case .own, .everything: readAll(partition, &token, &batch, bytes: bytes, most: &left, &taken)
            case .subject(let subject, _): readOne(subject, partition, &token, &batch, bytes: bytes, &taken)
            }
        }
        turn += 1
        state.withLock { state in
            (state.token, state.partitions, state.turn) = (token, numbers, turn)
            state.seen = taken.hasMore ? -1 : version
        }
        return taken
    }

    private func readAll(
        _ partition: PartitionChanges, _ token: inout ChangeToken, _ batch: inout ChangeBatch, bytes: Int,
        most: inout Int?, _ taken: inout Taken
    ) {
        let number = partition.partition
        partition.withLock { state in
            guard let now = state.ring.releasedCount else { return }
            guard let next = token[number] else { return token[number] = now }
            guard let start = state.ring.entry(count: next) else {
                taken.gaps.append(.init(partition: number, missed: state.ring.missed(from: next)))
                return token[number] = now
            }
            var entry = start
            let there = max(0, state.ring.released - entry)
            if let limit = most {
                let skipped = max(0, there - limit)
                (entry, most) = (entry + skipped, limit - (there - skipped))
                taken.skipped += Int64(skipped)
            }
            while entry < state.ring.released {
                guard batch.byteCount < bytes else {
                    taken.hasMore = true
                    break
                }
                batch.append(state.ring[entry], of: number, in: state.ring)
                entry += 1
            }
            token[number] = next + Int64(entry - start)
        }
    }

    private func readOne(
        _ subject: [UInt8], _ partition: PartitionChanges, _ token: inout ChangeToken, _ batch: inout ChangeBatch,
        bytes: Int, _ taken: inout Taken
    ) {
        let number = partition.partition
        partition.withLock { ring in
            guard let now = ring.ring.releasedCount else { return }
            let unread = state.withLock { $0.firstUnread.take() }
            token[number] = now
            guard let unread else { return }
            guard var entry = ring.ring.entry(count: unread) else {
                taken.gaps.append(.init(partition: number, missed: nil))
                return
            }
            while entry < ring.ring.released {
                let found = ring.ring[entry]
                if found.fingerprint == fingerprint, ring.ring.key(found).elementsEqual(subject) {
                    guard batch.byteCount < bytes else {
                        state.withLock { $0.firstUnread = found.count }
                        token[number] = found.count
                        taken.hasMore = true
                        return
                    }
                    batch.append(found, of: number, in: ring.ring)
                }
                entry += 1
            }
        }
    }
}
