internal import Ledger
internal import Replay

/// Why a ledger partition is in quarantine: a record of it cannot be read or folded. The fold waits there, until an entry after
/// the record says that it is passed over. The other partitions go on.
struct Quarantine {
    let problem: PartitionFold.Problem
    /// Frames that the archive had after the record when the fold came to it, to be searched for that entry; nil: all are.
    var unsearched: (any FrameFeed)?
    /// The next of them is not here yet.
    var isWaiting = false
    /// The entry is found.
    private(set) var isOver = false
    /// The log has it.
    var isReported = false
    private var search = SkipSearch()

    init(_ problem: PartitionFold.Problem) { self.problem = problem }

    /// There are frames to be searched now.
    var isSearching: Bool { !isOver && !isWaiting && unsearched != nil }

    mutating func look(at frame: LedgerFrame) {
        if !isOver, search.names(problem.offset, in: frame) { isOver = true }
    }

    /// What is wrong and what can be done, for the log and `/readyz`.
    var description: String {
        let (partition, offset) = (problem.partition, problem.offset)
        let firstWayOut =
            problem.needsNewerProgram
            ? "run a newer version of the program here; if no version of it has written the record, restore the topic"
            : "restore the topic"
        return
            "\(problem); the partition is in quarantine: \(firstWayOut), or pass the record over with `standing ledger "
            + "skip \(partition) \(offset) --reason TEXT`"
    }
}

extension PipelineStatus {
    /// A ledger partition in quarantine: it is folded up to this record and no further.
    public struct Quarantined: Sendable, Equatable {
        public let partition: Int32
        /// The record's ledger offset.
        public let offset: Int64
        /// What is wrong with it, and what can be done.
        public let reason: String
    }
}
