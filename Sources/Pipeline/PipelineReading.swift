internal import Events
public import Kafka
internal import Scoring

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

/// The values of `PipelineStatus` at one moment, for `/readyz`, the terminal view and the quickstart.
public struct PipelineReading: Sendable {
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
    var unreadySince: ContinuousClock.Instant?

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

extension PipelineReading {
    /// The lag for readiness; nil if it is unknown.
    var counted: Behind? { behind.map { late ?? $0 } }

    /// A change begins or ends a period without readiness. `before`: the counted lag before the change.
    mutating func noteReadiness(
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
    func at(_ now: ContinuousClock.Instant, readyWithin: Duration) -> Self {
        var status = self
        (status.behind, status.late) = (behind?.aged(to: now), late?.aged(to: now))
        status.stores.snapshotAge = stores.oldestSnapshot.map { max(.zero, now - $0) }
        status.unreadyFor =
            unreadySince.map { max(.zero, now - $0) } ?? counted.flatMap { $0.excess(over: readyWithin, at: now) }
        return status
    }
}

extension PipelineReading.Behind {
    /// The fold notes its lag more often. After this time without a note it waits for something.
    private static let longestPause = Duration.seconds(1)

    /// The lag at `now`. It grows if the fold does not note it.
    func aged(to now: ContinuousClock.Instant) -> Self {
        var result = self
        if now - at > Self.longestPause { result.time += now - at }
        return result
    }

    /// Nil if it is within the allowed time.
    func excess(over allowed: Duration, at now: ContinuousClock.Instant) -> Duration? {
        let time = aged(to: now).time
        return time > allowed ? time - allowed : nil
    }
}
