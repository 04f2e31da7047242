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

    func beginPoll() {
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

    var isStopping: Bool { state.withLock { $0.phase == .stopping } }

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
    func storedPositions() throws -> [Int32: FactPosition] {
        do {
            let positions = try store.database.positions(of: topic)
            state.withLock { $0.freshness.hasRead() }
            return positions
        } catch {
            throw failedToRead(error)
        }
    }

    func write(_ batch: JudgedFacts) throws {
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

    func add(_ counts: FactCounts) { state.withLock { $0.counts += counts } }

    func begin(_ partitions: Set<Int32>, at positions: [Int32: FactPosition]) {
        state.withLock { $0.freshness.begin(partitions, at: positions) }
    }

    func advance(to positions: [Int32: FactPosition]) {
        state.withLock { $0.freshness.advance(to: positions) }
    }

    /// Logs the first error since the cluster answered at once. The thread that asks for the ends logs the rest.
    func note(_ error: KafkaError) {
        let isNew = state.withLock { state in
            defer { state.isTroubled = true }
            return !state.isTroubled
        }
        if isNew { logger.warning("following \(topic): \(error)") }
    }
}
