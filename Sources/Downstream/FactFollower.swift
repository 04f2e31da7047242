import Events
import Foundation
import Kafka
import Logging
import Synchronization

/// Follows one fact topic into a store, on a thread of its own. The group decides only which partitions are read. The
/// start positions are in the store, written together with the effects of the facts before them. A second thread asks
/// the brokers for the topic's ends, which show whether the service is current.
///
/// Only `stop` ends it: it waits for a broker that is down, and retries a store that fails from its last transaction.
final class FactFollower: Sendable {
    private struct State {
        var phase = Phase.idle
        /// The number of threads that have not ended.
        var threads = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
        var counts = FactCounts()
        var freshness: Freshness
        /// True if the cluster's last error was logged and it has not answered since.
        var isTroubled = false
        /// The number of partitions that are not read here, as last logged.
        var elsewhere = 0
        /// The time at which each thread began its last round.
        var rounds: [Loop: ContinuousClock.Instant] = [:]
        /// True after the group has been polled.
        var hasPolled = false
    }

    private enum Loop { case facts, ends }

    private enum Phase { case idle, running, stopping, ended }

    /// The pause after a failure, before everything is opened again.
    private static let retryPause = Duration.seconds(2)
    /// How soon a pause notices a stop, in seconds.
    private static let pauseStep = 0.05
    /// How many times the ends are asked for within the time that the service may lag. The next constant is the
    /// longest pause.
    private static let asksWithin = 6
    private static let longestAskPause = Duration.seconds(5)
    /// How often the log warns while the brokers do not answer with the ends.
    private static let warningPause = Duration.seconds(5)
    private static let askTimeoutMilliseconds = 4_000

    let kafka: KafkaConfiguration
    let topic: String
    let group: String
    let store: any FactStore
    let logger: Logger
    private let askPause: Duration
    private let state: Mutex<State>

    /// `within`: a service is current if it has known the whole topic at some moment within this time.
    init(
        kafka: KafkaConfiguration, topic: String, group: String, store: any FactStore, within: Duration, logger: Logger
    ) {
        self.kafka = kafka
        self.topic = topic
        self.group = group
        self.store = store
        self.logger = logger
        askPause = min(within / Self.asksWithin, Self.longestAskPause)
        state = Mutex(State(freshness: Freshness(topic: topic, group: group, within: within, at: .now)))
    }

    var counts: FactCounts { state.withLock { $0.counts } }

    /// Why the store lags the topic, one sentence per reason; empty if it is current.
    var reasonsNotCurrent: [String] { state.withLock { $0.freshness.reasons(at: .now) } }
    var isCurrent: Bool { reasonsNotCurrent.isEmpty }
    var progress: Freshness.Progress { state.withLock { $0.freshness.progress(at: .now) } }

    /// Whether the group has been polled.
    var isAtWork: Bool { state.withLock { $0.hasPolled } }

    /// How long ago the slower thread began its last round; zero before the first.
    var standstill: Duration {
        state.withLock { $0.rounds.values.min() }.map { ContinuousClock.now - $0 } ?? .zero
    }

    private func begin(_ loop: Loop) { state.withLock { $0.rounds[loop] = .now } }

    fileprivate func beginPoll() {
        state.withLock { state in
            state.rounds[.facts] = .now
            state.hasPolled = true
        }
    }

    /// Called at most once.
    func start() {
        let works: [(name: String, work: @Sendable () -> Void)] = [
            ("fact-follower", { self.follow() }), ("fact-ends", { self.askForEnds() }),
        ]
        state.withLock {
            precondition($0.phase == .idle, "a follower starts once")
            $0.phase = .running
            $0.threads = works.count
        }
        for (name, work) in works {
            let thread = Thread {
                work()
                self.threadEnded()
            }
            thread.name = name
            thread.start()
        }
    }

    /// Returns after the threads have ended and the group is left.
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

