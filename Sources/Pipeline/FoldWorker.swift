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
/// group has dealt.
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
    /// What the group says is this member's; nil: nothing was said.
    private(set) var dealt: [TopicPartition]?

    /// By consumer source index.
    var partitions: [OwnedPartition] = []
    var stores: [PartitionStore] = []
    /// By ledger partition: what is held here and not owned, between two assignments or as a standby.
    var spares: [Int32: Spare] = [:]
    /// Reads what a standby folds.
    var standbyConsumer: (any ConsumerClient)?
    var lastLimits: ContinuousClock.Instant
    /// By ledger partition; nil for those of other members and those not recovered yet.
    var publications: [Publication?]
    private var unrecovered: [Int32: [Publication.Mark]] = [:]
    private var lastTick: [Int32: Int64] = [:]
    /// By ledger partition: how its end moves.
    private var ends: [TimeBehind]
    /// By ledger partition: the end that it had when it came here; `Int64.max` while that is not known.
    var firstEnds: [Int64]
    /// By ledger partition: up to where this process has counted what is new.
    var countedTo: [Int64]
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
    private var committed: [Int64] = []
    private let publishedCounters: [Counter]
    private let frameCounter = Counter(.foldFrames)

    init(_ member: Member, ledgerPartitions: Int) throws {
        configuration = member.configuration
        (host, logger) = (configuration.host, member.logger)
        (stop, board, owned, directory) = (member.stop, member.board, member.owned, member.directory)
        (clock, memory) = (member.clock, member.memory)
        (lastLimits, lastCommit, recovery) = (host.now, host.now, Recovery(at: host.now))
        publications = [Publication?](repeating: nil, count: ledgerPartitions)
        ends = [TimeBehind](repeating: TimeBehind(), count: ledgerPartitions)
        firstEnds = [Int64](repeating: .max, count: ledgerPartitions)
        countedTo = [Int64](repeating: 0, count: ledgerPartitions)
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
        guard let dealt else { return }
        try consumer.assign(assigned(dealt, to: consumer))
        try check()
    }

    func abandon() {
        forgetEverything()
        outlet.producer.purge()
        consumer = nil
    }

    /// After an error nothing more is written: what was kept before is read again.
    private func forgetEverything() {
        for partition in partitions { board.keep(partition) }
        (partitions, stores, spares) = ([], [], [:])
        (standbyConsumer, checkpoints) = (nil, nil)
        forgetPublications()
        unrecovered = [:]
        showPartitions()
        showNothingOwned()
    }

    /// What was sent and is not acknowledged is given up: another member may send it already.
    private func renewOutlet() throws {
        outlet.producer.purge()
        outlet = try FactOutlet(configuration, ledgerPartitions: publications.count, logger: logger)
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
            let (frame, store) = (record.frame, stores[record.source])
            try keep(frame, at: record.offset, in: store)
            guard !stays(LedgerFrame(offset: record.offset, bytes: frame), in: store) else { continue }
            if store.kept == nil { try fold(frame, at: record.offset, place: record.source) }
        }
        frameCounter.increment(by: records.count)
        board.update { $0.frames += Int64(records.count) }
        serve(0)
    }

    /// Folds a frame that is not folded yet, and publishes its facts.
    func fold(_ frame: UnsafeRawBufferPointer, at offset: Int64, place: Int) throws {
        let (partition, store) = (partitions[place], stores[place])
        let number = Int(partition.partition)
        guard let before = try apply(frame, at: offset, to: partition, store, above: publications[number]!.sent) else {
            return
        }
        store.chain.append(frame, at: offset)
        try publish(number)
        publications[number]!.folded(next: offset + 1)
        try checkpointIfDue(partition, store, from: before, to: offset + 1)
    }

    /// Leaves the facts behind `sent` in the batch. Returns where the fold stood; nil: it has folded the frame already, or
    /// cannot fold it.
    func apply(
        _ frame: UnsafeRawBufferPointer, at offset: Int64, to partition: OwnedPartition, _ store: PartitionStore,
        above sent: [Int64]
    ) throws -> Int64? {
        batch.removeAll()
        return try partition.withFold { state -> Int64? in
            guard offset >= state.nextOffset else { return nil }
            if partition.beginsNews(at: offset) { state.beginDiagnosis() }
            let (before, tallies) = (state.nextOffset, FoldTallies(state))
            do {
                try state.apply(frame: frame, at: offset, above: sent, into: &batch)
            } catch let problem as PartitionFold.Problem {
                batch.removeAll()
                quarantine(store, problem)
                return nil
            }
            // What was folded before, here or elsewhere, is not counted as new.
            if offset >= partition.newFrom { note(FoldTallies(state) - tallies, of: state, at: offset) }
            if partition.beginsNews(at: state.nextOffset) { state.beginDiagnosis() }
            return before
        }
    }

    private func note(_ news: FoldTallies, of state: borrowing PartitionFold, at offset: Int64) {
        board.add(news)
        countedTo[Int(state.partition)] = offset + 1
        guard news.refusedFrames > 0 || news.counters.policySwitches > 0 || news.counters.outOfRange > 0 else { return }
        let place: Logger.Metadata = ["partition": "\(state.partition)", "offset": "\(offset)"]
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
        if news.counters.policySwitches > 0, let policy = state.policy {
            logger.notice(
                "a policy is activated",
                metadata: place.merging(["policy": "\(policy.id)", "version": "\(policy.version)"]) { $1 })
        }
    }

    private func publish(_ partition: Int) throws {
        guard !batch.items.isEmpty else { return }
        let (producer, topics) = (outlet.producer, outlet.facts)
        var counts = [Int64](repeating: 0, count: topics.count)
        for item in batch.items {
            let topic = item.topic.rawValue
            while try !producer.produce(
                topic: topics[topic], partition: Int32(partition), key: batch.key(item), value: batch.value(item),
                headers: Self.factHeaders, tag: Int(item.sequence))
            { try waitForRoom() }
            counts[topic] += 1
            publications[partition]!.send(item.topic, item.sequence)
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
                publications[Int(delivery.partition)]?.acknowledge(
                    topic: topic, sequence: Int64(delivery.tag), offset: delivery.offset)
            }
        }
        for index in publications.indices { publications[index]?.settle() }
    }

    // MARK: Time

    private func noteEnds(_ consumer: any ConsumerClient) {
        guard consumer.assignment.count == partitions.count else { return }
        var current = 0
        var (behind, farthest) = (Duration.zero, Int32(0))
        for (index, source) in consumer.assignment.enumerated() {
            let partition = partitions[index]
            partition.end = consumer.knownEnd(index).map { max($0, partition.end ?? 0) } ?? partition.end
            partition.isCurrent =
                source.reachedEnd && stores[index].kept == nil && stores[index].quarantine == nil
                && publications[Int(partition.partition)]?.isSettled == true
            if partition.isCurrent { current += 1 }
            noteBehind(partition, stores[index])
            if let time = partition.behind, time >= behind { (behind, farthest) = (time, partition.partition) }
        }
        let going = partitions.indices.filter { stores[$0].quarantine == nil }
        let isKnown = !going.isEmpty && going.allSatisfy { partitions[$0].behind != nil }
        board.update { status in
            status.currentPartitions = current
            status.behind = isKnown ? .init(time: behind, partition: farthest, at: host.now) : nil
            status.quarantined = quarantined
        }
        noteProgress(isDone: isKnown && behind <= .microseconds(configuration.readyWithin))
    }

    /// For how long an acknowledged frame of the ledger has waited until its facts are acknowledged too.
    private func noteBehind(_ partition: OwnedPartition, _ store: PartitionStore) {
        let number = Int(partition.partition)
        // Of what was there before it came here nobody knows for how long it has waited.
        guard store.quarantine == nil, let end = partition.end, let publication = publications[number],
            publication.committable >= firstEnds[number]
        else { return partition.behind = nil }
        ends[number].note(end: end, at: host.now)
        partition.behind = ends[number].since(position: publication.committable).map { host.now - $0 } ?? .zero
    }

    /// The owner's duty (SPEC section 5): where the wall clock has run ahead, an entry that only moves the clock. One tick moves
    /// it no further than an entry may, so a ledger of long ago comes to now in steps.
    private func appendTicks() throws {
        guard configuration.clock == .wall else { return }
        let now = clock.time
        for partition in partitions {
            // Under traffic there is no moment of rest; but who is far behind first folds what is there.
            guard let behind = partition.behind, behind <= .microseconds(configuration.readyWithin) else { continue }
            let number = partition.partition
            let clock = partition.withFold { $0.policy == nil ? Int64.max : $0.fold.clock.microseconds }
            let latest = max(clock, lastTick[number] ?? .min)
            guard now.subtractingReportingOverflow(configuration.tickInterval).partialValue > latest else { continue }
            let time = min(
                Timestamp(microseconds: now), EntryTime.latest(at: Timestamp(microseconds: latest)))
            lastTick[number] = time.microseconds
            outlet.ticker.append(tick: time, to: Int(number))
            _ = try outlet.ticker.send(Int(number), tag: Self.otherTag, wait: waitForRoom)
            board.update { $0.ticks += 1 }
        }
    }

    /// In every round: what comes within a tenth of a second can bring a table to its next growth.
    private func watchMemory() {
        guard memory.limit != nil else { return }
        memory.expect(
            growth: (partitions + spares.values.map(\.partition)).reduce(0) { sum, partition in
                sum + partition.withFold { Int64($0.fold.nextGrowth) }
            })
        memory.look()
    }

    // MARK: Members

    /// Says who owns what, where it is not said yet.
    private func announce() throws {
        guard let topic = outlet.members, dealt != nil,
            let news = directory.news(of: partitions.map(\.partition), isFull: memory.isFull, at: host.now)
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
        guard !unrecovered.isEmpty else { return }
        let found = try FactRecovery.run(unrecovered, configuration: configuration, stop: stop, logger: logger)
        for (partition, marks) in found { publications[Int(partition)] = Publication(found: marks) }
        let arrived = partitions.indices.filter { unrecovered[partitions[$0].partition] != nil }
        unrecovered = [:]
        try beginCatchUp(arrived)
    }

    private func commitIfDue(_ consumer: any ConsumerClient) throws {
        let age = host.now - lastCommit
        guard age > Self.commitEvery else { return }
        guard publications.map({ $0?.committable ?? 0 }) != committed || age > Self.recommitEvery else { return }
        try commit(consumer, wait: false)
    }

    private func commit(_ consumer: any ConsumerClient, wait: Bool) throws {
        lastCommit = host.now
        var offsets: [PartitionOffset] = []
        committed = publications.map { $0?.committable ?? 0 }
        for (partition, publication) in publications.enumerated() {
            guard let publication, publication.committable > 0 else { continue }
            offsets.append(
                PartitionOffset(
                    TopicPartition(configuration.topics.ledger, Int32(partition)), offset: publication.committable,
                    metadata: publication.metadata))
        }
        try consumer.commit(offsets, wait: wait)
    }

    private func handOver(_ consumer: any ConsumerClient) {
        let deadline = host.now + .milliseconds(Self.handOverMilliseconds)
        while !publications.allSatisfy({ $0?.isSettled ?? true }), failure == nil, outlet.producer.fatalError == nil,
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
        owned.replace(partitions, standby: spares.values.map(\.partition))
        let count = spares.count
        board.update { $0.standbyPartitions = count }
    }

    private func showNothingOwned() {
        board.update { status in
            (status.foldPartitions, status.currentPartitions, status.behind) = (0, 0, nil)
            status.quarantined = []
        }
    }

    private func forgetPublications() {
        for index in publications.indices { publications[index] = nil }
    }

    // MARK: RebalanceListener

    func assigned(_ places: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
        dealt = places
        var newFrom: [Int32: Int64] = [:]
        do {
            let committed = try consumer.committed(places, timeoutMilliseconds: 10_000)
            let blank = [Publication.Mark](repeating: .init(), count: FactTopic.allCases.count)
            unrecovered = [:]
            for start in committed {
                newFrom[start.topicPartition.partition] = max(0, start.offset)
                unrecovered[start.topicPartition.partition] = Publication.marks(in: start.metadata) ?? blank
            }
        } catch {
            failure = error
            return []
        }
        var starts: [PartitionOffset] = []
        var atHand = 0
        do {
            (stores, partitions, checkpoints) = ([], [], nil)
            atHand = places.count { spares[$0.partition] != nil }
            for place in places {
                let spare = spares.removeValue(forKey: place.partition)
                let (store, partition) = try spare.map { ($0.store, $0.partition) } ?? open(place.partition)
                store.quarantine = nil
                partition.newFrom = max(newFrom[place.partition] ?? 0, countedTo[Int(place.partition)])
                partition.behind = nil
                partition.end = nil
                stores.append(store)
                partitions.append(partition)
                starts.append(PartitionOffset(place, offset: store.archiveEnd ?? partition.withFold { $0.nextOffset }))
            }
        } catch {
            failure = error
            (stores, partitions) = ([], [])
            return []
        }
        forgetPublications()
        committed = []
        lastTick = [:]
        for index in ends.indices { (ends[index], firstEnds[index]) = (TimeBehind(), .max) }
        if !configuration.standsBy { closeSpares() }
        directory.forget()
        showPartitions()
        board.update { status in
            (status.foldPartitions, status.currentPartitions, status.behind) = (places.count, 0, nil)
        }
        logger.info("fold owns", metadata: ["partitions": "\(places.count)", "atHand": "\(atHand)"])
        return starts
    }

    func revoked(_ places: [TopicPartition], lost: Bool, from consumer: any ConsumerClient) {
        if lost {
            logger.warning("the group has given this member's partitions away")
            do { try renewOutlet() } catch { failure = error }
        } else {
            handOver(consumer)
        }
        for (partition, store) in zip(partitions, stores) {
            store.kept = nil
            partition.isCurrent = false
            board.keep(partition)
            let out = publications[Int(store.partition)]?.committable ?? 0
            // A state that is ahead of its facts is of use only where an archive has a way back.
            guard store.directory != nil || partition.withFold({ $0.nextOffset }) <= out,
                !partition.withFold({ $0.isSpoiled })
            else { continue }
            partition.newFrom = OwnedPartition.nothingIsNew
            spares[store.partition] = Spare(store: store, partition: partition, out: out)
        }
        dealt = nil
        (checkpoints, partitions, stores) = (nil, [], [])
        forgetPublications()
        unrecovered = [:]
        showPartitions()
        showNothingOwned()
    }
}
