internal import Events
internal import Kafka
internal import Logging
internal import Mapping
internal import Synchronization

/// Reads the source topics in a consumer group and turns every record into a ledger entry or a dead letter. It commits
/// a source offset only after the outcome of the record is acknowledged. It runs on one thread, and its only state is
/// in flight.
///
/// It polls regardless of the producer. Records that it sends never wait for room (`OverflowProducer`), and while too
/// much is in flight its partitions are paused (`Backpressure`). A round waits only for the broker, and within bounds:
/// for acknowledgements when a partition is revoked (`handOverMilliseconds`), for the entry of one gap
/// (`gapMilliseconds`), and for answers to requests, each with its own time limit.
final class Intake: PollLoop {
    /// The longest wait for records, with acknowledgements pending and without.
    private static let (shortPollMilliseconds, longPollMilliseconds) = (2, 50)
    /// The longest wait for an acknowledgement while nothing is read.
    private static let acknowledgementMilliseconds = 20
    static let commitEvery = Duration.milliseconds(200)
    /// A broker with Kafka's default limit accepts records of this size.
    private static let alwaysTakenBytes = 900_000
    /// How often unchanged positions are committed again, in case a commit was lost.
    static let recommitEvery = Duration.seconds(5)
    /// How long a revoked partition waits for acknowledgements.
    static let handOverMilliseconds = 5000
    /// The longest wait for the acknowledgement of a gap's entry. After it the worker restarts, and appends the entry
    /// again.
    static let gapMilliseconds = 10_000
    /// The longest duration of one request about the control topic.
    static let controlMilliseconds = 1000

    let configuration: PipelineConfiguration
    let logger: Logger
    let runtime: any Runtime
    let stop: StopFlag
    let pipelineStatus: PipelineStatus
    var entryProducer: EntryProducer
    private var consumer: (any ConsumerClient)?
    /// The group's assignment; nil before the first.
    var assignedByGroup: [TopicPartition]?
    private let decoder: RecordDecoder
    /// Nil if no source topic has a declaration.
    let declared: DeclaredSources?
    /// By the topic's name.
    let mappers: [String: SourceMapper]

    var openBatches = InFlightBatches()
    var backpressure: Backpressure
    private var round: Batching
    /// The timestamp of the first record of the round, in milliseconds since 1970; nil if there is none.
    private var firstWritten: Int64?
    private let latency = LatencyMetric(.intakeSeconds)
    var sources: [Source] = []
    private var event = EventView.empty
    var counts = IntakeCounts()
    var failure: (any Error)?
    /// Nil while sources need not wait for the control topic.
    var controlFirst: ControlFirst?
    /// The last round in which reading was not paused because of records in flight.
    var lastRound: ContinuousClock.Instant
    var lastCommit: ContinuousClock.Instant
    private let clock: GuardedClock
    private let memory: MemoryWatch
    private let directory: MemberDirectory
    private let appended: AppendedOffsets
    var committed: [TopicPartition: Int64] = [:]
    private var dirty: [Bool]
    /// Acknowledged ends of ledger partitions that are not in the status yet.
    private var ledgerEnds: [Int32: Int64] = [:]

    struct Source {
        var topicPartition: TopicPartition
        var name: [UInt8]
        var isControl: Bool
        /// The number of its topic's declaration; nil if it has none.
        var declaration: Int?
        /// Nil for CloudEvents.
        var mapper: SourceMapper?
        /// The offset at which this member began to read.
        let start: Int64
        var position: Int64
        var moved = false
        /// The number of records since the last round.
        var records: Int64 = 0
    }

    init(_ member: Member, ledgerPartitions: Int) throws {
        configuration = member.configuration
        decoder = RecordDecoder(controlKeys: configuration.controlKeys)
        (runtime, logger) = (configuration.runtime, member.logger)
        (stop, pipelineStatus, directory) = (member.stop, member.pipelineStatus, member.directory)
        (clock, memory, appended) = (member.clock, member.memory, member.appended)
        (lastCommit, lastRound) = (runtime.now, runtime.now)
        let declarations = configuration.topics.declarations
        mappers = Dictionary(
            uniqueKeysWithValues: configuration.topics.maps.map { ($0, SourceMapper($1, topic: $0)) })
        declared = declarations.isEmpty ? nil : DeclaredSources(declarations)
        backpressure = Backpressure(configuration)
        round = Batching(at: runtime.now)
        entryProducer = try EntryProducer(configuration, ledgerPartitions: ledgerPartitions, logger: logger)
        dirty = [Bool](repeating: false, count: ledgerPartitions)
    }

