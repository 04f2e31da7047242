internal import CoreMetrics
internal import Events
public import Kafka
internal import Logging
internal import Mapping
internal import Policy
internal import Replay
internal import Scoring
internal import Synchronization

/// The counts of intake since the start of this process.
public struct IntakeCounts: Sendable, Equatable {
    public var records: Int64 = 0
    public var events: Int64 = 0
    /// Records that are not events according to their topic's map.
    public var passedOver: Int64 = 0
    public var frames: Int64 = 0
    /// Bytes of the frames.
    public var frameBytes: Int64 = 0
    /// By source topic.
    public var recordsByTopic: [String: Int64] = [:]
    /// By reason.
    public var deadLetters: [String: Int64] = [:]
    /// By source topic.
    public var deadLettersByTopic: [String: Int64] = [:]
    public var expiredPositions: Int64 = 0

    public var deadLetterTotal: Int64 { deadLetters.values.reduce(0, +) }
}

/// The state of the pipeline, for `/readyz`, the terminal view and the quickstart.
public struct PipelineStatus: Sendable {
    public var intake = IntakeCounts()
    /// Roles with an assignment. It may be empty, because there can be more members than partitions.
    public var joined: Set<Role> = []
    /// Source partitions that this process reads.
    public var intakePartitions = 0
    /// Ledger partitions that this process folds.
    public var foldPartitions = 0
    /// The number of folded partitions that have reached their end, with every fact acknowledged.
    public var currentPartitions = 0
    public var quarantined: [Quarantined] = []
    /// The folded partitions that switch to another policy, or to a history with other sources, by partition.
    public var switching: [Switching] = []
    /// The ordered policy in the shadow, as far as this process knows; nil if there is none.
    public var shadowOrder: ShadowOrder?
    /// Its state in each ledger partition that is folded here, owned or not, by partition.
    public var shadows: [Shadow] = []
    /// The ledger partitions that are folded here, owned or not.
    public var sizes: [Size] = []
    /// Entries that a worker folds in a second, as measured last; nil before the first measurement.
    public var entriesPerSecond: Double?
    /// Ledger partitions that other members own and that are folded here too, without publishing.
    public var standbyPartitions = 0
    /// The lag of the fold; nil if it is unknown, or nothing is folded here.
    public var behind: Behind?
    /// The partition with the greatest lag without the time of policy switches, which readiness uses. Nil in the same
    /// cases as `behind`.
    public var late: Behind?
    /// The estimated seconds until the partitions here are current, at the speed of the last seconds; nil if it is
    /// unknown, or they are current.
    public var secondsLeft: Double?
    /// Bytes of polled ledger frames that wait for a worker, of all partitions that are folded here.
    public var inboxBytes = 0
    /// Ledger partitions that are not fetched now, because their inboxes are full.
    public var pausedPartitions = 0
    /// Ledger partitions that wait for a worker.
    public var waitingSlices = 0
    /// Ledger partitions that wait for a worker with spare work only.
    public var waitingSpares = 0
    /// The records of intake in flight; nil if this process reads no sources.
    public var inFlight: InFlight?
    public var stores = Stores()
    /// The size of the data folder; nil if there is none, or it has not been measured yet.
    public var disk: DiskUsage?
    /// How often a ledger partition was restarted after an error of its own.
    public var partitionRestarts: Int64 = 0
    public var frames: Int64 = 0
    /// Facts that this process has passed to the producer, by `FactTopic.rawValue`.
    public var factsPublished = [Int64](repeating: 0, count: FactTopic.allCases.count)
    public var ticks: Int64 = 0
    /// Source positions before which every record is in the ledger or a dead letter, acknowledged.
    public var sourcePositions: [TopicPartition: Int64] = [:]
    /// The offset after the last acknowledged frame of each ledger partition, as far as this process knows.
    public var ledgerEnds: [Int32: Int64] = [:]
    /// Counts of folding, without entries that were folded and published earlier by another process or member.
    public var folded = FoldTallies()
    /// The time for which this process has not been ready; nil while it is. It is ready while each of its roles has
    /// joined its group, and the fold, if it has partitions, lags at most `readyWithin` after the ledger's end, without
    /// the time of policy switches.
    public private(set) var unreadyFor: Duration?
    /// Whether an error has ended the pipeline.
    var hasFailed = false
    /// According to the workers' notes; nil while this process is ready.
    fileprivate var unreadySince: ContinuousClock.Instant?

    /// The ledger partition with the greatest lag: the time for which its oldest frame has waited whose facts are not
    /// all acknowledged.
    public struct Behind: Sendable, Equatable {
        public var time: Duration
        public var partition: Int32
        /// The time of the measurement.
        var at: ContinuousClock.Instant

        public init(time: Duration, partition: Int32, at: ContinuousClock.Instant = .now) {
            (self.time, self.partition, self.at) = (time, partition, at)
        }
    }

    /// The status of a process that has not begun.
    public init() {}
}

extension PipelineStatus {
    /// The lag for readiness; nil if it is unknown.
    fileprivate var counted: Behind? { behind.map { late ?? $0 } }

