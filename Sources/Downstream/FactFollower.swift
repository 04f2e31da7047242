import Events
import Foundation
import Kafka
import Logging
import Synchronization

/// Follows one fact topic into a store, on a thread of its own. The group only says which partitions are read: where
/// to start stands in the store, written together with what the facts before it did.
///
/// Nothing ends it but `stop`: a broker that is away is waited for, and a store that fails is tried again from its
/// last transaction.
final class FactFollower: Sendable {
    private struct State {
        var phase = Phase.idle
        var waiters: [CheckedContinuation<Void, Never>] = []
        var counts = FactCounts()
        /// Partitions of the topic; nil until the cluster has said so.
        var partitionCount: Int?
        var assigned: Set<Int32> = []
        var caughtUp: Set<Int32> = []
    }

    private enum Phase { case idle, running, stopping, ended }

    /// Pause after a failure, before everything is opened again.
    private static let retryPause = Duration.seconds(2)
    /// How soon a pause notices that it should stop.
    private static let pauseStep = 0.05

    let kafka: KafkaConfiguration
    let topic: String
    let group: String
    let store: any FactStore
    let logger: Logger
    private let state = Mutex(State())

    init(kafka: KafkaConfiguration, topic: String, group: String, store: any FactStore, logger: Logger) {
        self.kafka = kafka
        self.topic = topic
        self.group = group
        self.store = store
        self.logger = logger
    }

    var counts: FactCounts { state.withLock { $0.counts } }

    /// Whether this follower reads every partition of the topic and has reached the end of each once.
    var isReady: Bool {
        state.withLock { $0.partitionCount == $0.assigned.count && $0.caughtUp.isSuperset(of: $0.assigned) }
    }

    /// Once in a follower's life.
    func start() {
        state.withLock {
            precondition($0.phase == .idle, "a follower starts once")
            $0.phase = .running
        }
        let thread = Thread { self.follow() }
        thread.name = "fact-follower"
        thread.start()
    }

    /// Returns when the thread has left the group and ended.
    func stop() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.phase == .running || state.phase == .stopping else { return true }
                state.phase = .stopping
                state.waiters.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    fileprivate var isStopping: Bool { state.withLock { $0.phase == .stopping } }

