internal import Kafka
internal import Ledger

// What this member and others publish of the states that they fold.
extension FoldWorker {
    func readCheckpoints() throws {
        guard let settings = configuration.checkpoints else { return }
        let topic = try CheckpointTopic(configuration, settings, logger: logger)
        checkpoints = topic
        for checkpoint in try topic.readToEnd(stop) { try compare(checkpoint) }
    }

    /// Holds what others have said since against what was folded here.
    func compareCheckpoints() throws {
        guard let checkpoints else { return }
        for checkpoint in try checkpoints.poll() { try compare(checkpoint) }
    }

    private func compare(_ checkpoint: Checkpoint) throws {
        guard let settings = configuration.checkpoints, partitions.indices.contains(Int(checkpoint.partition)),
            let partition = partitions[Int(checkpoint.partition)]
        else { return }
        if let divergence = partition.compare(checkpoint, member: settings.member) { throw diverged(divergence) }
    }

    private func diverged(_ divergence: Divergence) -> PipelineError {
        PipelineError(
            .divergence,
            "\(divergence); nothing more is published from here: `standing verify` says where it comes from")
    }

    /// Where an offset passes a multiple of the interval: says what the state is, if this member has not yet, and holds it
    /// against what was said of that offset.
    func checkpointIfDue(_ partition: LedgerPartition, from before: Int64, to next: Int64) throws {
        guard let settings = configuration.checkpoints,
            let action = partition.checkpoint(from: before, to: next, settings)
        else { return }
        switch action {
        case .fail(let divergence): throw diverged(divergence)
        case .publish(let checkpoint):
            guard let topic = outlet.checkpoints, let signed = settings.keyring.sign(checkpoint) else { return }
            partition.lastCheckpoint = next
            try publish(signed, of: partition.number, to: topic)
        }
    }

    private func publish(_ signed: SignedCheckpoint, of partition: Int32, to topic: Int) throws {
        let key = Array(String(partition).utf8)
        let value = Array(signed.json.utf8)
        try key.withUnsafeBytes { key in
            try value.withUnsafeBytes { value in
                while try !outlet.producer.produce(
                    topic: topic, partition: Producer.anyPartition, key: key, value: value, tag: Self.otherTag
                ) { try waitForRoom() }
            }
        }
    }
}
