internal import Synchronization

/// What is published of the ledger partitions that this member owns, as it is acknowledged, for those who want to see it as it
/// comes, and of the others as their owners answer. The newest facts of each partition are in memory (`ChangeRing`), bounded in bytes and number; a reader that falls behind
/// them, or comes back too late, is told of the gap and asks anew.
public final class ChangeFeed: Sendable {
    /// Bytes of facts in memory: of a partition at most and at least, and what the partitions share between these.
    static let (mostBytes, fewestBytes, sharedBytes) = (1 << 20, 64 << 10, 32 << 20)
    /// Facts of a partition in memory.
    static let maximumFacts = 4096
    public static let maximumSubscriptions = 4096

    let watchers = ChangeWatchers()
    let host: any Runtime
    private let bytes = Atomic(mostBytes)
    /// By the partition's number; each stays once it is there.
    private let partitions = Mutex<[Int32: PartitionChanges]>([:])

    init(_ host: any Runtime) { self.host = host }

    /// How many ledger partitions share the memory; those that are there have theirs.
    func expect(partitions: Int) {
        let share = Self.sharedBytes / max(1, partitions)
        bytes.store(min(Self.mostBytes, max(Self.fewestBytes, share)), ordering: .relaxed)
    }

    subscript(_ partition: Int32) -> PartitionChanges {
        partitions.withLock { partitions in
            if let found = partitions[partition] { return found }
            let new = PartitionChanges(
                partition, capacity: bytes.load(ordering: .relaxed), maximumFacts: Self.maximumFacts, host: host,
                watchers: watchers)
            partitions[partition] = new
            return new
        }
    }

    /// Begins with what comes from now on, or after `token`. Nil where there are too many, or the pipeline ends.
    public func subscribe(_ scope: ChangeSubscription.Scope, from token: ChangeToken? = nil) -> ChangeSubscription? {
        watchers.add(maximum: Self.maximumSubscriptions) { number in
            ChangeSubscription(scope, number: number, from: token, feed: self)
        }
    }

    public var subscriptionCount: Int { watchers.count }

    /// Those that are read, in ascending order.
    func partitions(of scope: ChangeSubscription.Scope) -> [PartitionChanges] {
        let all = partitions.withLock { partitions in
            switch scope {
            case .own, .everything: partitions.values.sorted { $0.partition < $1.partition }
            case .subject(_, let partition): partitions[partition].map { [$0] } ?? []
            }
        }
        return all.filter { scope == .own ? $0.isOwned : $0.isReadable }
    }

    func reads(_ scope: ChangeSubscription.Scope) -> Bool { !partitions(of: scope).isEmpty }

    /// The numbers of the ledger partitions whose changes this member publishes, in ascending order.
    public var ownedPartitions: [Int32] { partitions(of: .own).map(\.partition) }
    /// Those whose changes can be read here, in ascending order.
    public var readablePartitions: [Int32] { partitions(of: .everything).map(\.partition) }

    /// The newest facts of the partitions that this member owns, the newest first, that were sent at `since` (microseconds since 1970) or after it.
    /// Where there are many, and nobody watches, some between them are missing.
    public func newest(_ limit: Int, since: Int64) -> ChangeBatch {
        var found = ChangeBatch()
        for partition in partitions(of: .own) {
            partition.withLock { state in
                state.ring.newest(limit) { entry in
                    guard entry.sentAt >= since else { return false }
                    found.append(entry, of: partition.partition, in: state.ring)
                    return true
                }
            }
        }
        found.keepNewest(limit)
        return found
    }

    func end() { watchers.end() }
}
