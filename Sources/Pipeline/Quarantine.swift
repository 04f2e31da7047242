internal import Ledger
internal import Replay

/// The quarantine of a ledger partition: a record cannot be read or folded. The fold stops before it, until a later
/// entry passes it over. Other partitions are not affected.
struct Quarantine {
    let problem: PartitionFold.Problem
    /// Archived frames after the record that must be searched for that entry; nil if all are searched.
    var unsearched: (any FrameFeed)?
    /// Whether the next of them is not available yet.
    var isWaiting = false
    /// Whether the entry is found.
    private(set) var isOver = false
    /// Whether it is logged.
    var isReported = false
    private var search = SkipSearch()

    init(_ problem: PartitionFold.Problem) { self.problem = problem }

    /// Whether there are frames to search now.
    var isSearching: Bool { !isOver && !isWaiting && unsearched != nil }

    mutating func look(at frame: LedgerFrame) {
        if !isOver, search.names(problem.offset, in: frame) { isOver = true }
    }

    /// The defect and the remedy, for the log and `/readyz`.
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

extension PipelineReading {
    /// A ledger partition in quarantine: it is folded only up to this record.
    public struct Quarantined: Sendable, Equatable {
        public let partition: Int32
        /// The record's ledger offset.
        public let offset: Int64
        /// Its defect, and the remedy.
        public let reason: String
    }
}
