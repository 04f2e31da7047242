internal import Ledger
internal import Replay
internal import Scoring

// What the members of a group say of the same state.
extension LedgerPartition {
    enum CheckpointAction: Equatable {
        /// To be signed and published; then `lastCheckpoint` is set.
        case publish(Checkpoint)
        /// Another member folds the same ledger differently: nothing more may be published from here.
        case fail(Divergence)
    }

    /// Where the fold came from `before` to `next` and passed a multiple of the interval: this member's checkpoint, if it has
    /// published none of this offset, held against those of others. Nil if nothing is to be done.
    func checkpoint(
        from before: Int64, to next: Int64, _ settings: PipelineConfiguration.Checkpoints
    ) -> CheckpointAction? {
        guard next / settings.everyFrames > before / settings.everyFrames else { return nil }
        let isNew = next > lastCheckpoint
        guard isNew || comparison.nextPlace(from: next) == next else { return nil }
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

    /// Takes a member's checkpoint of this partition; `member` is this member's name.
    func compare(_ checkpoint: Checkpoint, member: String) -> Divergence? {
        if checkpoint.member == member { lastCheckpoint = max(lastCheckpoint, checkpoint.nextOffset) }
        return comparison.add(checkpoint)
    }
}
