internal import Events
internal import Kafka
internal import Ledger
internal import Logging
internal import Policy
internal import Replay
internal import Scoring
internal import Synchronization

// The output of a folded frame: facts and checkpoints to the broker, counts to the status and the log.
extension PartitionRunner {
    private static let factHeaders = HeaderSet([
        (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
    ])

    /// Sends the current batch to the producer. Returns false if there is no room; the poller then calls again when
    /// there is.
    func sendFacts(of partition: LedgerPartition) throws -> Bool {
        lacksRoom = false
        guard let factProducer = environment.factProducer, partition.isStandby || factProducer.producer === producer
        else { return false }
        guard try sendBatch(of: partition, through: factProducer) else { return false }
        if sentFacts > 0 {
            batch.removeAll()
            factsInARow += sentFacts
            sentFacts = 0
        }
        if let frame = completed {
            completed = nil
            partition.folded(next: frame.next)
            try checkpointIfDue(partition, from: frame.from, to: frame.next)
        }
        return try sendCheckpoint(of: partition, through: factProducer)
    }

    private func sendBatch(of partition: LedgerPartition, through factProducer: FactProducer) throws -> Bool {
        let first = sentFacts
        let before = partition.publication?.sent.reduce(0, +) ?? 0
        defer { changes.append(batch, first..<sentFacts, after: before) }
        while sentFacts < batch.items.count {
            let item = batch.items[sentFacts]
            let topic = item.topic.rawValue
            let value = batch.value(item)
            guard
                try factProducer.producer.produce(
                    topic: factProducer.facts[topic], partition: number, key: batch.key(item), value: value,
                    headers: Self.factHeaders, tag: Int(item.sequence))
            else {
                noteNoRoom()
                return false
            }
            partition.send(item.topic, item.sequence)
            counts.facts[topic] += 1
            counts.factBytes[topic] += Int64(value.count)
            sentFacts += 1
        }
        return true
    }

    private func sendCheckpoint(of partition: LedgerPartition, through factProducer: FactProducer) throws -> Bool {
        guard let checkpoint, let topic = factProducer.checkpoints else { return true }
        let key = Array(String(number).utf8)
        let hasRoom = try key.withUnsafeBytes { key in
            try checkpoint.bytes.withUnsafeBytes { value in
                try factProducer.producer.produce(
                    topic: topic, partition: Producer.anyPartition, key: key, value: value,
                    tag: FoldEnvironment.otherTag)
            }
        }
        guard hasRoom else {
            noteNoRoom()
            return false
        }
        partition.lastCheckpoint = checkpoint.next
        self.checkpoint = nil
        return true
    }

    private func noteNoRoom() {
        lacksRoom = true
        environment.wantsRoom.store(true, ordering: .releasing)
    }

    // MARK: Checkpoints

    /// Takes checkpoints of other members, and those of this one before a restart.
    func compare(_ checkpoint: Checkpoint, in partition: LedgerPartition) throws {
        guard let settings = configuration.checkpoints else { return }
        if let divergence = partition.compare(checkpoint, member: settings.member) { throw diverged(divergence) }
    }

    /// If the offset has passed a multiple of the interval, makes this member's checkpoint, unless there is one, and
    /// compares it with those of the same offset.
    private func checkpointIfDue(_ partition: LedgerPartition, from before: Int64, to next: Int64) throws {
        guard let settings = configuration.checkpoints,
            let action = partition.checkpoint(from: before, to: next, settings)
        else { return }
        switch action {
        case .fail(let divergence): throw diverged(divergence)
        case .publish(let found):
            guard let signed = settings.keyring.sign(found) else { return }
            checkpoint = (Array(signed.json.utf8), next)
        }
    }

    private func diverged(_ divergence: Divergence) -> PipelineError {
        PipelineError(
            .divergence,
            "\(divergence); nothing more is published from here: `standing verify` says where it comes from")
    }

    // MARK: Counts

    func note(_ news: FoldTallies, at offset: Int64, in partition: LedgerPartition) {
        counts.news = counts.news.map { $0 + news } ?? news
        let counters = news.counters
        guard
            news.refusedFrames > 0 || counters.policySwitches > 0 || counters.activationsIgnored > 0
                || counters.outOfRange > 0
        else { return }
        let position: Logger.Metadata = ["partition": "\(number)", "offset": "\(offset)"]
        if news.refusedFrames > 0 {
            logger.error(
                "a frame is refused: its appender session has a gap or is forgotten; the appender sends its events again",
                metadata: position)
        }
        if counters.outOfRange > 0 {
            logger.error(
                "entries contribute nothing: their time lies outside 1970 to 2200, or more than 10 years beyond the clock",
                metadata: position.merging(["entries": "\(counters.outOfRange)"]) { $1 })
        }
        if counters.activationsIgnored > 0 {
            logger.warning(
                """
                an act changes nothing: another policy is active than its activation was approved against, or it needs a newer \
                fold version of the ledger (`standing policy log`, `standing ledger upgrade`)
                """,
                metadata: position.merging(["acts": "\(counters.activationsIgnored)"]) { $1 })
        }
        if counters.policySwitches > 0, let policy = partition.withFold({ $0.policy }) {
            let withdrawn = partition.withFold { $0.withdrawnSources.map { String(decoding: $0, as: UTF8.self) } }
            logger.notice(
                "a policy is activated, or a source withdrawn or restored",
                metadata: position.merging([
                    "policy": "\(policy.id)", "version": "\(policy.version)",
                    "withdrawn": "\(withdrawn.joined(separator: ","))",
                ]) { $1 })
        }
    }
}
