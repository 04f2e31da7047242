public import Events
internal import Foundation
internal import Kafka
internal import Ledger
public import Logging
public import Policy
public import Replay
public import Scoring
internal import Synchronization

/// Intake and fold in one process: starts them when the broker answers, restarts them after errors, and stops them
/// without losing records in flight.
public final class PipelineService: Sendable {
    private static let membersMilliseconds = 200
    /// The number of workers per worker for spare work. Its thread has the same priority. With a lower one it could be
    /// suspended while it has a partition's lock, and other threads would wait for it.
    private static let workersOfSpare = 4

    let member: Member
    private let workers = Mutex<[Worker]>([])
    private let failure = Mutex<PipelineError?>(nil)
    let ledgerPartitions = Atomic(0)
    /// The key of the fingerprints in positions of the queue of appeals.
    let appealsKey: FingerprintKey
    /// Damages of archives that were found by queries. Each is logged once.
    let loggedDamages = Mutex(Set<String>())

    public init(_ configuration: PipelineConfiguration, logger: Logger) {
        member = Member(configuration, logger: logger)
        appealsKey = AppealsQueue.key(configuration.members?.seal)
    }

    public var configuration: PipelineConfiguration { member.configuration }
    var logger: Logger { member.logger }
    private var stopFlag: StopFlag { member.stop }
    private var pipelineStatus: PipelineStatus { member.pipelineStatus }
    var owned: OwnedPartitions { member.owned }
    /// The published facts of this member, as they are acknowledged.
    public var changes: ChangeFeed { member.changes }
    var directory: MemberDirectory { member.directory }

    /// Returns at once; the work is done in threads of its own. `onLedger`: called on one of them with the number of
    /// the ledger's partitions, before any of them is opened.
    public func start(onLedger: @escaping @Sendable (_ partitions: Int) -> Void = { _ in }) {
        let bootstrap = Worker("bootstrap", stop: stopFlag, logger: logger, onFailure: { [self] in fail($0) }) {
            [self] in
            guard
                let partitions = try Bootstrap(configuration: configuration, stop: stopFlag, logger: logger).run()
            else { return }
            ledgerPartitions.store(partitions, ordering: .releasing)
            changes.expect(partitions: partitions)
            onLedger(partitions)
            startWorkers(partitions)
            followMembers(partitions)
        }
        workers.withLock { $0.append(bootstrap) }
    }

    private func startWorkers(_ partitions: Int) {
        for role in Role.allCases where configuration.roles.contains(role) {
            let supervisor = member.supervisor(of: role, ledgerPartitions: partitions)
            let slices = role == .fold ? member.slices : nil
            let worker = Worker(
                role.rawValue, stop: stopFlag, logger: logger, onFailure: { [self] in fail($0) },
                onEnd: { slices?.end() }
            ) {
                try supervisor.run()
            }
            workers.withLock { $0.append(worker) }
            if let slices { startFolding(slices) }
        }
    }

    /// The workers end with the fold's poller, which needs them until its end.
    private func startFolding(_ slices: SliceQueue) {
        for number in 0..<max(1, configuration.workers) {
            let worker = Worker("worker-\(number)", stop: stopFlag, logger: logger, onFailure: { [self] in fail($0) }) {
                slices.work()
            }
            workers.withLock { $0.append(worker) }
        }
        for number in 0..<max(1, configuration.workers / Self.workersOfSpare) {
            let worker = Worker("spare-\(number)", stop: stopFlag, logger: logger, onFailure: { [self] in fail($0) }) {
                slices.workOnSpare()
            }
            workers.withLock { $0.append(worker) }
        }
    }

    private func followMembers(_ ledgerPartitions: Int) {
        guard let members = configuration.members else { return }
        let worker = Worker("members", stop: stopFlag, logger: logger, onFailure: { [self] in fail($0) }) { [self] in
            let reader = try MembersReader(
                directory, configuration.kafka, topic: members.topic, ledgerPartitions: ledgerPartitions,
                logger: logger)
            let runtime = configuration.runtime
            let announcement =
                configuration.roles.contains(.fold)
                ? nil : try IdleAnnouncement(directory, configuration.kafka, topic: members.topic, logger: logger)
            while !stopFlag.isSet {
                try reader.poll(timeoutMilliseconds: Self.membersMilliseconds)
                announcement?.publish(at: runtime.now)
            }
            announcement?.takeLeave(at: runtime.now)
        }
        workers.withLock { $0.append(worker) }
    }

    /// `HOST:PORT` of this member's HTTP server. It is announced to the others, which forward requests about this
    /// member's partitions.
    public func advertise(_ address: String) { directory.ownAddress = address }

    /// The address of another member that owns a ledger partition; nil if none has announced it.
    public func address(ofOwner partition: Int) -> String? { directory.otherOwner(of: Int32(partition)) }

