internal import Replay
public import Scoring

extension PipelineService {
    /// The sanctions of the ledger partitions that are owned here, and the partitions that are counted: one whose state
    /// cannot be used now is left out. Waits until a part of a frame is folded, in each partition, so it must not be
    /// called from async code, nor for metrics and readiness.
    public func openSanctions() -> (sanctions: OpenSanctions, partitions: Set<Int32>) {
        let now = configuration.runtime.wallClock
        var sum = OpenSanctions()
        var partitions: Set<Int32> = []
        for partition in owned.all {
            let part = partition.readFold { state -> OpenSanctions? in
                state.policy == nil || state.isSpoiled ? nil : state.fold.openSanctions(at: now)
            }
            // A partition without a policy has no entry yet, and so no sanction.
            guard let part else {
                if partition.view.policy == nil, partition.isCurrent { partitions.insert(partition.partition) }
                continue
            }
            sum = sum + part
            partitions.insert(partition.partition)
        }
        return (sum, partitions)
    }
}
