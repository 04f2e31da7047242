internal import Events
internal import Kafka
internal import Ledger
internal import Logging
internal import Policy
internal import Replay
internal import Scoring
internal import Synchronization

/// Folds the ledger partitions that its group assigns to this member. It polls, and passes frames to the partitions,
/// which workers run. It computes nothing and does not wait for the disk or the producer, so a long history or a slow
/// part never causes a missed poll. It runs on one thread.
///
/// An assigned partition starts from the state in memory, else from its newest snapshot, else from the ledger's
/// beginning. Publication continues after the last published fact. A partition that fails restarts alone. After an
/// error of the consumer or the producer all partitions restart.
final class FoldPoller: PollLoop {
    static let commitEvery = Duration.milliseconds(500)
    static let handOverMilliseconds = 5000
    /// The longest wait for records, with other work pending and without.
    private static let (shortWaitMilliseconds, longWaitMilliseconds) = (2, 20)
    /// The number of records of one poll. Together with the bound of the inboxes it bounds the copied bytes.
    private static let batch = 64
    /// The least capacity of one partition's inbox, in bytes.
    private static let leastInboxBytes = 256 << 10
    private static let noteStoresEvery = Duration.milliseconds(10)
    /// How often partitions without new frames run, for clocks, snapshots and checks.
    private static let pokeEvery = Duration.milliseconds(100)

    /// A ledger partition in the poller.
    struct Slot {
        var runner: PartitionRunner?
        /// The previous runner, which must have closed before the partition is opened again.
        var closing: PartitionRunner?
        /// Whether the partition is polled: by the group's consumer if it is assigned, else by that of the standbys.
        var isRead = false
        /// The offset that the partition has requested; nil before the request, and after polling has begun.
        var start: Int64?
        /// Whether its inbox is full, so that the consumer pauses it.
        var isPaused = false
        /// The policy that the runner was ordered to fold beside the active one.
        var shadow: ShadowOrder?
        /// Whether facts of the partition were acknowledged, and its runner is not scheduled yet.
        var hasDelivered = false
        /// `PartitionRunner.Status.countedTo` of closed runners.
        var countedTo: Int64 = 0
        var failure = Failures()
    }

    let configuration: PipelineConfiguration
    let runtime: any Runtime
    let logger: Logger
    let stop: StopFlag
    let pipelineStatus: PipelineStatus
    let owned: OwnedPartitions
    let environment: FoldEnvironment
    private(set) var consumer: (any ConsumerClient)?
    /// The group's assignment; nil before the first, and after it was revoked.
    var assignment: [TopicPartition]?
    /// By ledger partition.
    var slots: [Slot]
    /// The runners whose partitions the group's consumer reads, by source index.
    var read: [PartitionRunner] = []
    /// The consumer of the standbys' partitions.
    var standbyConsumer: (any ConsumerClient)?
    var readByStandby: [PartitionRunner] = []
    var lastLimits: ContinuousClock.Instant
    var lastShadowNote: ContinuousClock.Instant
    var asksLimits = false
    private var lastPoke: ContinuousClock.Instant
    private var lastStoresNote: ContinuousClock.Instant
    let memory: MemoryWatch
    /// Read from its beginning whenever partitions are assigned, because their earlier checkpoints count too.
    var checkpoints: CheckpointTopic?
    let directory: MemberDirectory
    /// Ticks to be appended.
    var ticks: [(partition: Int32, time: Timestamp)] = []
    /// The progress and speed of the fold.
    var progress: Progress
    var switches = SwitchLog()
    var failure: (any Error)?
    var lastCommit: ContinuousClock.Instant
    /// The positions that were committed last, by ledger partition; nil if there are none since the last assignment.
    var committed: [Int32: Int64]?

    init(_ member: Member, ledgerPartitions: Int) throws {
        configuration = member.configuration
        (runtime, logger) = (configuration.runtime, member.logger)
        (stop, pipelineStatus, owned, directory) = (member.stop, member.pipelineStatus, member.owned, member.directory)
        memory = member.memory
        (lastLimits, lastPoke, lastCommit, lastShadowNote) = (runtime.now, runtime.now, runtime.now, runtime.now)
        lastStoresNote = runtime.now
        progress = Progress(at: runtime.now)
        slots = (0..<ledgerPartitions).map { _ in Slot() }
        environment = FoldEnvironment(member)
        environment.factProducer = try FactProducer(configuration, ledgerPartitions: ledgerPartitions, logger: logger)
    }

