internal import Ledger
internal import Replay
internal import Scoring

// The comparison of states between members.
extension LedgerPartition {
    enum CheckpointAction: Equatable {
        /// The checkpoint must be signed and published; then `lastCheckpoint` is set.
        case publish(Checkpoint)
        /// Another member folds the same ledger differently, so this one may publish nothing more.
        case fail(Divergence)
    }

    /// If the fold from `before` to `next` has passed a multiple of the interval: this member's checkpoint, unless it
    /// has published one of this offset, compared with those of other members. Nil if there is nothing to do.
    func checkpoint(
        from before: Int64, to next: Int64, _ settings: PipelineConfiguration.Checkpoints
    ) -> CheckpointAction? {
        guard next / settings.everyFrames > before / settings.everyFrames else { return nil }
        let isNew = next > lastCheckpoint
        guard isNew || comparison.nextOffset(from: next) == next else { return nil }
        let (number, chainHead) = (number, chain.head)
        let checkpoint = withFold { state in
            Checkpoint(
                partition: number, nextOffset: next, chainHead: chainHead, state: state.fold.digest().description,
                foldVersion: state.fold.version.rawValue, policy: Checkpoint.hash(ofPolicy: state.policyText),
                member: settings.member)
        }
        if let divergence = comparison.addOwn(checkpoint) { return .fail(divergence) }
        return isNew ? .publish(checkpoint) : nil
    }

    /// Takes a member's checkpoint of this partition. `member`: this member's name.
    func compare(_ checkpoint: Checkpoint, member: String) -> Divergence? {
        if checkpoint.member == member { lastCheckpoint = max(lastCheckpoint, checkpoint.nextOffset) }
        return comparison.add(checkpoint)
    }
}
