internal import Synchronization

/// The acknowledged facts of the ledger partitions that this member owns, for readers that follow them. The newest
/// facts of each partition are in memory (`ChangeRing`), bounded in bytes and number. A reader that lags after them, or
/// returns too late, gets a gap and must read the state again.
public final class ChangeFeed: Sendable {
    /// Limits of the bytes of facts in memory. A partition has at most `mostBytes` and at least `fewestBytes`; between
    /// these it has its share of `sharedBytes`.
    static let (mostBytes, fewestBytes, sharedBytes) = (1 << 20, 64 << 10, 32 << 20)
    /// The greatest number of a partition's facts in memory.
    static let maximumFacts = 4096
    public static let maximumSubscriptions = 4096

    let watchers = ChangeWatchers()
    let runtime: any Runtime
    private let bytes = Atomic(mostBytes)
    /// By the partition's number. An entry is never removed.
    private let partitions = Mutex<[Int32: PartitionChanges]>([:])

    init(_ runtime: any Runtime) { self.runtime = runtime }

    /// `partitions`: the number of ledger partitions that share the memory. Existing rings do not change.
    func expect(partitions: Int) {
        let share = Self.sharedBytes / max(1, partitions)
        bytes.store(min(Self.mostBytes, max(Self.fewestBytes, share)), ordering: .relaxed)
    }

    subscript(_ partition: Int32) -> PartitionChanges {
        partitions.withLock { partitions in
            if let found = partitions[partition] { return found }
            let new = PartitionChanges(
                partition, capacity: bytes.load(ordering: .relaxed), maximumFacts: Self.maximumFacts, runtime: runtime,
                watchers: watchers)
            partitions[partition] = new
            return new
        }
    }

    /// A subscription to the changes from now on, or after `token`. Nil if there are too many, or the pipeline ends.
    public func subscribe(_ scope: ChangeSubscription.Scope, from token: ChangeToken? = nil) -> ChangeSubscription? {
        watchers.add(maximum: Self.maximumSubscriptions) { number in
            ChangeSubscription(scope, number: number, from: token, feed: self)
        }
    }

    /// The partitions of the scope that this member owns, in ascending order.
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
        found.retainNewest(limit)
        return found
    }

    func end() { watchers.end() }
}