    func start() throws {
        let logger = logger
        var options = Consumer.Options(group: configuration.intakeGroup, instance: configuration.staticMember)
        options.name = "intake"
        options.reportsEnds = true
        options.maximumQueuedKilobytes = configuration.queuedKilobytes
        options.batch = Backpressure.batch
        options.maximumPollInterval = configuration.maximumPollInterval
        consumer = try configuration.kafka.consumer(options, listener: self) { logger.kafka($0, of: "intake") }
        try consumer?.subscribe(to: [configuration.topics.control] + configuration.topics.sources)
    }

    func step() throws {
        guard let consumer else { return }
        pipelineStatus.notePoll(of: .intake)
        beginAfterPause(consumer)
        memory.look()
        let now = clock.time
        let latest = now + configuration.allowedSkew
        // With a ledger of old data, no event is too old for its declaration.
        if configuration.clock == .wall { declared?.setTime(now) }
        let isPaused = backpressure.isPaused
        let isBusy = openBatches.depth > 1
        let longest = isBusy ? Self.shortPollMilliseconds : Self.longPollMilliseconds
        let wait = isPaused ? 0 : round.millisecondsLeft(at: runtime.now) ?? longest
        let polled = try consumer.poll(timeoutMilliseconds: wait) { try read($0, latest: latest) }
        beginAfterPause(consumer)
        if isPaused || round.isDue(at: runtime.now) { try endRound() }
        try passEnds(consumer)
        try recoverExpired(consumer)
        serve(isPaused ? Self.acknowledgementMilliseconds : 0)
        try check()
        try noteBackpressure(consumer)
        try commitIfDue(consumer)
        try readSourcesIfDue(consumer)
        pipelineStatus.note(inFlight, isFull: polled >= Backpressure.batch)
    }

    private var inFlight: PipelineReading.InFlight {
        var inFlight = PipelineReading.InFlight()
        (inFlight.batches, inFlight.bytes) = (Int64(openBatches.depth - 1), Int64(openBatches.bytes))
        (inFlight.isPaused, inFlight.waitsForControl) = (backpressure.isPaused, controlFirst != nil)
        return inFlight
    }

    /// Returns when everything read is acknowledged and committed, or the broker does not answer.
    func finish() throws {
        guard let consumer else { return }
        handOver(consumer)
        consumer.close()
    }

    var canResume: Bool { consumer.map { $0.fatalError == nil } ?? false }

    func resume() throws {
        guard let consumer else { return }
        showNothingRead()
        entryProducer.producer.purge()
        entryProducer = try EntryProducer(configuration, ledgerPartitions: dirty.count, logger: logger)
        openBatches = InFlightBatches()
        (round, firstWritten) = (Batching(at: runtime.now), nil)
        for partition in dirty.indices { dirty[partition] = false }
        failure = nil
        guard let assignedByGroup else { return }
        try consumer.assign(assigned(assignedByGroup, to: consumer))
        began(consumer)
        try check()
    }

    func abandon() {
        showNothingRead()
        entryProducer.producer.purge()
        consumer = nil
    }

    var appender: LedgerAppender { entryProducer.appender }

    private func check() throws {
        if let failure { throw failure }
        if let fatal = entryProducer.producer.fatalError { throw fatal }
    }

    // MARK: Reading

    private func read(_ records: UnsafeBufferPointer<Record>, latest: Int64) throws {
        if firstWritten == nil { firstWritten = records.first.map(\.timestamp).flatMap { $0 < 0 ? nil : $0 } }
        for record in records { try read(record, latest: latest) }
        round.add(records: records.count)
        counts.records += Int64(records.count)
    }