    /// A report refers to its partition, which refers to the environment.
    deinit { _ = environment.takeReports() }

    func start() throws {
        var options = readingOptions
        (options.group, options.instance) = (configuration.foldGroup, configuration.staticMember)
        options.reportsEnds = true
        options.name = "fold"
        options.maximumPollInterval = configuration.maximumPollInterval
        let logger = logger
        consumer = try configuration.kafka.consumer(options, listener: self) { logger.kafka($0, of: "fold") }
        try consumer?.subscribe(to: [configuration.topics.ledger])
    }

    /// The options of every consumer of the ledger.
    var readingOptions: Consumer.Options {
        var options = Consumer.Options()
        options.maximumQueuedKilobytes = configuration.queuedKilobytes
        options.batch = Self.batch
        return options
    }

    func step() throws {
        guard let consumer else { return }
        pipelineStatus.notePoll(of: .fold)
        let isBusy = factProducer.producer.queued > 0 || slots.contains(where: \.isPaused)
        try consumer.poll(timeoutMilliseconds: isBusy ? Self.shortWaitMilliseconds : Self.longWaitMilliseconds) {
            try hand($0, to: read)
        }
        for (topicPartition, error) in consumer.takeErrors() { try handle(error, at: topicPartition) }
        serve(0)
        try takeReports()
        try takeAnswers()
        try check()
        try beginReading(consumer)
        try resumeReading()
        try standBy(consumer)
        poke()
        noteEnds(consumer)
        noteInboxes()
        noteStoresIfDue()
        try appendTicks()
        try announce()
        orderShadow()
        try commitIfDue(consumer)
        try compareCheckpoints()
        beginAgainIfDue(consumer)
        watchMemory()
    }

    func finish() throws {
        guard let consumer else { return }
        handOver(consumer)
        consumer.close()
        pipelineStatus.noteNoPolls(of: .fold)
        takeLeave()
        closeAll(takesSnapshots: true)
        try checkStorage()
    }

    /// A failed write ends the process, even if nothing follows it.
    private func checkStorage() throws { if let finalError { throw finalError } }

    var finalError: PipelineError? { failure as? PipelineError }

    var canResume: Bool { consumer.map { $0.fatalError == nil } ?? false }

    func resume() throws {
        guard let consumer else { return }
        letGoOfEverything()
        try checkStorage()
        try renewProducer()
        failure = nil
        guard let assignment else { return }
        try consumer.assign(assigned(assignment, to: consumer))
        try check()
    }

    func abandon() {
        letGoOfEverything()
        environment.factProducer?.producer.purge()
        consumer?.close()
        consumer = nil
        pipelineStatus.noteNoPolls(of: .fold)
    }

    /// After an error nothing more is written. Archive and snapshots are read again.
    private func letGoOfEverything() {
        environment.beginTurn()
        asksLimits = false
        for runner in assignedRunners { if let shared = runner.status.shared { pipelineStatus.add(shared) } }
        owned.replace([], standby: [])
        closeAll(takesSnapshots: false)
        (read, readByStandby, standbyConsumer, checkpoints) = ([], [], nil, nil)
        noteInboxes()
        showPartitions()
        showNothingOwned()
    }

    // MARK: Polling

    /// Copies polled records to the partitions.
    func hand(_ records: UnsafeBufferPointer<Record>, to runners: [PartitionRunner]) throws {
        guard !records.isEmpty else { return }
        // The member is not current before the frames are folded and their facts acknowledged.
        pipelineStatus.update { $0.currentPartitions = 0 }
        let limit = inboxLimit
        var start = 0
        while start < records.count {
            let source = records[start].source
            var (end, bytes) = (start, 0)
            while end < records.count, records[end].source == source {
                bytes += records[end].frame.count
                end += 1
            }
            let block = FrameBlock(capacity: bytes, frames: end - start)
            for record in records[start..<end] where !record.isLedgerFiller {
                block.append(record.frame, at: record.offset, written: record.timestamp)
            }
            start = end
            guard block.count > 0 else { continue }
            let runner = runners[source]
            let waiting = runner.inbox.add(block, of: runner.status.shared)
            environment.slices.ready(runner)
            if waiting >= limit { try pause(runner) }
        }
    }