    /// A change begins or ends a period without readiness. `before`: the counted lag before the change.
    fileprivate mutating func noteReadiness(
        of roles: Set<Role>, within readyWithin: Duration, before: Behind?, at now: () -> ContinuousClock.Instant
    ) {
        let isFolding = roles.contains(.fold) && foldPartitions > 0
        let isTimely = !isFolding || (counted.map { $0.time <= readyWithin } ?? false)
        if !hasFailed, isTimely, roles.isSubset(of: joined) {
            unreadySince = nil
        } else if unreadySince == nil {
            // A process with too great a lag has not been ready since the lag exceeded the allowed one.
            let now = now()
            unreadySince =
                now - ([before, counted].compactMap { $0?.excess(over: readyWithin, at: now) }.max() ?? .zero)
        }
    }

    /// The status at `now`.
    fileprivate func at(_ now: ContinuousClock.Instant, readyWithin: Duration) -> Self {
        var status = self
        (status.behind, status.late) = (behind?.aged(to: now), late?.aged(to: now))
        status.stores.snapshotAge = stores.oldestSnapshot.map { max(.zero, now - $0) }
        status.unreadyFor =
            unreadySince.map { max(.zero, now - $0) } ?? counted.flatMap { $0.excess(over: readyWithin, at: now) }
        return status
    }
}

extension PipelineStatus.Behind {
    /// The fold notes its lag more often. After this time without a note it waits for something.
    private static let longestPause = Duration.seconds(1)

    /// The lag at `now`. It grows if the fold does not note it.
    fileprivate func aged(to now: ContinuousClock.Instant) -> Self {
        var result = self
        if now - at > Self.longestPause { result.time += now - at }
        return result
    }

    /// Nil if it is within the allowed time.
    fileprivate func excess(over allowed: Duration, at now: ContinuousClock.Instant) -> Duration? {
        let time = aged(to: now).time
        return time > allowed ? time - allowed : nil
    }
}

/// The status of the pipeline, shared by its threads and its readers.
final class StatusBoard: Sendable {
    private let runtime: any Runtime
    private let roles: Set<Role>
    private let readyWithin: Duration
    private let logger: Logger
    /// A member that does not poll for longer is expelled by its groups.
    private let pollLimit: Duration
    private let status: Mutex<PipelineStatus>
    private let former = Mutex(FormerDiagnosis())
    /// By role: the time of its consumer's last poll, and the longest time between two polls.
    private let polls = Mutex<[Role: (last: ContinuousClock.Instant?, longest: Duration)]>([:])
    private let records = Counter(.intakeRecords)
    private let events = Counter(.intakeEvents)
    private let intakeFrames = Counter(.intakeFrames)
    private let frameBytes = Counter(.ledgerAppendedBytes)
    private let activity: Mutex<ActivitySamples>
    private let inFlight = Mutex<PipelineStatus.InFlight?>(nil)
    private let expired = Counter(.intakeExpiredPositions)

    /// Whether the broker has refused a dead letter because of its size. Large ones are then sent without their value.
    let refusesLargeDeadLetters = Atomic(false)

    /// A new process is not ready.
    init(_ configuration: PipelineConfiguration, logger: Logger) {
        (runtime, roles, self.logger) = (configuration.runtime, configuration.roles, logger)
        readyWithin = .microseconds(configuration.readyWithin)
        pollLimit = .milliseconds(configuration.maximumPollInterval)
        var begun = PipelineStatus()
        begun.unreadySince = runtime.now
        status = Mutex(begun)
        activity = Mutex(ActivitySamples(at: runtime.now))
        guard roles.contains(.intake) else { return }
        // A counter that begins at 0 shows its first increase to `rate` and `increase`.
        for topic in [configuration.topics.control] + configuration.topics.sources {
            for metric in [Metric.intakeRecordsByTopic, .deadLettersByTopic] {
                Counter(metric, labels: [("topic", topic)]).increment(by: 0)
            }
        }
        let codes = EventDefect.codes + (configuration.topics.maps.isEmpty ? [] : MapDefect.codes)
        for code in codes { Counter(.deadLetters, labels: [("reason", code)]).increment(by: 0) }
    }

    /// Notes a poll of a role's consumer.
    func notePoll(of role: Role) {
        endPollGap(of: role, polls: true)
        let now = runtime.now
        guard activity.withLock({ $0.isDue(at: now) }) else { return }
        let counts = status.withLock { ActivitySamples.Counts($0) }
        activity.withLock { $0.add(counts, at: now) }
    }

    /// The activity in the last minute, in the last hour, and in each minute of it.
    var lately: (minute: Activity?, hour: Activity?, minutes: [Activity]) {
        let now = runtime.now
        let counts = status.withLock { ActivitySamples.Counts($0) }
        return activity.withLock { activity in
            (
                activity.activity(over: .seconds(60), until: counts, at: now),
                activity.activity(over: .seconds(3600), until: counts, at: now),
                activity.byMinute(60, until: counts, at: now)
            )
        }
    }