    /// The addresses of other members that own no ledger partition. They may read sources.
    public var idleMembers: [String] { directory.otherIdle }

    /// The limit of `idleMembers`.
    public static let maximumIdleMembers = MemberDirectory.maximumIdle

    private func fail(_ error: PipelineError) {
        failure.withLock { if $0 == nil { $0 = error } }
        pipelineStatus.update { $0.hasFailed = true }
        logger.critical("\(error)")
        stopFlag.set()
    }

    /// Requests every thread to stop: to read no more, wait for acknowledgements, and commit.
    public func requestStop() {
        stopFlag.set()
        changes.end()
    }

    /// Blocks until every thread has ended, so it must not be called from async code. Throws the error that ended the
    /// pipeline, if there was one.
    public func join() throws {
        var joined = 0
        while true {
            let next = workers.withLock { joined < $0.count ? $0[joined] : nil }
            guard let next else { break }
            next.join()
            joined += 1
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// The error that ended the pipeline; nil while it runs.
    public var finalFailure: PipelineError? { failure.withLock { $0 } }

    /// The present status. Does not wait for the fold, like everything that metrics and readiness use.
    public var status: PipelineReading {
        var status = pipelineStatus.current
        status.waitingSlices = member.slices.readyCount
        status.waitingSpares = max(0, member.slices.count - status.waitingSlices)
        return status
    }

    /// The longest time between two polls of a role's consumer since the start of the process, including the present
    /// one; nil if it has not polled yet. Beyond `maximumPollInterval` its group expels this member.
    public func longestPollGap(of role: Role) -> Duration? { pipelineStatus.longestPollGap(of: role) }

    /// The time since a role's consumer polled last; nil while it has none.
    public func pollAge(of role: Role) -> Duration? { pipelineStatus.pollAge(of: role) }

    /// Whether each role has joined its group, and the fold, if it has partitions, lags at most `readyWithin` after the
    /// ledger's end, without the time of policy switches.
    public var isReady: Bool { status.unreadyFor == nil }

    /// Whether both roles have their partitions, the fold has reached the ledger's end, and every fact is acknowledged.
    public var isCurrent: Bool {
        let status = status
        return has(\.intakePartitions, .intake) && has(\.foldPartitions, .fold)
            && status.currentPartitions == status.foldPartitions && failure.withLock { $0 == nil }
    }

    private func has(_ partitions: KeyPath<PipelineReading, Int>, _ role: Role) -> Bool {
        !configuration.roles.contains(role) || status[keyPath: partitions] > 0
    }

    /// Appends a tick to every ledger partition, which moves each earlier clock to `time`. Blocks until the ticks are
    /// acknowledged, so it must not be called from async code.
    public func advanceClocks(to time: Timestamp) throws {
        let partitions = ledgerPartitions.load(ordering: .acquiring)
        let producer = try configuration.gaplessProducer("clock", logger)
        let appender = try configuration.appender(producer, ledgerPartitions: partitions)
        for partition in 0..<partitions {
            appender.append(tick: time, to: partition)
            _ = try appender.send(partition, tag: 0) {}
        }
        var failure: KafkaError?
        while producer.queued > 0, failure == nil, !stopFlag.isSet {
            producer.serve(timeoutMilliseconds: 50) { delivery in
                if let error = delivery.error(topicName: configuration.topics.ledger) {
                    failure = failure ?? error
                } else {
                    pipelineStatus.update { $0.ledgerEnds[delivery.partition] = delivery.offset + 1 }
                }
            }
        }
        if let failure { throw failure }
    }

    /// The sum over the partitions that are folded here.
    public var foldCounters: FoldCounters {
        owned.all.reduce(FoldCounters()) { sum, partition in sum + partition.view.tallies.counters }
    }

    /// Entries and frames that are in the ledger more than once, and that the fold ignored.
    public var ledgerRepeats: (entries: Int64, frames: Int64, brokenFrames: Int64) {
        let sum = owned.all.reduce(FoldTallies()) { sum, partition in sum + partition.view.tallies }
        return (sum.repeatedEntries, sum.repeatedFrames, sum.refusedFrames)
    }

    /// Source topics that have lost records and impose no sanction until that is acknowledged, in a partition folded
    /// here.
    public var frozenTopics: [String] { Set(owned.all.flatMap { $0.view.frozenTopics }).sorted() }

    /// By the folds of the partitions that are folded here. One that has no policy yet is not known.
    public var withdrawnSources: WithdrawnSources {
        var sources = WithdrawnSources()
        for owned in owned.all {
            let view = owned.view
            if view.policy != nil { sources.add(view.withdrawnSources, of: owned.partition) }
        }
        return sources
    }

    /// Whether the process is at its memory limit, so that enrolments become dead letters; nil if there is no limit.
    public var isFull: Bool? { member.memory.limit == nil ? nil : member.memory.isFull }

    /// Bytes by which the states may grow; nil if there is no limit.
    var memoryRoom: Int64? { member.memory.room }

    /// Whether this member knows the sizes of partitions, or has no memory limit to compare them with.
    var knowsRoomForReview: Bool { isFull == nil || !status.sizes.isEmpty }

    /// Reserves memory for a review of the ledger's history, of which there is one at a time: for this number of states of the
    /// largest partition whose size is known here. Returns false if there is no room.
    func reserveForReview(states: Int64) -> Bool {
        member.memory.reserve(states * (status.sizes.map(\.bytes).max() ?? 0), for: Self.review).isReserved
    }

    func endReservationForReview() { member.memory.note(nil, of: Self.review) }

    /// In place of the number of a ledger partition, in the watch over memory.
    private static let review: Int32 = -1

    /// The number of a subject's ledger partition; nil before the ledger is known.
    public func ledgerPartition(of subject: [UInt8]) -> Int? {
        let count = ledgerPartitions.load(ordering: .acquiring)
        guard count > 0 else { return nil }
        return subject.withUnsafeBytes { Murmur2.partition(of: $0, count: count) }
    }

    public enum Lookup: Sendable {
        case found(StandingAnswer)
        case notEnrolled(Freshness)
        /// Another member folds the subject's ledger partition.
        case notOwned(partition: Int)
        case notReady
    }

    /// A subject's standing, from a partition that this process owns. `asStandby`: also from one that another member
    /// owns and that is folded here too. It may lag, and the answer includes the lag.
    public func standing(of subject: [UInt8], asStandby: Bool = false) -> Lookup {
        guard let number = ledgerPartition(of: subject) else { return .notReady }
        return subject.withUnsafeBytes { key in
            let standby = asStandby ? owned.standby(Int32(number)) : nil
            guard let partition = owned[Int32(number)] ?? standby else { return .notOwned(partition: number) }
            return partition.readFold { Self.standing(of: key, in: partition, $0) }
        }
    }

    static func standing(
        of key: UnsafeRawBufferPointer, in partition: OwnedPartition, _ state: borrowing PartitionFold
    ) -> Lookup {
        guard let policy = state.sharedPolicy, !state.isSpoiled else { return .notReady }
        let freshness = partition.freshness(
            offset: state.nextOffset, clock: state.fold.clock.microseconds, policySwitch: state.policySwitch)
        guard let standing = state.fold.standing(of: key) else { return .notEnrolled(freshness) }
        return .found(StandingAnswer(standing: standing, sharedPolicy: policy, freshness: freshness))
    }

    public enum FileLookup: Sendable {
        /// JSON, `null` for a subject that was not enrolled.
        case found([UInt8], Freshness)
        case notOwned(partition: Int)
        case notReady
        /// There is no data folder, so no history is available.
        case noArchive
    }

    /// Adds the standings of every partition folded here to `writer`. Returns the policy.
    public func collect(into writer: inout StandingsWriter) -> ScoringPolicy? {
        var policy: ScoringPolicy?
        for partition in owned.all {
            let part = partition.readFold { state -> (StandingsWriter, ScoringPolicy?) in
                var part = StandingsWriter()
                part.add(state.fold)
                return (part, state.policy)
            }
            writer.add(part.0)
            policy = policy ?? part.1
        }
        return policy
    }

    /// For each partition folded here: the ledger offset of the next frame, and the last sequence number of each fact
    /// topic.
    public var positions: [Int32: (next: Int64, sequences: [Int64])] {
        var result: [Int32: (next: Int64, sequences: [Int64])] = [:]
        for partition in owned.all {
            result[partition.partition] = partition.readFold { ($0.nextOffset, $0.sequences) }
        }
        return result
    }

    /// Subjects by band, in the policy's order. During an activation, of the partitions that have the first one's
    /// bands.
    public func subjectsByBand() -> [(band: String, subjects: Int)] {
        var sum: [PartitionView.Band] = []
        for bands in owned.all.map(\.view.bands) {
            if sum.isEmpty {
                sum = bands
            } else if sum.map(\.name) == bands.map(\.name) {
                for index in sum.indices { sum[index].subjects += bands[index].subjects }
            }
        }
        return sum.map { ($0.name, $0.subjects) }
    }

    /// The reasons why events did not count, over the partitions that are folded here.
    public var diagnosis: Diagnosis {
        let views = owned.all.map(\.view)
        let former = pipelineStatus.formerDiagnosis(under: views.compactMap(\.activePolicy))
        return views.reduce(into: former) { sum, view in sum.add(view.diagnosis) }
    }
}