    private func follow() {
        while !isStopping {
            do {
                try FactSession(self).run()
            } catch {
                logger.error("following \(topic) failed, trying again from the stored position: \(error)")
                let end = ContinuousClock.now + Self.retryPause
                while !isStopping, ContinuousClock.now < end { Thread.sleep(forTimeInterval: Self.pauseStep) }
            }
        }
        let waiters = state.withLock { state in
            state.phase = .ended
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    fileprivate func add(_ counts: FactCounts) { state.withLock { $0.counts += counts } }

    fileprivate func setAssigned(_ partitions: Set<Int32>) {
        state.withLock {
            $0.assigned = partitions
            $0.partitionCount = nil
        }
    }

    fileprivate func reached(endOf partition: Int32) { state.withLock { _ = $0.caughtUp.insert(partition) } }

    /// The topic's partition count, and how many of them are read here.
    fileprivate func setPartitionCount(_ count: Int) -> Int {
        state.withLock {
            $0.partitionCount = count
            return $0.assigned.count
        }
    }
}

/// The life of one Kafka consumer, from joining the group to leaving it. Everything on the follower's thread.
private final class FactSession: RebalanceListener {
    private static let pollMilliseconds = 200
    /// The local queue: SQLite is slower than fetching, so a short one never starves.
    private static let maximumQueuedRecords = 100_000
    private static let maximumQueuedKilobytes = 64 * 1024
    /// How often a cluster that is in trouble is asked again, with a line in the log.
    private static let probeInterval = Duration.seconds(5)
    private static let probeTimeoutMilliseconds = 2_000

    private let follower: FactFollower
    private let topic: String
    private let logger: Logger
    private var sequences: [Int32: FactSequence] = [:]
    /// Positions that the broker did not have, until the first fact from the beginning shows why.
    private var outOfRange: [Int32: Int64] = [:]
    private var failure: (any Error)?
    private var trouble: KafkaError?
    private var knowsPartitionCount = false
    private var isAssigned = false
    private var nextProbe = ContinuousClock.now

    init(_ follower: FactFollower) {
        self.follower = follower
        topic = follower.topic
        logger = follower.logger
    }

    func run() throws {
        var options = Consumer.Options(group: follower.group)
        options.reportsEnds = true
        options.maximumQueuedRecords = Self.maximumQueuedRecords
        options.maximumQueuedKilobytes = Self.maximumQueuedKilobytes
        let consumer = try Consumer(
            follower.kafka, options: options, listener: self, onNotice: { [weak self] in self?.notice($0) })
        defer { consumer.close() }
        try consumer.subscribe(to: [topic])
        while !follower.isStopping {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { try take($0, from: consumer) }
            if let failure { throw failure }
            try serveErrors(of: consumer)
            for item in consumer.assignment where item.reachedEnd {
                follower.reached(endOf: item.topicPartition.partition)
            }
            probe(consumer)
        }
    }

    func assigned(_ partitions: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
        do {
            let stored = try follower.store.database.positions(of: topic)
            sequences = stored.mapValues { FactSequence(last: $0.sequence) }
            outOfRange = [:]
            isAssigned = true
            knowsPartitionCount = false
            nextProbe = .now
            follower.setAssigned(Set(partitions.map(\.partition)))
            let starts = partitions.map {
                PartitionOffset($0, offset: stored[$0.partition]?.offset ?? PartitionOffset.beginning)
            }
            let fresh = starts.count { $0.offset == PartitionOffset.beginning }
            logger.info("reading \(starts.count) partitions of \(topic), \(fresh) of them from the beginning")
            return starts
        } catch {
            failure = error
            return []
        }
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool, from consumer: any ConsumerClient) {
        logger.info("\(partitions.count) partitions of \(topic) \(lost ? "lost" : "given back")")
    }

    private func take(_ records: UnsafeBufferPointer<Record>, from consumer: any ConsumerClient) throws {
        var batch = FactBatch(for: follower.store, after: sequences)
        for record in records {
            batch.add(
                record.value, partition: consumer.assignment[record.source].topicPartition.partition,
                offset: record.offset)
        }
        try follower.store.database.write(batch.effects, positions: batch.positions, of: topic)
        for (partition, item) in batch.partitions {
            sequences[partition] = item.sequence
            follower.add(item.counts)
            report(item, of: partition)
        }
        do {
            // For lag monitors only.
            try consumer.commit(
                batch.partitions.map { PartitionOffset(TopicPartition(topic, $0.key), offset: $0.value.offset) },
                wait: false)
        } catch {
            logger.debug("committing offsets of \(topic) failed: \(error)")
        }
    }

    /// At most one line of a kind for a partition and batch.
    private func report(_ item: FactBatch.Partition, of partition: Int32) {
        let place = TopicPartition(topic, partition)
        if let (offset, fault) = item.firstMalformed {
            logger.error(
                "\(place) offset \(offset): malformed fact skipped: \(fault) (\(item.counts.malformed) in this batch)")
        }
        if let (offset, missing) = item.firstGap {
            logger.error(
                """
                \(place) offset \(offset): GAP, \(missing) facts are missing; records are ignored until they arrive \
                (\(item.counts.gaps) in this batch)
                """)
        }
        guard let first = item.first, let stored = outOfRange.removeValue(forKey: partition) else { return }
        if first.offset < stored, first.sequence == 1, item.counts.repeats > 0 {
            logger.error(
                """
                \(place) begins with sequence 1 below the stored offset \(stored): the topic was re-created or lost \
                its end. Facts up to sequence \(item.sequence.last) are ignored as repeats; to follow a new topic from \
                its start, delete this service's database
                """)
        }
    }

    /// A position that the broker does not have goes to the beginning of what is there; the sequence stays.
    private func serveErrors(of consumer: Consumer) throws {
        var lost: [TopicPartition: KafkaError] = [:]
        for (place, error) in consumer.takeErrors() {
            if error.isOffsetOutOfRange { lost[place] = error } else { note(error) }
        }
        guard !lost.isEmpty else { return }
        // librdkafka stops a partition on this error and refuses to seek in it, so everything is assigned anew.
        let starts = try consumer.assignment.map { item in
            let (place, position) = (item.topicPartition, item.position)
            guard let error = lost[place] else { return PartitionOffset(place, offset: position) }
            guard position >= 0 else { throw error }
            outOfRange[place.partition] = position
            logger.error(
                """
                \(place): the broker does not have offset \(position); reading from the beginning of what is there, \
                after sequence \(sequences[place.partition]?.last ?? 0)
                """)
            return PartitionOffset(place, offset: PartitionOffset.beginning)
        }
        try consumer.assign(starts)
    }

    private func notice(_ notice: KafkaNotice) {
        switch notice {
        case .error(let error): note(error)
        case .log(_, let facility, let message): logger.debug("librdkafka \(facility): \(message)")
        case .statistics: break
        }
    }

    /// The first error is said at once; `probe` says the rest.
    private func note(_ error: KafkaError) {
        if trouble == nil {
            logger.warning("following \(topic): \(error)")
            nextProbe = .now + Self.probeInterval
        }
        trouble = error
    }

    /// Asks the cluster for the topic while there is trouble, or while its partition count is not known.
    private func probe(_ consumer: Consumer) {
        guard trouble != nil || !knowsPartitionCount, ContinuousClock.now >= nextProbe else { return }
        nextProbe = .now + Self.probeInterval
        do {
            let metadata = try consumer.metadata(topic: topic, timeoutMilliseconds: Self.probeTimeoutMilliseconds)
            guard let count = metadata.topics.first?.partitions else { return }
            if trouble != nil { logger.info("following \(topic): the cluster answers") }
            trouble = nil
            guard isAssigned else { return }
            knowsPartitionCount = true
            let assigned = follower.setPartitionCount(count)
            if assigned < count {
                logger.warning(
                    """
                    only \(assigned) of \(count) partitions of \(topic) are read here: another member of group \
                    \(follower.group) has the others, so this service is not ready
                    """)
            }
        } catch {
            trouble = error
            logger.warning("following \(topic): still waiting: \(error)")
        }
    }
}