    /// The role has no consumer until its next poll. That time does not count.
    func noteNoPolls(of role: Role) { endPollGap(of: role, polls: false) }

    /// Logs a gap of more than half of the allowed one, because the next one may be longer.
    private func endPollGap(of role: Role, polls goesOn: Bool) {
        let now = runtime.now
        let gap = polls.withLock { polls -> Duration in
            guard goesOn || polls[role] != nil else { return .zero }
            let poll = polls[role] ?? (last: nil, longest: .zero)
            let gap = poll.last.map { now - $0 } ?? .zero
            polls[role] = (goesOn ? now : nil, max(poll.longest, gap))
            return gap
        }
        guard gap > pollLimit / 2 else { return }
        logger.warning(
            """
            this member did not poll its group for long: beyond the limit it is taken for dead, and others get its partitions; \
            see what the machine or the broker was waiting for, or raise --max-poll-interval
            """,
            metadata: [
                "role": "\(role.rawValue)", "seconds": "\(Int64(gap / .seconds(1)))",
                "limitSeconds": "\(Int64(pollLimit / .seconds(1)))",
            ])
    }

    /// The longest time between two polls of a role since the start of the process, including the present one; nil if
    /// it has not polled yet.
    func longestPollGap(of role: Role) -> Duration? {
        let now = runtime.now
        return polls.withLock { polls in
            polls[role].map { poll in max(poll.longest, poll.last.map { now - $0 } ?? .zero) }
        }
    }

    /// The time since a role's consumer polled last; nil while it has none.
    func pollAge(of role: Role) -> Duration? {
        let now = runtime.now
        return polls.withLock { polls in polls[role]?.last.map { max(.zero, now - $0) } }
    }

    var current: PipelineStatus {
        var current = status.withLock { $0 }.at(runtime.now, readyWithin: readyWithin)
        current.inFlight = inFlight.withLock { $0 }
        return current
    }

    /// Notes intake's records in flight, in every round, and counts the round's poll. `isFull`: whether the poll
    /// returned a full batch; nil if there was no poll.
    func note(_ new: PipelineStatus.InFlight, isFull: Bool? = nil) {
        inFlight.withLock { noted in
            let (polls, fullPolls) = (noted?.polls ?? 0, noted?.fullPolls ?? 0)
            noted = new
            noted?.polls = polls + (isFull == nil ? 0 : 1)
            noted?.fullPolls = fullPolls + (isFull == true ? 1 : 0)
        }
    }

    /// The diagnosis of partitions that are not folded here any more. `active`: the policies of those that are.
    func formerDiagnosis(under active: [FormerDiagnosis.Policy]) -> Diagnosis {
        former.withLock { former in
            former.restart(unlessOf: active)
            return former.sum
        }
    }

    /// Adds the diagnosis of a partition that is closed.
    func add(_ partition: OwnedPartition) {
        let (diagnosis, policy) = partition.withFold { state in
            var diagnosis = state.diagnosis
            diagnosis.waiting = 0
            state.beginDiagnosis()
            return (diagnosis, state.policy.map { FormerDiagnosis.Policy(id: $0.id, version: Int64($0.version)) })
        }
        partition.renewView()
        former.withLock { $0.add(diagnosis, of: policy) }
    }

    func add(_ news: FoldTallies) { status.withLock { $0.folded = $0.folded + news } }

    func update(_ body: (inout PipelineStatus) -> Void) {
        status.withLock { status in
            let before = status.counted
            body(&status)
            status.noteReadiness(of: roles, within: readyWithin, before: before) { runtime.now }
        }
    }

    /// Adds the counts since the last call, and resets them.
    func publish(_ counts: inout IntakeCounts) {
        records.increment(by: counts.records)
        events.increment(by: counts.events)
        intakeFrames.increment(by: counts.frames)
        frameBytes.increment(by: counts.frameBytes)
        for (topic, count) in counts.recordsByTopic {
            Counter(.intakeRecordsByTopic, labels: [("topic", topic)]).increment(by: count)
        }
        if counts.expiredPositions > 0 { expired.increment(by: counts.expiredPositions) }
        for (reason, count) in counts.deadLetters {
            Counter(.deadLetters, labels: [("reason", reason)]).increment(by: count)
        }
        for (topic, count) in counts.deadLettersByTopic {
            Counter(.deadLettersByTopic, labels: [("topic", topic)]).increment(by: count)
        }
        status.withLock { status in
            status.intake.records += counts.records
            status.intake.events += counts.events
            status.intake.passedOver += counts.passedOver
            status.intake.frames += counts.frames
            status.intake.frameBytes += counts.frameBytes
            status.intake.recordsByTopic.merge(counts.recordsByTopic, uniquingKeysWith: +)
            status.intake.expiredPositions += counts.expiredPositions
            status.intake.deadLetters.merge(counts.deadLetters, uniquingKeysWith: +)
            status.intake.deadLettersByTopic.merge(counts.deadLettersByTopic, uniquingKeysWith: +)
        }
        counts = IntakeCounts()
    }
}
