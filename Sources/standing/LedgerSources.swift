import Pipeline
import Replay
import Terminal

/// The source topics that are withdrawn, by the acts in every partition of a ledger. They differ where an act has not
/// reached every partition yet, or where one was of an older fold version.
struct LedgerSources {
    /// The least fold version of a partition.
    let foldVersion: Int64
    /// The partitions without a policy, in ascending order.
    let withoutPolicy: [Int32]
    let partitions: Int
    private(set) var withdrawn = WithdrawnSources()

    /// Reads the whole ledger. Throws the source's errors.
    init(_ source: LedgerSource) throws {
        let work = WorkCounter(total: source.total)
        let line = ProgressLine("frames", work)
        defer { line.finish() }
        var versions: [Int64] = []
        var withoutPolicy: [Int32] = []
        for partition in source.partitions {
            var history = PolicyHistory()
            try history.read(CountedFrames(try source.frames(partition, 0, .max), work))
            versions.append(history.foldVersion)
            if !history.hasPolicy { withoutPolicy.append(partition) }
            withdrawn.add(history.withdrawnSources, of: partition)
        }
        self.withoutPolicy = withoutPolicy.sorted()
        (foldVersion, partitions) = (versions.min() ?? 0, versions.count)
    }
}
