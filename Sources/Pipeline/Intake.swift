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
final class Intake: PollLoop, RebalanceListener {
    /// The longest wait for records, with acknowledgements pending and without.
    private static let (shortPollMilliseconds, longPollMilliseconds) = (2, 50)
    /// The longest wait for an acknowledgement while nothing is read.
    private static let acknowledgementMilliseconds = 20
    private static let commitEvery = Duration.milliseconds(200)
    /// A broker with Kafka's default limit accepts records of this size.
    private static let alwaysTakenBytes = 900_000
    /// How often unchanged positions are committed again, in case a commit was lost.
    private static let recommitEvery = Duration.seconds(5)
    /// How long a revoked partition waits for acknowledgements.
    private static let handOverMilliseconds = 5000
    /// The longest wait for the acknowledgement of a gap's entry. After it the worker restarts, and appends the entry
    /// again.
    private static let gapMilliseconds = 10_000
    /// The longest duration of one request about the control topic.
    private static let controlMilliseconds = 1000

    private let configuration: PipelineConfiguration
    private let logger: Logger
    private let host: any Runtime
    let stop: StopFlag
    private let board: StatusBoard
    private var outlet: EntryProducer
    private var consumer: (any ConsumerClient)?
    /// The group's assignment; nil before the first.
    private var assignedByGroup: [TopicPartition]?
    private let decoder: RecordDecoder
    /// Nil if no source topic has a declaration.
    private let declared: DeclaredSources?
    /// By the topic's name.
    private let mappers: [String: SourceMapper]

    private var openBatches = InFlightBatches()
    private var backpressure: Backpressure
    private var round: Batching
    /// The timestamp of the first record of the round, in milliseconds since 1970; nil if there is none.
    private var firstWritten: Int64?
    private let latency = LatencyMetric(.intakeSeconds)
    private var sources: [Source] = []
    private var event = EventView.empty
    private var counts = IntakeCounts()
    private var failure: (any Error)?
    /// Nil while sources need not wait for the control topic.
    private var controlFirst: ControlFirst?
    /// The last round in which reading was not paused because of records in flight.
    private var lastRound: ContinuousClock.Instant
    private var lastCommit: ContinuousClock.Instant
    private let clock: GuardedClock
    private let memory: MemoryWatch
    private let directory: MemberDirectory
    private let appended: AppendedOffsets
    private var committed: [TopicPartition: Int64] = [:]
    private var dirty: [Bool]
    /// Acknowledged ends of ledger partitions that are not on the board yet.
    private var ledgerEnds: [Int32: Int64] = [:]

    private struct Source {
        var place: TopicPartition
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
        (host, logger) = (configuration.host, member.logger)
        (stop, board, directory) = (member.stop, member.board, member.directory)
        (clock, memory, appended) = (member.clock, member.memory, member.appended)
        (lastCommit, lastRound) = (host.now, host.now)
        let declarations = configuration.topics.declarations
        mappers = Dictionary(
            uniqueKeysWithValues: configuration.topics.maps.map { ($0, SourceMapper($1, topic: $0)) })
        declared = declarations.isEmpty ? nil : DeclaredSources(declarations)
        backpressure = Backpressure(configuration)
        round = Batching(at: host.now)
        outlet = try EntryProducer(configuration, ledgerPartitions: ledgerPartitions, logger: logger)
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
        board.notePoll(of: .intake)
        beginAfterPause(consumer)
        memory.look()
        let now = clock.time
        let latest = now + configuration.allowedSkew
        // With a ledger of old data, no event is too old for its declaration.
        if configuration.clock == .wall { declared?.setTime(now) }
        let isPaused = backpressure.isPaused
        let isBusy = openBatches.depth > 1
        let longest = isBusy ? Self.shortPollMilliseconds : Self.longPollMilliseconds
        let wait = isPaused ? 0 : round.millisecondsLeft(at: host.now) ?? longest
        try consumer.poll(timeoutMilliseconds: wait) { try read($0, latest: latest) }
        beginAfterPause(consumer)
        if isPaused || round.isDue(at: host.now) { try endRound() }
        try passEnds(consumer)
        try recoverExpired(consumer)
        serve(isPaused ? Self.acknowledgementMilliseconds : 0)
        try check()
        try noteBackpressure(consumer)
        try commitIfDue(consumer)
        try readSourcesIfDue(consumer)
        board.note(inFlight)
    }

