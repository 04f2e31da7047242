public import Policy
internal import Replay

extension PipelineService {
    /// The active policy of the first partition that is folded here; nil before its first entry. Waits until a part of
    /// a frame is folded, so it must not be called from async code.
    public var activePolicy: ScoringPolicy? {
        for partition in owned.all {
            if let policy = partition.readFold({ $0.isSpoiled ? nil : $0.sharedPolicy }) { return policy.policy }
        }
        return nil
    }
}
