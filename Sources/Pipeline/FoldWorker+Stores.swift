internal import Events
internal import Kafka
internal import Ledger
internal import Logging
internal import Policy
internal import Replay
internal import Scoring

// What a member keeps of its partitions, where it starts from it, and what it says of it.
extension FoldWorker {
    private static let diskFullPauseMilliseconds = 200
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

    // MARK: Start

    /// A standby: its archive, and its state from the newest good snapshot or from nothing.
    func open(_ number: Int32) throws -> LedgerPartition {
        let (kafka, ledger, stop) = (configuration.kafka, configuration.topics.ledger, stop)
        let store = try PartitionStore(number, data: configuration.data, host: host, logger: logger) { range in
            try LedgerTopicFrames(
                kafka, topic: ledger, partition: number, from: range.lowerBound, until: range.upperBound,
                isStopped: { stop.isSet })
        }
        let countedTo = countedTo[number] ?? 0
        let partition =
            if let restored = try restore(store) {
                LedgerPartition(restored.fold, chain: restored.chain, store: store, countedTo: countedTo)
            } else {
                LedgerPartition(
                    blank(store), chain: FrameChain(partition: number), store: store, countedTo: countedTo)
            }
        partitions[Int(number)] = partition
        return partition
    }

    /// The newest good snapshot; nil if there is none.
    func restore(_ store: PartitionStore) throws -> LocalData.Restored? {
        try store.restore(
            history: history(store.partition, store.directory), maximumSessions: configuration.maximumSessions,
            logger: logger)
    }

    /// A state in which nothing is folded.
    func blank(_ store: PartitionStore) -> PartitionFold {
        PartitionFold(
            partition: store.partition, history: history(store.partition, store.directory),
            maximumSessions: configuration.maximumSessions)
    }

    /// What a policy that is activated is folded from.
    private func history(_ partition: Int32, _ directory: ArchiveDirectory?) -> PartitionFold.History {
        let (kafka, ledger, stop) = (configuration.kafka, configuration.topics.ledger, stop)
        return { end in
            LedgerFrames(archive: directory, from: 0, until: end) { start in
                try LedgerTopicFrames(
                    kafka, topic: ledger, partition: partition, from: start, until: end, isStopped: { stop.isSet })
            }
        }
    }

    /// Makes ready to fold what the archive has beyond the snapshots of these partitions.
    func beginCatchUp(_ arrived: [LedgerPartition]) throws {
        try readCheckpoints()
        recovery = Recovery(at: host.now)
        let ends = try configuration.kafka.ends(
            of: assignedPartitions.map { TopicPartition(configuration.topics.ledger, $0.number) })
        for partition in arrived {
            try useOnlyWhatIsPublished(partition)
            readAhead(partition)
            partition.catchUp(to: ends[TopicPartition(configuration.topics.ledger, partition.number)] ?? 0)
        }
        recovery.total = left
    }

    /// Frames that the ledger has and the fold has not.
    private var left: Int64 {
        assignedPartitions.reduce(0) { $0 + $1.framesLeft }
    }

    /// From here on what the archive has, and then what it got meanwhile, is folded before anything that is read. `limit`:
    /// nothing at this ledger offset or after it.
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

    /// Folds some of what is kept and not folded yet, publishing what is not out yet. The group's rounds go on between the
    /// calls, so that a long past never looks like a dead member.
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
        }
        noteProgress(isDone: false)
    }

    /// A state that is ahead of its facts would never publish them. One that was in use before the partitions were assigned
    /// anew can be ahead of its facts: then the newest snapshot is taken. A snapshot is ahead of them only where the fact topics
    /// have lost some: then the state is folded from the beginning.
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
                tellPolicies()
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
    private func tellPolicies() {
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

    // MARK: Keeping

    /// Takes a frame into the archive. A full disk is waited for: reading goes on when there is room.
    func keep(_ frame: UnsafeRawBufferPointer, at offset: Int64, in store: PartitionStore) throws {
        var isTold = false
        while true {
            do {
                try store.keep(frame, at: offset)
                if isTold { logger.notice("there is room again", metadata: ["partition": "\(store.partition)"]) }
                return
            } catch  where error.isDiskFull {
                if !isTold {
                    logger.error("the disk is full: the fold waits for room", metadata: ["reason": "\(error)"])
                }
                isTold = true
                serve(Self.diskFullPauseMilliseconds)
                try check()
                if stop.isSet { throw CancellationError() }
            } catch {
                throw storageError(error)
            }
        }
    }

    /// A sync that failed has lost what it should have kept, whatever a later one says: the process ends.
    private func storageError(_ error: FileError) -> any Error {
        guard error.isFailedSync else { return error }
        return PipelineError(
            .storage, "\(error); what was written may be gone, so this process relies on nothing and ends")
    }

    /// Runs something that writes; a full disk is told and leaves everything as it was.
    func storing(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as FileError where error.isDiskFull {
            logger.error("the disk is full: no snapshot is kept", metadata: ["reason": "\(error)"])
        } catch let error as FileError {
            throw storageError(error)
        }
    }

    /// What was gathered goes to the disk, closed segments get their index, and now and then the state is kept.
    func keepUp() throws {
        guard configuration.data != nil else { return }
        for partition in assignedPartitions + standbys { try keepUp(partition) }
    }

    private func keepUp(_ partition: LedgerPartition) throws {
        let store = partition.store
        try storing { try store.flush() }
        if store.hasNewSegment { index(partition.shared) }
        try storing { try store.commitSnapshot(committable: partition.committable) }
        guard partition.isSnapshotDue(at: host.now, interval: configuration.snapshotInterval) else { return }
        try storing { try takeSnapshot(partition) }
    }

    private func takeSnapshot(_ partition: LedgerPartition) throws {
        let chainHead = partition.chain.head
        try partition.withFold { try partition.store.takeSnapshot(of: $0, chainHead: chainHead) }
    }

    private func index(_ partition: OwnedPartition) {
        let logger = logger
        host.background {
            do {
                try partition.index()
            } catch {
                logger.warning(
                    "the archive's index is not made",
                    metadata: ["partition": "\(partition.partition)", "reason": "\(error)"])
            }
        }
    }

    /// The last snapshots, so that the next start is short, and the archives closed. What fails here costs time, not facts.
    func closeStores() {
        for partition in assignedPartitions { close(partition) }
        assignedPartitions = []
        closeStandbys()
    }

    /// Those that nobody here will use again.
    func closeStandbys() {
        for partition in standbys { close(partition) }
    }

    private func close(_ partition: LedgerPartition) {
        let store = partition.store
        do {
            if partition.nextOffset <= partition.committable {
                try takeSnapshot(partition)
                try store.commitSnapshot(committable: partition.committable, waits: true)
            }
            store.abandonSnapshot()
            try store.close()
        } catch {
            logger.warning("archive and snapshot are not whole", metadata: ["reason": "\(error)"])
        }
        drop(partition)
    }

    // MARK: Checkpoints

    private func readCheckpoints() throws {
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