    private var inFlight: PipelineStatus.InFlight {
        var inFlight = PipelineStatus.InFlight()
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
        outlet.producer.purge()
        outlet = try EntryProducer(configuration, ledgerPartitions: dirty.count, logger: logger)
        openBatches = InFlightBatches()
        (round, firstWritten) = (Batching(at: host.now), nil)
        for partition in dirty.indices { dirty[partition] = false }
        failure = nil
        guard let assignedByGroup else { return }
        try consumer.assign(assigned(assignedByGroup, to: consumer))
        began(consumer)
        try check()
    }

    func abandon() {
        showNothingRead()
        outlet.producer.purge()
        consumer = nil
    }

    private var appender: LedgerAppender { outlet.appender }

    private func check() throws {
        if let failure { throw failure }
        if let fatal = outlet.producer.fatalError { throw fatal }
    }

    // MARK: Reading

    private func read(_ records: UnsafeBufferPointer<Record>, latest: Int64) throws {
        if firstWritten == nil { firstWritten = records.first.map(\.timestamp).flatMap { $0 < 0 ? nil : $0 } }
        for record in records { try read(record, latest: latest) }
        round.add(records: records.count)
        counts.records += Int64(records.count)
    }

    /// Sends the records since the last round.
    private func endRound() throws {
        guard round.records > 0 else { return }
        for partition in dirty.indices where dirty[partition] { try send(partition) }
        var positions: [PartitionOffset] = []
        for index in sources.indices where sources[index].moved {
            positions.append(PartitionOffset(sources[index].place, offset: sources[index].position))
            counts.recordsByTopic[sources[index].place.topic, default: 0] += sources[index].records
            (sources[index].moved, sources[index].records) = (false, 0)
        }
        openBatches.seal(positions, written: firstWritten)
        firstWritten = nil
        round.end(at: host.now)
        board.publish(&counts)
    }