    private func threadEnded() {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.threads -= 1
            guard state.threads == 0 else { return [] }
            state.phase = .ended
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    fileprivate var isStopping: Bool { state.withLock { $0.phase == .stopping } }

    private func rest(_ length: Duration) {
        let end = ContinuousClock.now + length
        while !isStopping, ContinuousClock.now < end { Thread.sleep(forTimeInterval: Self.pauseStep) }
    }

    private func follow() {
        while !isStopping {
            begin(.facts)
            do {
                try FactSession(self).run()
            } catch {
                logger.error("following \(topic) failed, trying again from the stored position: \(error)")
                rest(Self.retryPause)
            }
        }
    }

    // MARK: How far the topic goes

    private func askForEnds() {
        var kafka = kafka
        kafka.patience.limit = .milliseconds(Self.askTimeoutMilliseconds)
        kafka.patience.isStopped = { [self] in isStopping }
        kafka.patience.onWait = { _ in }
        var admin: Admin?
        var wasCurrent = false
        var nextWarning = ContinuousClock.now
        while !isStopping {
            begin(.ends)
            guard let offsets = state.withLock({ $0.freshness.offsets }) else {
                Thread.sleep(forTimeInterval: Self.pauseStep)
                continue
            }
            do {
                let cluster = try admin ?? Admin(kafka, timeoutMilliseconds: Self.askTimeoutMilliseconds)
                admin = cluster
                try ask(cluster, after: offsets)
            } catch {
                state.withLock {
                    $0.freshness.note(trouble: "\(error)")
                    $0.isTroubled = true
                }
                if !isStopping, ContinuousClock.now >= nextWarning {
                    nextWarning = .now + Self.warningPause
                    logger.warning("following \(topic): how far it goes is not told: \(error)")
                }
            }
            wasCurrent = logCurrency(wasCurrent)
            rest(askPause)
        }
    }

    private func ask(_ admin: Admin, after offsets: [Int32: Int64]) throws {
        let askedAt = ContinuousClock.now
        guard let count = try admin.topic(topic)?.partitions else { throw TopicMissing(topic: topic) }
        let topicPartitions = (0..<Int32(count)).map { TopicPartition(topic, $0) }
        let ends = try admin.ends(of: topicPartitions)
        let (wasTroubled, formerly, elsewhere) = state.withLock { state in
            state.freshness.note(ends: topicPartitions.map { ends[$0] ?? 0 }, after: offsets, askedAt: askedAt)
            let elsewhere = state.freshness.partitionsElsewhere
            defer { (state.isTroubled, state.elsewhere) = (false, elsewhere) }
            return (state.isTroubled, state.elsewhere, elsewhere)
        }
        if wasTroubled { logger.info("following \(topic): the cluster answers") }
        if elsewhere > 0, elsewhere != formerly {
            logger.warning(
                """
                \(elsewhere) of \(count) partitions of \(topic) are not read here: another member of group \(group) has them, \
                so this service is not current once there are facts in them
                """)
        }
    }

    /// Logs when the service becomes current, and when it is not current any more.
    private func logCurrency(_ wasCurrent: Bool) -> Bool {
        let reasons = reasonsNotCurrent
        if reasons.isEmpty, !wasCurrent {
            logger.notice("current: \(topic) is known to its end")
        } else if let first = reasons.first, wasCurrent {
            let others = reasons.count > 1 ? " (and \(reasons.count - 1) more)" : ""
            logger.error("not current any more: \(first)\(others)")
        }
        return reasons.isEmpty
    }

    // MARK: The database

    /// Reads the database for an answer, and notes whether it could be read.
    func reading<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            let result = try await body()
            state.withLock { $0.freshness.hasRead() }
            return result
        } catch {
            if Task.isCancelled { throw error }
            throw failedToRead(error)
        }
    }

    private func failedToRead(_ error: any Error) -> UnusableDatabase {
        let trouble = UnusableDatabase(store.database.path, error)
        state.withLock { $0.freshness.failedToRead(trouble.description, at: .now) }
        logger.error("the database cannot be read: \(trouble)")
        return trouble
    }

    /// The position of each partition, for a new session.
    fileprivate func storedPositions() throws -> [Int32: FactPosition] {
        do {
            let positions = try store.database.positions(of: topic)
            state.withLock { $0.freshness.hasRead() }
            return positions
        } catch {
            throw failedToRead(error)
        }
    }

    fileprivate func write(_ batch: JudgedFacts) throws {
        do {
            try store.database.write(batch.effects, positions: batch.positions, of: topic)
            state.withLock { $0.freshness.hasWritten() }
        } catch {
            let trouble = UnusableDatabase(store.database.path, error)
            state.withLock { $0.freshness.failedToWrite(trouble.description, at: .now) }
            throw trouble
        }
    }

    // MARK: Reports of a session

    fileprivate func add(_ counts: FactCounts) { state.withLock { $0.counts += counts } }

    fileprivate func begin(_ partitions: Set<Int32>, at positions: [Int32: FactPosition]) {
        state.withLock { $0.freshness.begin(partitions, at: positions) }
    }

    fileprivate func advance(to positions: [Int32: FactPosition]) {
        state.withLock { $0.freshness.advance(to: positions) }
    }

    /// Logs the first error since the cluster answered at once. The thread that asks for the ends logs the rest.
    fileprivate func note(_ error: KafkaError) {
        let isNew = state.withLock { state in
            defer { state.isTroubled = true }
            return !state.isTroubled
        }
        if isNew { logger.warning("following \(topic): \(error)") }
    }
}

/// The cluster answers that it has no such topic.
private struct TopicMissing: Error, CustomStringConvertible {
    let topic: String
    var description: String { "there is no topic \(topic); `standing topics apply` creates it" }
}

/// One Kafka consumer from joining the group to leaving it. All calls are on the follower's thread.
private final class FactSession: RebalanceListener {
    private static let pollMilliseconds = 200
    /// The local queue. SQLite is slower than fetching, so a short queue never runs empty.
    private static let maximumQueuedRecords = 100_000
    private static let maximumQueuedKilobytes = 64 * 1024

    private let follower: FactFollower
    private let topic: String
    private let logger: Logger
    private var positions: [Int32: FactPosition] = [:]
    /// Positions that the broker did not have, until the first fact from the beginning shows why.
    private var outOfRange: [Int32: Int64] = [:]
    private var failure: (any Error)?

