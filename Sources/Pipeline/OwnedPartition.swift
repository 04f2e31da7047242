internal import Events
internal import Ledger
public import Policy
internal import Replay
public import Scoring
internal import Synchronization

/// A ledger partition that this process folds. One thread folds; any thread may look.
final class OwnedPartition: Sendable {
    let partition: Int32
    private let state: Mutex<PartitionFold>
    private let current = Atomic(false)
    private let history: Mutex<SubjectHistory>?

    /// `archive`: where its frames are kept, if they are.
    init(_ fold: consuming sending PartitionFold, archive: ArchiveDirectory?) {
        partition = fold.partition
        state = Mutex(fold)
        history = archive.map { Mutex(SubjectHistory($0)) }
    }

    /// A subject's entries before a ledger offset; nil: there is no archive.
    func entries(of subject: [UInt8], until end: Int64) throws -> SubjectEntries? {
        try history?.withLock { try SubjectEntries(of: subject, in: $0, until: end) }
    }

    /// Makes the indexes of closed segments that have none yet.
    func index() throws { _ = try history?.withLock { try $0.index() } }

    func withFold<Result>(_ body: (inout PartitionFold) throws -> sending Result) rethrows -> sending Result {
        try state.withLock { try body(&$0) }
    }

    /// Folded to the end of the ledger, every fact acknowledged.
    var isCurrent: Bool {
        get { current.load(ordering: .relaxed) }
        set { current.store(newValue, ordering: .relaxed) }
    }
}

/// The partitions that this process folds now.
final class OwnedPartitions: Sendable {
    private let partitions = Mutex<[Int32: OwnedPartition]>([:])

    subscript(_ partition: Int32) -> OwnedPartition? { partitions.withLock { $0[partition] } }

    var all: [OwnedPartition] { partitions.withLock { $0.values.sorted { $0.partition < $1.partition } } }

    func replace(_ owned: [OwnedPartition]) {
        partitions.withLock { $0 = Dictionary(uniqueKeysWithValues: owned.map { ($0.partition, $0) }) }
    }
}

/// A subject's standing and where in the ledger it holds.
public struct StandingAnswer: Sendable {
    public let standing: Standing
    public let policy: ScoringPolicy
    /// The partition's clock, in microseconds since 1970; `Int64.min` before the first event.
    public let clock: Int64
    public let partition: Int32
    /// The ledger offset of the next frame.
    public let offset: Int64
    /// Folded to the ledger's end.
    public let isCurrent: Bool
}
