internal import CoreMetrics
internal import Events
internal import Kafka
internal import Logging
internal import Mapping
internal import Policy
internal import Replay
internal import Scoring
internal import Synchronization

/// The status of the pipeline, shared by its threads and its readers.
final class PipelineStatus: Sendable {
    private let runtime: any Runtime
    private let roles: Set<Role>
    private let readyWithin: Duration
    private let logger: Logger
    /// A member that does not poll for longer is expelled by its groups.
    private let pollLimit: Duration
    private let status: Mutex<PipelineReading>
    private let former = Mutex(FormerDiagnosis())
    /// By role: the time of its consumer's last poll, and the longest time between two polls.
    private let polls = Mutex<[Role: (last: ContinuousClock.Instant?, longest: Duration)]>([:])
    private let records = Counter(.intakeRecords)
    private let events = Counter(.intakeEvents)
    private let intakeFrames = Counter(.intakeFrames)
    private let frameBytes = Counter(.ledgerAppendedBytes)
    private let activity: Mutex<ActivitySamples>
    private let inFlight = Mutex<PipelineReading.InFlight?>(nil)
    private let expired = Counter(.intakeExpiredPositions)

    /// Whether the broker has refused a dead letter because of its size. Large ones are then sent without their value.
    let refusesLargeDeadLetters = Atomic(false)

    /// A new process is not ready.
    init(_ configuration: PipelineConfiguration, logger: Logger) {
        (runtime, roles, self.logger) = (configuration.runtime, configuration.roles, logger)
        readyWithin = .microseconds(configuration.readyWithin)
        pollLimit = .milliseconds(configuration.maximumPollInterval)
        var begun = PipelineReading()
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

    var current: PipelineReading {
        var current = status.withLock { $0 }.at(runtime.now, readyWithin: readyWithin)
        current.inFlight = inFlight.withLock { $0 }
        return current
    }

    /// Notes intake's records in flight, in every round, and counts the round's poll. `isFull`: whether the poll
    /// returned a full batch; nil if there was no poll.
    func note(_ new: PipelineReading.InFlight, isFull: Bool? = nil) {
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

    func update(_ body: (inout PipelineReading) -> Void) {
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