    /// Sends the records since the last round.
    func endRound() throws {
        guard round.records > 0 else { return }
        for partition in dirty.indices where dirty[partition] { try send(partition) }
        var positions: [PartitionOffset] = []
        for index in sources.indices where sources[index].moved {
            positions.append(PartitionOffset(sources[index].topicPartition, offset: sources[index].position))
            counts.recordsByTopic[sources[index].topicPartition.topic, default: 0] += sources[index].records
            (sources[index].moved, sources[index].records) = (false, 0)
        }
        openBatches.seal(positions, written: firstWritten)
        firstWritten = nil
        round.end(at: runtime.now)
        pipelineStatus.publish(&counts)
    }

    /// Sends the open frames first, because only acknowledged frames belong to a batch whose positions may be
    /// committed.
    func seal(_ positions: [PartitionOffset]) throws {
        try endRound()
        openBatches.seal(positions)
    }

    private func read(_ record: Record, latest: Int64) throws {
        sources[record.source].position = record.offset + 1
        sources[record.source].moved = true
        sources[record.source].records += 1
        if let mapper = sources[record.source].mapper { return try read(record, by: mapper, latest: latest) }
        let isControl = sources[record.source].isControl
        let defect =
            decoder.decode(record, fromControlTopic: isControl, latest: latest, into: &event)
            ?? declarationDefect(of: record.source) ?? roomDefect
        if let defect {
            try deadLetter(record, defect)
            return
        }
        try appendEvent(of: record)
    }

    private func read(_ record: Record, by mapper: SourceMapper, latest: Int64) throws {
        switch mapper.map(record, from: sources[record.source].topicPartition) {
        case .noEvent: counts.passedOver += 1
        case .defect(let defect): try deadLetter(record, code: defect.code, message: defect.description)
        case .event:
            let defect =
                decoder.decode(mapped: mapper, latest: latest, into: &event)
                ?? declarationDefect(of: record.source)
            if let defect { try deadLetter(record, defect) } else { try appendEvent(of: record) }
        }
    }

    @inline(__always) private func appendEvent(of record: Record) throws {
        counts.events += 1
        guard event.subject.isEmpty else {
            try append(to: appender.partition(of: event.subject), record)
            return
        }
        for partition in 0..<appender.partitions { try append(to: partition, record) }
    }

    /// Offsets without records after the last record, as at the end of a transaction, count as read. Otherwise they
    /// would be a permanent lag, and a gap after they expire.
    private func passEnds(_ consumer: any ConsumerClient) throws {
        var positions: [PartitionOffset] = []
        for (index, source) in consumer.assignment.enumerated() {
            guard let end = source.end, end > sources[index].position else { continue }
            sources[index].position = end
            positions.append(PartitionOffset(source.topicPartition, offset: end))
        }
        if !positions.isEmpty { try seal(positions) }
    }

    /// The defect of an event outside its topic's declaration. The control topic has no such limit, because its writers
    /// have greater rights anyway.
    @inline(__always) private func declarationDefect(of source: Int) -> EventDefect? {
        guard let declared, !sources[source].isControl else { return nil }
        return declared.defect(of: event, declaration: sources[source].declaration)
    }

    /// The defect of an enrolment for a partition whose owner has no room.
    private var roomDefect: EventDefect? {
        guard event.type.equals(ControlType.enrolled.name),
            directory.isFull(Int32(appender.partition(of: event.subject)), unknown: memory.isFull)
        else { return nil }
        return EventDefect(.event, .atMemoryLimit)
    }

    @inline(__always) private func append(to partition: Int, _ record: Record) throws {
        dirty[partition] = true
        let isFull = sources[record.source].name.withUnsafeBytes {
            appender.append(
                event, to: partition, topic: $0, sourcePartition: sources[record.source].topicPartition.partition,
                offset: record.offset)
        }
        if isFull { try send(partition) }
    }

    private func send(_ partition: Int) throws {
        dirty[partition] = false
        let bytes = appender.byteCount(of: partition)
        // The producer takes every record, so nothing waits here.
        if try appender.send(partition, tag: openBatches.current, wait: {}) {
            openBatches.sent(bytes: bytes)
            counts.frames += 1
            counts.frameBytes += Int64(bytes)
        }
    }