    /// In bytes.
    private var inboxLimit: Int {
        max(Self.leastInboxBytes, configuration.queuedBytes / max(1, read.count + readByStandby.count))
    }

    private func reader(of runner: PartitionRunner) -> (any ConsumerClient)? {
        read.contains { $0 === runner } ? consumer : standbyConsumer
    }

    private func pause(_ runner: PartitionRunner) throws {
        let number = Int(runner.number)
        guard !slots[number].isPaused else { return }
        try reader(of: runner)?.pause([TopicPartition(configuration.topics.ledger, runner.number)])
        slots[number].isPaused = true
    }

    private func resumeReading() throws {
        for index in slots.indices where slots[index].isPaused {
            guard let runner = slots[index].runner, slots[index].isRead else {
                slots[index].isPaused = false
                continue
            }
            guard runner.inbox.bytes <= inboxLimit / 2 else { continue }
            try reader(of: runner)?.resume([TopicPartition(configuration.topics.ledger, runner.number)])
            slots[index].isPaused = false
        }
    }

    private func poke() {
        guard runtime.now - lastPoke > Self.pokeEvery || runtime.stepsWork else { return }
        lastPoke = runtime.now
        for slot in slots { if let runner = slot.runner { environment.slices.ready(runner) } }
    }

    private func noteStoresIfDue() {
        guard runtime.now - lastStoresNote > Self.noteStoresEvery || runtime.stepsWork else { return }
        lastStoresNote = runtime.now
        noteStores()
    }

    // MARK: Deliveries and reports

    var factProducer: FactProducer { environment.factProducer! }

    /// Facts that were sent and are not acknowledged are dropped, because another member may send them already.
    func renewProducer() throws {
        factProducer.producer.purge()
        environment.factProducer = try FactProducer(configuration, ledgerPartitions: slots.count, logger: logger)
    }

    /// Serves deliveries, and schedules runners that waited for room.
    func serve(_ milliseconds: Int) {
        let factProducer = factProducer
        // An acknowledgement covers all smaller sequence numbers, so of those in a row of one partition the last is enough.
        var last: Delivery?
        factProducer.producer.serve(timeoutMilliseconds: milliseconds) { delivery in
            if let last, !delivery.includes(last) { take(last, of: factProducer) }
            last = delivery
        }
        guard let last else { return }
        take(last, of: factProducer)
        let hasRoom = failure == nil && environment.wantsRoom.exchange(false, ordering: .acquiringAndReleasing)
        for index in slots.indices where slots[index].hasDelivered || hasRoom {
            slots[index].hasDelivered = false
            if let runner = slots[index].runner { environment.slices.ready(runner) }
        }
    }

    private func take(_ delivery: Delivery, of factProducer: FactProducer) {
        if delivery.code != 0 {
            if failure == nil {
                failure = delivery.error(topicName: factProducer.producer.topicName(delivery.topic))
            }
        } else if delivery.topic == factProducer.ticker.topic {
            // If a tick is refused, the next one replaces it, in a session of its own.
            try? factProducer.ticker.acknowledged(delivery.partition, offset: delivery.offset)
        } else if delivery.tag != FoldEnvironment.otherTag,
            let topic = factProducer.facts.firstIndex(of: delivery.topic)
        {
            let number = Int(delivery.partition)
            slots[number].runner?.inbox.acknowledge(
                topic: topic, sequence: Int64(delivery.tag), offset: delivery.offset)
            slots[number].hasDelivered = true
        }
    }

    func check() throws {
        if let failure { throw failure }
        if let fatal = factProducer.producer.fatalError { throw fatal }
    }

    func handle(_ error: KafkaError, at topicPartition: TopicPartition) throws {
        if error.isOffsetOutOfRange {
            throw PipelineError(
                .ledgerDamaged,
                "\(topicPartition): what is to be read next is not in the topic (\(error.name)); a ledger must be kept for ever"
            )
        }
        guard error.isRetriable else { throw error }
        logger.warning("\(error)")
    }
}

extension Delivery {
    /// Whether both are of records of one partition that the broker has, and this record is the later one.
    func includes(_ other: Delivery) -> Bool {
        code == 0 && other.code == 0 && topic == other.topic && partition == other.partition && tag > other.tag
    }
}