    init(_ follower: FactFollower) {
        self.follower = follower
        topic = follower.topic
        logger = follower.logger
    }

    func run() throws {
        // Before the group assigns partitions: the stored facts may be all that there are.
        follower.begin([], at: try follower.storedPositions())
        var options = Consumer.Options(group: follower.group)
        options.name = "facts"
        options.reportsEnds = true
        options.maximumQueuedRecords = Self.maximumQueuedRecords
        options.maximumQueuedKilobytes = Self.maximumQueuedKilobytes
        let consumer = try Consumer(
            follower.kafka, options: options, listener: self, onNotice: { [weak self] in self?.notice($0) })
        defer { consumer.close() }
        try consumer.subscribe(to: [topic])
        while !follower.isStopping {
            follower.beginPoll()
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { try take($0, from: consumer) }
            if let failure { throw failure }
            try serveErrors(of: consumer)
            for item in consumer.assignment {
                // There is no record between the last record and the end, only markers of transactions.
                let (partition, offset) = (item.topicPartition.partition, item.end ?? item.position)
                if offset >= 0 { positions[partition, default: FactPosition(offset: 0, sequence: 0)].offset = offset }
            }
            follower.advance(to: positions)
        }
    }

    func assigned(_ partitions: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
        do {
            let stored = try follower.storedPositions()
            positions = stored
            outOfRange = [:]
            follower.begin(Set(partitions.map(\.partition)), at: stored)
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
        follower.begin([], at: positions)
        logger.info("\(partitions.count) partitions of \(topic) \(lost ? "lost" : "given back")")
    }

    private func take(_ records: UnsafeBufferPointer<Record>, from consumer: any ConsumerClient) throws {
        var batch = JudgedFacts(for: follower.store, after: positions)
        for record in records {
            batch.add(
                record.value, partition: consumer.assignment[record.source].topicPartition.partition,
                offset: record.offset)
        }
        try follower.write(batch)
        for (partition, item) in batch.partitions {
            positions[partition] = item.position
            follower.add(item.counts)
            report(item, of: partition)
        }
        do {
            // Only for lag monitors.
            try consumer.commit(
                batch.positions.map { PartitionOffset(TopicPartition(topic, $0.key), offset: $0.value.offset) },
                wait: false)
        } catch {
            logger.debug("committing offsets of \(topic) failed: \(error)")
        }
    }

    /// Logs at most one line of a kind per partition and batch.
    private func report(_ item: JudgedFacts.Partition, of partition: Int32) {
        let topicPartition = TopicPartition(topic, partition)
        if let (offset, fault) = item.firstMalformed {
            logger.error(
                "\(topicPartition) offset \(offset): malformed fact skipped: \(fault) (\(item.counts.malformed) in this batch)"
            )
        }
        if let (offset, missing) = item.firstGap {
            logger.error(
                """
                \(topicPartition) offset \(offset): GAP, \(missing) facts are missing; records are ignored until they arrive \
                (\(item.counts.gaps) in this batch)
                """)
        }
        guard let first = item.first, let stored = outOfRange.removeValue(forKey: partition) else { return }
        if first.offset < stored, first.sequence == 1, item.counts.repeats > 0 {
            logger.error(
                """
                \(topicPartition) begins with sequence 1 below the stored offset \(stored): the topic was re-created or lost \
                its end. Facts up to sequence \(item.position.sequence) are ignored as repeats; to follow a new topic from \
                its start, delete this service's database
                """)
        }
    }

    /// A position that the broker does not have becomes the beginning of the available records. The sequence stays.
    private func serveErrors(of consumer: Consumer) throws {
        var lost: [TopicPartition: KafkaError] = [:]
        for (topicPartition, error) in consumer.takeErrors() {
            if error.isOffsetOutOfRange { lost[topicPartition] = error } else { follower.note(error) }
        }
        guard !lost.isEmpty else { return }
        // librdkafka stops a partition after this error and refuses a seek in it, so everything is assigned again.
        let starts = try consumer.assignment.map { item in
            let (topicPartition, position) = (item.topicPartition, item.position)
            guard let error = lost[topicPartition] else { return PartitionOffset(topicPartition, offset: position) }
            guard position >= 0 else { throw error }
            outOfRange[topicPartition.partition] = position
            let sequence = positions[topicPartition.partition]?.sequence ?? 0
            positions[topicPartition.partition] = FactPosition(offset: 0, sequence: sequence, seen: 0)
            logger.error(
                """
                \(topicPartition): the broker does not have offset \(position); reading from the beginning of what is there, \
                after sequence \(sequence)
                """)
            return PartitionOffset(topicPartition, offset: PartitionOffset.beginning)
        }
        try consumer.assign(starts)
    }

    private func notice(_ notice: KafkaNotice) {
        switch notice {
        case .error(let error): follower.note(error)
        case .log(_, let facility, let message): logger.debug("librdkafka \(facility): \(message)")
        }
    }
}
