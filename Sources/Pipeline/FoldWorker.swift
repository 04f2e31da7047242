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
/// A partition that arrives is folded from the state that is at hand, its newest snapshot, or else from the ledger's
/// beginning; publication goes on behind the last fact that is out. After an error the same is done again with what the
/// group has assigned.
final class FoldWorker: RoundWorker, RebalanceListener {
    static let commitEvery = Duration.milliseconds(500)
    private static let recommitEvery = Duration.seconds(5)
    private static let handOverMilliseconds = 5000
    private static let factHeaders = HeaderSet([
        (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
    ])
    /// Marks the delivery of a tick or a checkpoint, which are no facts.
    static let otherTag = -1

    let configuration: PipelineConfiguration
    let host: any Host
    let logger: Logger
    let stop: StopFlag
    let board: StatusBoard
    private let owned: OwnedPartitions
    private(set) var outlet: FactOutlet
    private(set) var consumer: (any ConsumerClient)?
    /// What the group has assigned to this member; nil before it has, and after it has revoked that.
    private(set) var assignment: [TopicPartition]?

    /// By number; nil where this member has nothing of the partition.
    var partitions: [LedgerPartition?]
    /// Those of them that are assigned to this member, by the consumer's source index.
    var assignedPartitions: [LedgerPartition] = []
    /// Reads what a standby folds.
    var standbyConsumer: (any ConsumerClient)?
    var lastLimits: ContinuousClock.Instant
    /// By number: `LedgerPartition.countedTo` of those that this member has let go of.
    private(set) var countedTo: [Int32: Int64] = [:]
    private let clock: SteadyClock
    private let memory: MemoryWatch
    private var batch = FactBatch()
    /// Read from its beginning whenever partitions arrive: what was said of them before counts too.
    var checkpoints: CheckpointTopic?
    private let directory: MemberDirectory
    /// How far the ledger is folded, and how fast.
    var recovery: Recovery
    private var failure: (any Error)?
    private var lastCommit: ContinuousClock.Instant
    /// By ledger partition: the positions that were committed last; nil if none were since the last assignment.
    private var committed: [Int32: Int64]?
    private let publishedCounters: [Counter]
    private let frameCounter = Counter(.foldFrames)

    init(_ member: Member, ledgerPartitions: Int) throws {
        configuration = member.configuration
        (host, logger) = (configuration.host, member.logger)
        (stop, board, owned, directory) = (member.stop, member.board, member.owned, member.directory)
        (clock, memory) = (member.clock, member.memory)
        (lastLimits, lastCommit, recovery) = (host.now, host.now, Recovery(at: host.now))
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
        try consumer.poll(timeoutMilliseconds: isCatchingUp ? 0 : 20) { try fold($0) }
        for (place, error) in consumer.takeErrors() { try handle(error, at: place) }
        try recover()
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
        try keepUp()
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

    /// After an error nothing more is written: what was kept before is read again.
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
    private func renewOutlet() throws {
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

    // MARK: Folding

    private func fold(_ records: UnsafeBufferPointer<Record>) throws {
        // Partitions can arrive and bring records in one poll.
        try recover()
        // Until what came is folded and its facts are acknowledged, nobody may take this member for current.
        board.update { $0.currentPartitions = 0 }
        for record in records {
            let partition = assignedPartitions[record.source]
            let frame = LedgerFrame(offset: record.offset, bytes: record.frame)
            try keep(frame.bytes, at: frame.offset, in: partition.store)
            if partition.admits(frame) { try fold(frame, in: partition) }
        }
        frameCounter.increment(by: records.count)
        board.update { $0.frames += Int64(records.count) }
        serve(0)
    }

    /// Folds a frame that is not folded yet, and publishes its facts.
    func fold(_ frame: LedgerFrame, in partition: LedgerPartition) throws {
        switch try partition.fold(frame, into: &batch) {
        case .repeated: break
        case .quarantined(let search):
            partition.quarantine?.unsearched = search.map { frames(of: partition, in: $0) }
        case .folded(let before, let news):
            if let news { note(news, at: frame.offset, in: partition) }
            try publish(partition)
            partition.folded(next: frame.offset + 1)
            try checkpointIfDue(partition, from: before, to: frame.offset + 1)
        }
    }

    private func note(_ news: FoldTallies, at offset: Int64, in partition: LedgerPartition) {
        board.add(news)
        guard news.refusedFrames > 0 || news.counters.policySwitches > 0 || news.counters.outOfRange > 0 else { return }
        let place: Logger.Metadata = ["partition": "\(partition.number)", "offset": "\(offset)"]
        if news.refusedFrames > 0 {
            logger.error(
                "a frame is refused: its appender session has a gap or is forgotten; the appender sends its events again",
                metadata: place)
        }
        if news.counters.outOfRange > 0 {
            logger.error(
                "entries contribute nothing: their time lies outside 1970 to 2200, or more than 10 years beyond the clock",
                metadata: place.merging(["entries": "\(news.counters.outOfRange)"]) { $1 })
        }
        if news.counters.policySwitches > 0, let policy = partition.withFold({ $0.policy }) {
            logger.notice(
                "a policy is activated",
                metadata: place.merging(["policy": "\(policy.id)", "version": "\(policy.version)"]) { $1 })
        }
    }

    private func publish(_ partition: LedgerPartition) throws {
        guard !batch.items.isEmpty else { return }
        let (producer, topics) = (outlet.producer, outlet.facts)
        var counts = [Int64](repeating: 0, count: topics.count)
        for item in batch.items {
            let topic = item.topic.rawValue
            while try !producer.produce(
                topic: topics[topic], partition: partition.number, key: batch.key(item), value: batch.value(item),
                headers: Self.factHeaders, tag: Int(item.sequence))
            { try waitForRoom() }
            counts[topic] += 1
            partition.send(item.topic, item.sequence)
        }
        for (topic, count) in counts.enumerated() where count > 0 { publishedCounters[topic].increment(by: count) }
        board.update { status in for topic in counts.indices { status.factsPublished[topic] += counts[topic] } }
    }

    func waitForRoom() throws {
        serve(50)
        try check()
        if stop.isSet { throw CancellationError() }
    }

    func serve(_ milliseconds: Int) {
        let outlet = outlet
        outlet.producer.serve(timeoutMilliseconds: milliseconds) { delivery in
            if delivery.code != 0 {
                if failure == nil { failure = delivery.error(topicName: outlet.producer.topicName(delivery.topic)) }
            } else if delivery.topic == outlet.ticker.topic {
                // A tick that may be refused is made up for by the next one, in a session of its own.
                try? outlet.ticker.acknowledged(delivery.partition, offset: delivery.offset)
            } else if delivery.tag != Self.otherTag, let topic = outlet.facts.firstIndex(of: delivery.topic) {
                partitions[Int(delivery.partition)]?.acknowledge(
                    topic: topic, sequence: Int64(delivery.tag), offset: delivery.offset)
            }
        }
        for partition in assignedPartitions { partition.settle() }
    }

    // MARK: Time

    private func noteEnds(_ consumer: any ConsumerClient) {
        guard consumer.assignment.count == assignedPartitions.count else { return }
        var current = 0
        var (behind, farthest) = (Duration.zero, Int32(0))
        for (index, source) in consumer.assignment.enumerated() {
            let partition = assignedPartitions[index]
            partition.noteEnd(consumer.knownEnd(index), reachedEnd: source.reachedEnd)
            if partition.phase == .current { current += 1 }
            partition.noteBehind(at: host.now)
            if let time = partition.behind, time >= behind { (behind, farthest) = (time, partition.number) }
        }
        let going = assignedPartitions.filter { $0.quarantine == nil }
        let isKnown = !going.isEmpty && going.allSatisfy { $0.behind != nil }
        board.update { status in
            status.currentPartitions = current
            status.behind = isKnown ? .init(time: behind, partition: farthest, at: host.now) : nil
            status.quarantined = quarantined
        }
        noteProgress(isDone: isKnown && behind <= .microseconds(configuration.readyWithin))
    }

    /// The owner's duty (SPEC section 5): where the wall clock has run ahead, an entry that only moves the clock.
    private func appendTicks() throws {
        guard configuration.clock == .wall else { return }
        let now = clock.time
        for partition in assignedPartitions {
            guard
                let time = partition.tick(
                    at: now, interval: configuration.tickInterval, readyWithin: configuration.readyWithin)
            else { continue }
            let number = Int(partition.number)
            outlet.ticker.append(tick: time, to: number)
            _ = try outlet.ticker.send(number, tag: Self.otherTag, wait: waitForRoom)
            board.update { $0.ticks += 1 }
        }
    }

    /// In every round: what comes within a tenth of a second can bring a table to its next growth.
    private func watchMemory() {
        guard memory.limit != nil else { return }
        memory.expect(
            growth: partitions.lazy.compactMap(\.self).reduce(0) { sum, partition in
                sum + partition.withFold { Int64($0.fold.nextGrowth) }
            })
        memory.look()
    }

    // MARK: Members

    /// Says who owns what, where it is not said yet.
    private func announce() throws {
        guard let topic = outlet.members, assignment != nil,
            let news = directory.news(of: assignedPartitions.map(\.number), isFull: memory.isFull, at: host.now)
        else { return }
        try say(news.json, of: news.address, to: topic)
    }

    /// A member that stops is asked nothing more.
    private func takeLeave() {
        guard let topic = outlet.members, let address = directory.farewell() else { return }
        do {
            try say(nil, of: address, to: topic)
        } catch {
            logger.warning("others still take this member for running", metadata: ["reason": "\(error)"])
        }
        let deadline = host.now + .milliseconds(Self.handOverMilliseconds)
        while outlet.producer.queued > 0, failure == nil, host.now < deadline { serve(10) }
    }

    private func say(_ value: [UInt8]?, of address: String, to topic: Int) throws {
        func produce(_ value: UnsafeRawBufferPointer?) throws {
            try Array(address.utf8).withUnsafeBytes { key in
                while try !outlet.producer.produce(
                    topic: topic, partition: Producer.anyPartition, key: key, value: value, tag: Self.otherTag)
                { try waitForRoom() }
            }
        }
        guard let value else { return try produce(nil) }
        try value.withUnsafeBytes { try produce($0) }
    }

    // MARK: Positions

    private func recover() throws {
        var marks: [Int32: [Publication.Mark]] = [:]
        for partition in assignedPartitions {
            if case .recovering(let mark) = partition.phase { marks[partition.number] = mark }
        }
        guard !marks.isEmpty else { return }
        let found = try FactRecovery.run(marks, configuration: configuration, stop: stop, logger: logger)
        var arrived: [LedgerPartition] = []
        for partition in assignedPartitions {
            guard let marks = found[partition.number] else { continue }
            partition.recover(marks)
            arrived.append(partition)
        }
        try beginCatchUp(arrived)
    }

    private func commitIfDue(_ consumer: any ConsumerClient) throws {
        let age = host.now - lastCommit
        guard age > Self.commitEvery else { return }
        guard positions != committed || age > Self.recommitEvery else { return }
        try commit(consumer, wait: false)
    }

    /// By ledger partition: the offset before which every fact is acknowledged, where one is.
    private var positions: [Int32: Int64] {
        var positions: [Int32: Int64] = [:]
        for partition in assignedPartitions where partition.committable > 0 {
            positions[partition.number] = partition.committable
        }
        return positions
    }

    private func commit(_ consumer: any ConsumerClient, wait: Bool) throws {
        lastCommit = host.now
        var offsets: [PartitionOffset] = []
        committed = positions
        for partition in assignedPartitions.sorted(by: { $0.number < $1.number }) {
            guard let position = partition.position else { continue }
            offsets.append(
                PartitionOffset(
                    TopicPartition(configuration.topics.ledger, partition.number), offset: position.offset,
                    metadata: position.metadata))
        }
        try consumer.commit(offsets, wait: wait)
    }

    private func handOver(_ consumer: any ConsumerClient) {
        let deadline = host.now + .milliseconds(Self.handOverMilliseconds)
        while !assignedPartitions.allSatisfy(\.isSettled), failure == nil,
            outlet.producer.fatalError == nil,
            host.now < deadline
        {
            serve(10)
        }
        do {
            try commit(consumer, wait: true)
        } catch {
            logger.warning("the ledger's positions are not committed", metadata: ["reason": "\(error)"])
        }
    }

    /// To whoever asks for a standing.
    func showPartitions() {
        owned.replace(assignedPartitions.map(\.shared), standby: standbys.map(\.shared))
        let count = standbys.count
        board.update { $0.standbyPartitions = count }
    }

    private func showNothingOwned() {
        board.update { status in
            (status.foldPartitions, status.currentPartitions, status.behind) = (0, 0, nil)
            status.quarantined = []
        }
    }

    // MARK: RebalanceListener

    func assigned(_ places: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
        assignment = places
        let committed: [PartitionOffset]
        do {
            committed = try consumer.committed(places, timeoutMilliseconds: 10_000)
        } catch {
            failure = error
            return []
        }
        for partition in assignedPartitions { drop(partition) }
        (assignedPartitions, checkpoints) = ([], nil)
        let atHand = places.count { partitions[Int($0.partition)] != nil }
        do {
            try take(places, committed: committed)
        } catch {
            failure = error
            for partition in assignedPartitions { drop(partition) }
            assignedPartitions = []
            return []
        }
        self.committed = nil
        if !configuration.standsBy { closeStandbys() }
        directory.forget()
        showPartitions()
        board.update { status in
            (status.foldPartitions, status.currentPartitions, status.behind) = (places.count, 0, nil)
        }
        logger.info("fold owns", metadata: ["partitions": "\(places.count)", "atHand": "\(atHand)"])
        return zip(places, assignedPartitions).map { place, partition in
            PartitionOffset(place, offset: partition.store.archiveEnd ?? partition.nextOffset)
        }
    }

    /// Makes these partitions this member's, out of its standbys where it has them.
    private func take(_ places: [TopicPartition], committed: [PartitionOffset]) throws {
        let blank = [Publication.Mark](repeating: .init(), count: FactTopic.allCases.count)
        let positions = Dictionary(committed.map { ($0.topicPartition.partition, $0) }) { $1 }
        for place in places {
            let partition = try partitions[Int(place.partition)] ?? open(place.partition)
            let position = positions[place.partition]
            partition.assign(
                committed: max(0, position?.offset ?? 0),
                marks: position.flatMap { Publication.marks(in: $0.metadata) } ?? blank)
            assignedPartitions.append(partition)
        }
    }

    func revoked(_ places: [TopicPartition], lost: Bool, from consumer: any ConsumerClient) {
        for partition in assignedPartitions { partition.leave() }
        if lost {
            logger.warning("the group has given this member's partitions away")
            do { try renewOutlet() } catch { failure = error }
        } else {
            handOver(consumer)
        }
        for partition in assignedPartitions {
            partition.standBy()
            board.keep(partition.shared)
            if !partition.isUsable { drop(partition) }
        }
        (assignment, checkpoints, assignedPartitions) = (nil, nil, [])
        showPartitions()
        showNothingOwned()
    }
}
