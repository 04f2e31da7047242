internal import CoreMetrics
internal import Events
internal import Kafka
internal import Ledger
internal import Logging
internal import Policy
internal import Replay
internal import Scoring
internal import Synchronization

/// Owns ledger partitions: folds their frames, publishes their facts, appends ticks. Runs on one thread.
///
/// A partition that is assigned is folded from the state that is at hand, its newest snapshot, or else from the ledger's
/// beginning; publication goes on after the last fact that is published. After an error the same is done again with what the
/// group has assigned.
final class FoldWorker: RoundWorker {
    static let commitEvery = Duration.milliseconds(500)
    static let handOverMilliseconds = 5000
    /// Marks the delivery of a tick or a checkpoint, which are no facts.
    static let otherTag = -1

    let configuration: PipelineConfiguration
    let host: any Host
    let logger: Logger
    let stop: StopFlag
    let board: StatusBoard
    let owned: OwnedPartitions
    private(set) var outlet: FactOutlet
    private(set) var consumer: (any ConsumerClient)?
    /// What the group has assigned to this member; nil before it has, and after it has revoked that.
    var assignment: [TopicPartition]?

    /// By number; nil where this member has nothing of the partition.
    var partitions: [LedgerPartition?]
    /// Those of them that are assigned to this member, by the consumer's source index.
    var assignedPartitions: [LedgerPartition] = []
    /// Reads what a standby folds.
    var standbyConsumer: (any ConsumerClient)?
    var lastLimits: ContinuousClock.Instant
    /// When the round began, or the time behind was noted in it.
    var lastBehind: ContinuousClock.Instant
    /// By number: `LedgerPartition.countedTo` of those that this member has let go of.
    private(set) var countedTo: [Int32: Int64] = [:]
    let clock: SteadyClock
    let memory: MemoryWatch
    var batch = FactBatch()
    /// Read from its beginning whenever partitions are assigned: what was published of them before counts too.
    var checkpoints: CheckpointTopic?
    let directory: MemberDirectory
    /// How far the ledger is folded, and how fast.
    var recovery: Recovery
    var failure: (any Error)?
    var lastCommit: ContinuousClock.Instant
    /// By ledger partition: the positions that were committed last; nil if none were since the last assignment.
    var committed: [Int32: Int64]?
    let publishedCounters: [Counter]
    let frameCounter = Counter(.foldFrames)

    init(_ member: Member, ledgerPartitions: Int) throws {
        configuration = member.configuration
        (host, logger) = (configuration.host, member.logger)
        (stop, board, owned, directory) = (member.stop, member.board, member.owned, member.directory)
        (clock, memory) = (member.clock, member.memory)
        (lastLimits, lastBehind, lastCommit) = (host.now, host.now, host.now)
        recovery = Recovery(at: host.now)
        partitions = [LedgerPartition?](repeating: nil, count: ledgerPartitions)
        outlet = try FactOutlet(configuration, ledgerPartitions: ledgerPartitions, logger: logger)
        publishedCounters = configuration.topics.facts.map {
            Counter(.factsPublished, labels: [("topic", $0)])
        }
    }

    func start() throws {
        var options = Consumer.Options(group: configuration.foldGroup, instance: configuration.staticMember)
        options.reportsEnds = true
        options.maximumQueuedKilobytes = configuration.queuedKilobytes
        let logger = logger
        consumer = try configuration.kafka.consumer(options, listener: self) { logger.kafka($0, of: "fold") }
        try consumer?.subscribe(to: [configuration.topics.ledger])
    }

    func step() throws {
        guard let consumer else { return }
        lastBehind = host.now
        try consumer.poll(timeoutMilliseconds: isCatchingUp ? 0 : 20) { try fold($0) }
        for (place, error) in consumer.takeErrors() { try handle(error, at: place) }
        guard try recover() else { return }
        try catchUp()
        serve(0)
        try check()
        noteEnds(consumer)
        try appendTicks()
        try announce()
        try commitIfDue(consumer)
        try standBy(consumer)
        try settleQuarantines()
        try compareCheckpoints()
        try store()
        watchMemory()
    }

    func finish() {
        guard let consumer else { return }
        handOver(consumer)
        consumer.close()
        takeLeave()
        closeStores()
    }

    var canResume: Bool { consumer.map { $0.fatalError == nil } ?? false }

    func resume() throws {
        guard let consumer else { return }
        forgetEverything()
        try renewOutlet()
        failure = nil
        guard let assignment else { return }
        try consumer.assign(assigned(assignment, to: consumer))
        try check()
    }

    func abandon() {
        forgetEverything()
        outlet.producer.purge()
        consumer = nil
    }

    /// After an error nothing more is written: archive and snapshots are read again.
    private func forgetEverything() {
        for partition in assignedPartitions { board.keep(partition.shared) }
        assignedPartitions = []
        for partition in partitions.compactMap(\.self) { drop(partition) }
        (standbyConsumer, checkpoints) = (nil, nil)
        showPartitions()
        showNothingOwned()
    }

    /// This member lets go of a partition.
    func drop(_ partition: LedgerPartition) {
        countedTo[partition.number] = partition.countedTo
        partitions[Int(partition.number)] = nil
    }

    /// What was sent and is not acknowledged is given up: another member may send it already.
    func renewOutlet() throws {
        outlet.producer.purge()
        outlet = try FactOutlet(configuration, ledgerPartitions: partitions.count, logger: logger)
    }

    func check() throws {
        if let failure { throw failure }
        if let fatal = outlet.producer.fatalError { throw fatal }
    }

    func handle(_ error: KafkaError, at place: TopicPartition) throws {
        if error.isOffsetOutOfRange {
            throw PipelineError(
                .ledgerDamaged,
                "\(place): what is to be read next is not in the topic (\(error.name)); a ledger must be kept for ever")
        }
        guard error.isRetriable else { throw error }
        logger.warning("\(error)")
    }
}