    /// Sends the open frames first, because only acknowledged frames belong to a batch whose positions may be
    /// committed.
    private func seal(_ positions: [PartitionOffset]) throws {
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
        switch mapper.map(record, from: sources[record.source].place) {
        case .noEvent: counts.passedOver += 1
        case .defect(let defect): try deadLetter(record, code: defect.code, message: defect.description)
        case .event:
            let defect =
                decoder.decode(mapped: mapper.event, latest: latest, into: &event)
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
                event, to: partition, topic: $0, sourcePartition: sources[record.source].place.partition,
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
        let place = sources[record.source].place
        let valueDropped =
            valueDropped
            || (record.value?.count ?? 0 > Self.alwaysTakenBytes
                && board.refusesLargeDeadLetters.load(ordering: .relaxed))
        let headers = DeadLetter.headers(record, from: place, code: code, message: message, valueDropped: valueDropped)
        let value = valueDropped ? nil : record.value
        do {
            _ = try outlet.producer.produce(
                topic: outlet.deadLetters, partition: Producer.anyPartition, key: record.key, value: value,
                headers: headers, tag: openBatches.current)
        } catch {
            guard error.isTooLarge, !valueDropped else { throw error }
            return try deadLetter(record, code: code, message: message, valueDropped: true)
        }
        openBatches.sent(bytes: (record.key?.count ?? 0) + (value?.count ?? 0))
        counts.deadLetters[code, default: 0] += 1
        counts.deadLettersByTopic[place.topic, default: 0] += 1
        logger.debug(
            "dead letter",
            metadata: [
                "reason": "\(code)", "topic": "\(place.topic)", "partition": "\(place.partition)",
                "offset": "\(record.offset)",
            ])
    }

    private func serve(_ milliseconds: Int) {
        let outlet = outlet
        outlet.producer.serve(timeoutMilliseconds: milliseconds) { delivery in
            if delivery.code == 0, delivery.topic == outlet.appender.topic {
                do {
                    try appended.note(delivery.partition, offset: delivery.offset)
                    try outlet.appender.acknowledged(delivery.partition, offset: delivery.offset)
                } catch {
                    // No later position may be committed. The worker restarts from the committed ones.
                    if failure == nil { failure = error }
                    return
                }
            }
            if delivery.code != 0 {
                let error = delivery.error(topicName: outlet.producer.topicName(delivery.topic))
                if failure == nil { failure = error }
                if delivery.topic == outlet.deadLetters, error?.isTooLarge == true {
                    board.refusesLargeDeadLetters.store(true, ordering: .relaxed)
                }
            } else {
                openBatches.acknowledged(delivery.tag)
                if delivery.topic != outlet.deadLetters { ledgerEnds[delivery.partition] = delivery.offset + 1 }
            }
        }
        for written in openBatches.takeAcknowledged() { latency.record(since: written, at: host.wallClock) }
        guard !ledgerEnds.isEmpty else { return }
        board.update { status in for (partition, end) in ledgerEnds { status.ledgerEnds[partition] = end } }
        ledgerEnds.removeAll(keepingCapacity: true)
    }

    // MARK: Pauses

    private func noteBackpressure(_ consumer: any ConsumerClient) throws {
        let (batches, bytes) = (openBatches.depth - 1, openBatches.bytes)
        guard backpressure.note(batches: batches, bytes: bytes, overflows: outlet.producer.overflows) else { return }
        logger.debug(
            backpressure.isPaused ? "reading waits for acknowledgements" : "reading goes on",
            metadata: ["batchesInFlight": "\(batches)", "bytesInFlight": "\(bytes)"])
        beginAfterPause(consumer)
        try pauseAndResume(consumer)
    }

    /// Pauses everything while too much is in flight, and the sources while the control topic has precedence. After an
    /// assignment nothing is paused. The consumer ignores calls without effect.
    private func pauseAndResume(_ consumer: any ConsumerClient) throws {
        func isPaused(_ source: Source) -> Bool { backpressure.isPaused || controlFirst != nil && !source.isControl }
        try consumer.pause(sources.filter { isPaused($0) }.map(\.place))
        try consumer.resume(sources.filter { !isPaused($0) }.map(\.place))
    }

    // MARK: Positions

    private func commitIfDue(_ consumer: any ConsumerClient) throws {
        let age = host.now - lastCommit
        guard age > Self.commitEvery, openBatches.committable != committed || age > Self.recommitEvery else { return }
        try commit(consumer, wait: false)
    }

    private func commit(_ consumer: any ConsumerClient, wait: Bool) throws {
        lastCommit = host.now
        let positions = openBatches.committable
        guard !positions.isEmpty else { return }
        try consumer.commit(positions.map { PartitionOffset($0.key, offset: $0.value) }, wait: wait)
        committed = positions
        board.update { status in for (place, offset) in positions { status.sourcePositions[place] = offset } }
    }

    private func endLastRound() {
        do {
            try endRound()
        } catch {
            failure = failure ?? error
        }
    }

    /// Sends the rest, waits for acknowledgements, and commits.
    private func handOver(_ consumer: any ConsumerClient) {
        endLastRound()
        let deadline = host.now + .milliseconds(Self.handOverMilliseconds)
        while openBatches.depth > 1, failure == nil, outlet.producer.fatalError == nil, host.now < deadline {
            serve(10)
        }
        do {
            try commit(consumer, wait: true)
        } catch {
            logger.warning(
                "positions are not committed; their records will be read again", metadata: ["reason": "\(error)"])
        }
    }

    /// A topic that ends before a position that was read is another one of the same name. Its records would be taken
    /// for repeats.
    private func checkIdentity(of place: TopicPartition) throws {
        guard let position = sources.first(where: { $0.place == place })?.position,
            let end = try configuration.kafka.ends(of: [place])[place], position > end
        else { return }
        throw PipelineError(
            .sourceRecreated,
            "\(place): \(position) records were read before, and the topic ends at \(end): it was made anew. Its records "
                + "would pass for repeats. Stop every intake, run `standing source reset \(place.topic)`, and start again"
        )
    }

    /// Handles a position that the broker has expired. One per round, so that the waits do not add up; further ones are
    /// reported again after the assignment.
    private func recoverExpired(_ consumer: any ConsumerClient) throws {
        let errors = consumer.takeErrors()
        guard !errors.isEmpty else { return }
        for (_, error) in errors where !error.isOffsetOutOfRange {
            guard error.isRetriable else { throw error }
            logger.warning("\(error)")
        }
        guard let (place, _) = errors.first(where: { $0.error.isOffsetOutOfRange }) else { return }
        try checkIdentity(of: place)
        try passGap(of: place)
        try consumer.assign(sources.map { PartitionOffset($0.place, offset: $0.position) })
        try pauseAndResume(consumer)
        board.publish(&counts)
    }

    /// Appends the gap to every partition of the ledger, and continues after it. If the process ends in between, the
    /// entry is appended again, without effect.
    private func passGap(of place: TopicPartition) throws {
        guard let index = sources.firstIndex(where: { $0.place == place }),
            let beginning = try configuration.kafka.beginnings(of: [place])[place]
        else { return }
        let position = max(0, sources[index].position)
        // If the broker refuses a position that still exists, the partition is read again from its oldest record. The
        // records are repeats.
        if beginning > position { try publishGap(of: place, from: position, to: beginning) }
        try seal([PartitionOffset(place, offset: beginning)])
        sources[index].position = beginning
    }

    private func publishGap(of place: TopicPartition, from position: Int64, to beginning: Int64) throws {
        counts.expiredPositions += 1
        logger.critical(
            "records expired before they were read: this topic imposes no sanctions until `standing source acknowledge`",
            metadata: [
                "topic": "\(place.topic)", "partition": "\(place.partition)", "from": "\(position)",
                "to": "\(beginning)",
            ])
        let logger = logger
        try SystemEntry(
            .sourceGap, id: "\(place.topic)-\(place.partition)-\(beginning)", source: "/standing/intake",
            [
                "topic": .text(place.topic), "partition": .number(Int64(place.partition)), "from": .number(position),
                "to": .number(beginning),
            ]
        ).append(
            to: Array(0..<appender.partitions), of: appender.partitions, configuration,
            timeoutMilliseconds: Self.gapMilliseconds
        ) { logger.kafka($0, of: "gap") }
    }

    // MARK: Control topics go first

    /// Reading begins, or continues after a pause, so the sources wait.
    func began(_ consumer: any ConsumerClient) {
        lastRound = host.now
        controlFirst = sources.contains { !$0.isControl } ? ControlFirst(at: host.now) : nil
        do {
            try pauseAndResume(consumer)
        } catch {
            failure = error
        }
    }

    /// A process that was stopped, or that waited for its broker, begins with the control topic again.
    private func beginAfterPause(_ consumer: any ConsumerClient) {
        guard !backpressure.isPaused else { return }
        let now = host.now
        if now - lastRound > ControlFirst.longestPause { began(consumer) } else { lastRound = now }
    }

    /// Reads the sources after the group has read the control topic.
    private func readSourcesIfDue(_ consumer: any ConsumerClient) throws {
        guard !backpressure.isPaused, var state = controlFirst, state.isDue(at: host.now) else { return }
        defer { if controlFirst != nil { controlFirst = state } }
        do {
            if state.waiting == nil { state.begin(ends: try controlEnds()) }
            state.note(try controlPositions(Array((state.waiting ?? [:]).keys), consumer), at: host.now)
        } catch let error as KafkaError where error.isRetriable {
            logger.debug("how far the control topic is read is not known", metadata: ["reason": "\(error)"])
        }
        let now = host.now
        guard state.mayReadSources(at: now) else { return }
        if state.hasGivenUp(at: now) {
            let places = (state.waiting ?? [:]).keys.map(\.description).sorted().joined(separator: ", ")
            logger.warning(
                "sources are read although the group has not read the control topic: enrolments may come after their events",
                metadata: ["unread": "\(places.isEmpty ? configuration.topics.control : places)"])
        }
        controlFirst = nil
        try pauseAndResume(consumer)
        logger.debug("sources are read", metadata: ["after": "\(now - state.start)"])
    }

    private func controlEnds() throws -> [TopicPartition: Int64] {
        let control = configuration.topics.control
        let cluster = try configuration.kafka.metadata(timeoutMilliseconds: Self.controlMilliseconds)
        let count = cluster.topics.first { $0.name == control }?.partitions ?? 0
        return try configuration.kafka.ends(
            of: (0..<Int32(count)).map { TopicPartition(control, $0) }, timeoutMilliseconds: Self.controlMilliseconds)
    }

    /// The acknowledged positions of this member in its partitions of the control topic, and the committed positions of
    /// other members in theirs.
    private func controlPositions(
        _ places: [TopicPartition], _ consumer: any ConsumerClient
    ) throws -> [TopicPartition: Int64] {
        var positions: [TopicPartition: Int64] = [:]
        for source in sources where source.isControl {
            positions[source.place] = max(source.start, openBatches.committable[source.place] ?? 0)
        }
        let others = places.filter { positions[$0] == nil }
        guard !others.isEmpty else { return positions }
        for found in try consumer.committed(others, timeoutMilliseconds: Self.controlMilliseconds) {
            positions[found.topicPartition] = found.offset
        }
        return positions
    }

    // MARK: RebalanceListener

    func assigned(_ partitions: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
        assignedByGroup = partitions
        var starts: [PartitionOffset] = []
        do {
            starts = try consumer.committed(partitions, timeoutMilliseconds: 10_000)
            // A partition that was never read is read from its oldest record. That position is committed at once, so
            // that records that expire later are noticed.
            let beginnings = try configuration.kafka.beginnings(
                of: starts.filter { $0.offset < 0 }.map(\.topicPartition))
            for index in starts.indices where starts[index].offset < 0 {
                starts[index].offset = beginnings[starts[index].topicPartition] ?? PartitionOffset.beginning
            }
            try seal(starts.filter { beginnings[$0.topicPartition] != nil })
        } catch {
            // Without the committed offsets nothing may be read, so the worker restarts.
            failure = error
            return []
        }
        sources = starts.map { start in
            Source(
                place: start.topicPartition, name: Array(start.topicPartition.topic.utf8),
                isControl: start.topicPartition.topic == configuration.topics.control,
                declaration: declared?.number(of: start.topicPartition.topic),
                mapper: mappers[start.topicPartition.topic], start: start.offset,
                position: start.offset)
        }
        committed = [:]
        logger.info("intake reads", metadata: ["partitions": "\(partitions.count)"])
        board.update { status in
            status.intakePartitions = partitions.count
            status.joined.insert(.intake)
        }
        return sources.map { PartitionOffset($0.place, offset: $0.position) }
    }

    private func showNothingRead() {
        board.note(PipelineStatus.InFlight())
        board.update { status in
            status.intakePartitions = 0
            status.joined.remove(.intake)
        }
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool, from consumer: any ConsumerClient) {
        if lost { endLastRound() } else { handOver(consumer) }
        assignedByGroup = nil
        openBatches.forgetPositions()
        sources = []
        controlFirst = nil
        showNothingRead()
    }
}