    private func deadLetter(_ record: Record, _ defect: EventDefect) throws {
        try deadLetter(record, code: defect.code, message: defect.description)
    }

    private func deadLetter(
        _ record: Record, code: String, message: String, valueDropped: Bool = false
    ) throws {
        let topicPartition = sources[record.source].topicPartition
        let valueDropped =
            valueDropped
            || (record.value?.count ?? 0 > Self.alwaysTakenBytes
                && pipelineStatus.refusesLargeDeadLetters.load(ordering: .relaxed))
        let headers = DeadLetter.headers(
            record, from: topicPartition, code: code, message: message, valueDropped: valueDropped)
        let value = valueDropped ? nil : record.value
        do {
            _ = try entryProducer.producer.produce(
                topic: entryProducer.deadLetters, partition: Producer.anyPartition, key: record.key, value: value,
                headers: headers, tag: openBatches.current)
        } catch {
            guard error.isTooLarge, !valueDropped else { throw error }
            return try deadLetter(record, code: code, message: message, valueDropped: true)
        }
        openBatches.sent(bytes: (record.key?.count ?? 0) + (value?.count ?? 0))
        counts.deadLetters[code, default: 0] += 1
        counts.deadLettersByTopic[topicPartition.topic, default: 0] += 1
        logger.debug(
            "dead letter",
            metadata: [
                "reason": "\(code)", "topic": "\(topicPartition.topic)", "partition": "\(topicPartition.partition)",
                "offset": "\(record.offset)",
            ])
    }

    func serve(_ milliseconds: Int) {
        let entryProducer = entryProducer
        entryProducer.producer.serve(timeoutMilliseconds: milliseconds) { delivery in
            if delivery.code == 0, delivery.topic == entryProducer.appender.topic {
                do {
                    try appended.note(delivery.partition, offset: delivery.offset)
                    try entryProducer.appender.acknowledged(delivery.partition, offset: delivery.offset)
                } catch {
                    // No later position may be committed. The worker restarts from the committed ones.
                    if failure == nil { failure = error }
                    return
                }
            }
            if delivery.code != 0 {
                let error = delivery.error(topicName: entryProducer.producer.topicName(delivery.topic))
                if failure == nil { failure = error }
                if delivery.topic == entryProducer.deadLetters, error?.isTooLarge == true {
                    pipelineStatus.refusesLargeDeadLetters.store(true, ordering: .relaxed)
                }
            } else {
                openBatches.acknowledged(delivery.tag)
                if delivery.topic != entryProducer.deadLetters { ledgerEnds[delivery.partition] = delivery.offset + 1 }
            }
        }
        for written in openBatches.takeAcknowledged() { latency.record(since: written, at: runtime.wallClock) }
        guard !ledgerEnds.isEmpty else { return }
        pipelineStatus.update { status in for (partition, end) in ledgerEnds { status.ledgerEnds[partition] = end } }
        ledgerEnds.removeAll(keepingCapacity: true)
    }

    // MARK: Pauses

    private func noteBackpressure(_ consumer: any ConsumerClient) throws {
        let (batches, bytes) = (openBatches.depth - 1, openBatches.bytes)
        guard backpressure.note(batches: batches, bytes: bytes, overflows: entryProducer.producer.overflows) else {
            return
        }
        logger.debug(
            backpressure.isPaused ? "reading waits for acknowledgements" : "reading goes on",
            metadata: ["batchesInFlight": "\(batches)", "bytesInFlight": "\(bytes)"])
        beginAfterPause(consumer)
        try pauseAndResume(consumer)
    }

    /// Pauses everything while too much is in flight, and the sources while the control topic has precedence. After an
    /// assignment nothing is paused. The consumer ignores calls without effect.
    func pauseAndResume(_ consumer: any ConsumerClient) throws {
        func isPaused(_ source: Source) -> Bool { backpressure.isPaused || controlFirst != nil && !source.isControl }
        try consumer.pause(sources.filter { isPaused($0) }.map(\.topicPartition))
        try consumer.resume(sources.filter { !isPaused($0) }.map(\.topicPartition))
    }
}
