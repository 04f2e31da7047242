internal import Kafka
internal import Ledger
internal import Logging
internal import Policy
internal import Replay

// A partition that is assigned catches up: its state is restored, and folded to the ledger's end.
extension FoldWorker {
    private static let progressEvery = Duration.milliseconds(500)
    private static let progressLogEvery = Duration.seconds(5)
    /// Frames of a partition folded from the archive between two looks at group, topic and producer.
    static let catchUpFrames = 64

    struct AheadOfFacts: Error, CustomStringConvertible {
        var description: String { "a state is ahead of its facts" }
    }

    /// How far the ledger is folded, until it is folded to its end.
    struct Recovery {
        var estimate = RateEstimate()
        /// What was to be folded at the start, in frames; 0 once it is folded.
        var total: Int64 = 0
        let start: ContinuousClock.Instant
        var lastNote: ContinuousClock.Instant
        var lastLog: ContinuousClock.Instant

        init(at now: ContinuousClock.Instant) { (start, lastNote, lastLog) = (now, now, now) }
    }

    /// Makes ready to fold what the archive has beyond the states of these partitions.
    func beginCatchUp(_ recovered: [LedgerPartition]) throws {
        try readCheckpoints()
        recovery = Recovery(at: host.now)
        let ends = try configuration.kafka.ends(
            of: assignedPartitions.map { TopicPartition(configuration.topics.ledger, $0.number) })
        for partition in recovered {
            try useOnlyWhatIsPublished(partition)
            readAhead(partition)
            partition.catchUp(to: ends[TopicPartition(configuration.topics.ledger, partition.number)] ?? 0)
        }
        recovery.total = left
    }

    /// Frames that the ledger has and the fold does not.
    private var left: Int64 { assignedPartitions.reduce(0) { $0 + $1.framesLeft } }

    /// From here on what the archive has, and then what it gets meanwhile, is folded before anything that is polled: as far as
    /// `limit`, a ledger offset.
    func readAhead(_ partition: LedgerPartition, limit: Int64 = .max) {
        partition.backlog = partition.unfolded(before: limit).map { frames(of: partition, in: $0) }
    }

    /// Those of the archive, and where it ends or is damaged those of the topic.
    func frames(of partition: LedgerPartition, in offsets: Range<Int64>) -> LedgerFrames {
        let (kafka, ledger, stop) = (configuration.kafka, configuration.topics.ledger, stop)
        let (number, end) = (partition.number, offsets.upperBound)
        return LedgerFrames(archive: partition.store.directory, from: offsets.lowerBound, until: end) { start in
            try LedgerTopicFrames(
                kafka, topic: ledger, partition: number, from: start, until: end, isStopped: { stop.isSet })
        }
    }

    var isCatchingUp: Bool { assignedPartitions.contains { $0.backlog != nil } }

    /// Folds some of the backlogs, publishing what is not published yet. The rounds go on between the calls, so that a long
    /// past never looks like a dead member.
    func catchUp() throws {
        for partition in assignedPartitions {
            for _ in 0..<Self.catchUpFrames {
                guard let backlog = partition.backlog else { break }
                if let frame = try backlog.next() {
                    try fold(frame, in: partition)
                } else {
                    try storing { try partition.store.flush() }
                    readAhead(partition)
                }
            }
            partition.renewView()
            noteBehindIfDue()
        }
        noteProgress(isDone: false)
    }

    /// A state that is ahead of its facts would never publish them. One that was in use before the partitions were assigned
    /// anew can be ahead of its facts: then the newest snapshot is taken. A snapshot is ahead of them only where the fact
    /// topics have lost some: then the state is folded from the beginning.
    private func useOnlyWhatIsPublished(_ partition: LedgerPartition) throws {
        let store = partition.store
        if partition.resumePublication() { return }
        if let restored = try restore(store) {
            partition.replace(restored.fold, chain: restored.chain)
            if partition.resumePublication() { return }
            logger.warning(
                "facts of a snapshot are not all published: folding from the beginning",
                metadata: ["partition": "\(partition.number)"])
            try storing { try store.dropSnapshots() }
        }
        // Without an archive the topic is read on from where this state stands: only a new worker begins anew.
        guard store.archiveEnd != nil else { throw AheadOfFacts() }
        partition.replace(blank(store), chain: FrameChain(partition: partition.number))
    }

    /// How long it will take until everything is folded: for `/readyz` and the log.
    func noteProgress(isDone: Bool) {
        guard !isDone else {
            if recovery.total > 0 {
                board.update { $0.secondsLeft = nil }
                logPolicies()
            }
            recovery.total = 0
            return
        }
        guard recovery.total > 0, host.now - recovery.lastNote > Self.progressEvery else { return }
        recovery.lastNote = host.now
        // The ledger grows meanwhile: what is left is what it has now.
        let left = left
        recovery.total = max(recovery.total, left)
        let done = recovery.total - left
        recovery.estimate.add(done: done, at: (host.now - recovery.start) / .seconds(1))
        let seconds = recovery.estimate.timeLeft(total: recovery.total)
        board.update { $0.secondsLeft = seconds }
        guard left > 0, host.now - recovery.lastLog > Self.progressLogEvery else { return }
        recovery.lastLog = host.now
        logger.info(
            "folding the ledger",
            metadata: [
                "frames": "\(done)", "of": "\(recovery.total)",
                "secondsLeft": "\(seconds.map { String(Int($0)) } ?? "?")",
            ])
    }

    /// Under which policies the ledger is folded: one, but while an activation is under way.
    private func logPolicies() {
        let policies = assignedPartitions.compactMap { partition in
            partition.withFold { state in state.policy.map { "\($0.id) version \($0.version)" } }
        }
        logger.notice(
            "the ledger is folded",
            metadata: [
                "activePolicy": "\(Set(policies).sorted().joined(separator: ", "))",
                "partitions": "\(assignedPartitions.count)",
            ])
    }
}
