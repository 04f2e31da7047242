internal import CoreMetrics
internal import Events
public import Kafka
internal import Replay
internal import Scoring
internal import Synchronization

/// What intake has done since this process started.
public struct IntakeCounts: Sendable, Equatable {
    public var records: Int64 = 0
    public var events: Int64 = 0
    public var frames: Int64 = 0
    /// By reason.
    public var deadLetters: [String: Int64] = [:]
    /// By source topic.
    public var deadLettersByTopic: [String: Int64] = [:]
    public var expiredPositions: Int64 = 0

    public var deadLetterTotal: Int64 { deadLetters.values.reduce(0, +) }
}

/// What the pipeline is doing, for `/readyz`, the terminal view and the quickstart.
public struct PipelineStatus: Sendable {
    public var intake = IntakeCounts()
    /// Source partitions that this process reads.
    public var intakePartitions = 0
    /// Ledger partitions that this process folds.
    public var foldPartitions = 0
    /// Those of them that are folded to their end, with every fact acknowledged.
    public var currentPartitions = 0
    public var quarantined: [Quarantined] = []
    /// Ledger partitions that others own and that are folded here too, without publishing.
    public var standbyPartitions = 0
    /// How far the fold is behind; nil if that is not known yet, or nothing is folded here.
    public var behind: Behind?
    /// Until those folded here are current, at the speed of the last seconds; nil: not known, or they are.
    public var secondsLeft: Double?
    public var frames: Int64 = 0
    /// Facts handed to the producer by this process, by `FactTopic.rawValue`.
    public var factsPublished = [Int64](repeating: 0, count: FactTopic.allCases.count)
    public var ticks: Int64 = 0
    /// Source positions before which every record is in the ledger or a dead letter, acknowledged.
    public var sourcePositions: [TopicPartition: Int64] = [:]
    /// Behind the last frame of each ledger partition that this process knows to be acknowledged.
    public var ledgerEnds: [Int32: Int64] = [:]
    /// What was folded here, beyond what others or earlier processes had folded and published.
    public var folded = FoldTallies()

    /// The ledger partition that is farthest behind: for how long its oldest frame has waited whose facts are not all
    /// acknowledged.
    public struct Behind: Sendable, Equatable {
        public var time: Duration
        public var partition: Int32
        /// When it was looked.
        var at: ContinuousClock.Instant

        public init(time: Duration, partition: Int32, at: ContinuousClock.Instant = .now) {
            (self.time, self.partition, self.at) = (time, partition, at)
        }
    }
}

/// Shared between the threads that do the work and whoever wants to know.
final class StatusBoard: Sendable {
    private let status = Mutex(PipelineStatus())
    private let former = Mutex(Diagnosis())
    private let records = Counter(.intakeRecords)
    private let events = Counter(.intakeEvents)
    private let intakeFrames = Counter(.intakeFrames)
    private let expired = Counter(.intakeExpiredPositions)

    /// The broker has refused a dead letter for its size: from then on large ones go without their value.
    let refusesLargeDeadLetters = Atomic(false)
    var current: PipelineStatus { status.withLock { $0 } }

    /// Why events did not count in partitions that are not folded here any more.
    var formerDiagnosis: Diagnosis { former.withLock { $0 } }

    /// Takes over the diagnosis of a partition that goes, which begins anew.
    func keep(_ partition: OwnedPartition) {
        let diagnosis = partition.withFold { state in
            var diagnosis = state.diagnosis
            diagnosis.waiting = 0
            state.beginDiagnosis()
            return diagnosis
        }
        former.withLock { $0.add(diagnosis) }
    }

    func add(_ news: FoldTallies) { status.withLock { $0.folded = $0.folded + news } }

    func update(_ body: (inout PipelineStatus) -> Void) { status.withLock { body(&$0) } }

    /// Adds what came since the last call, and empties it.
    func publish(_ counts: inout IntakeCounts) {
        records.increment(by: counts.records)
        events.increment(by: counts.events)
        intakeFrames.increment(by: counts.frames)
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
            status.intake.frames += counts.frames
            status.intake.expiredPositions += counts.expiredPositions
            status.intake.deadLetters.merge(counts.deadLetters, uniquingKeysWith: +)
            status.intake.deadLettersByTopic.merge(counts.deadLettersByTopic, uniquingKeysWith: +)
        }
        counts = IntakeCounts()
    }
}
