internal import CoreMetrics
internal import Events
internal import Foundation
internal import Kafka
internal import Ledger
internal import Logging
internal import Synchronization

/// The state that the poller and the partitions of a member share.
final class FoldEnvironment: Sendable {
    /// The delivery tag of a tick or a checkpoint, which are not facts.
    static let otherTag = -1
    private static let pauseSeconds = 0.001

    /// A report of a partition to the poller.
    enum Report: Sendable {
        /// The partition needs polled frames from this ledger offset on. Until then it takes none.
        case reads(from: Int64)
        /// The partition's state can be read.
        case opened
        /// The partition's clock lags after the wall clock, and the poller appends a tick of this time.
        case tick(Timestamp)
        /// The partition has stopped.
        case failed(any Error)
        case closed
    }

    /// A broker's answer to the poller's requests.
    enum Answer: Sendable {
        case recovered([Int32: PartitionInbox.Recovered], CheckpointReading?)
        /// By standby: the ledger offset before which its owner has published every fact.
        case publishedByOwners([Int32: Int64])
        /// A failed request about these partitions.
        case failed([Int32], any Error)
    }

    /// The present checkpoints, and the topic, which the poller continues to read.
    struct CheckpointReading: @unchecked Sendable {
        let topic: CheckpointTopic
        let found: [Checkpoint]
    }

    private struct State {
        var factProducer: FactProducer?
        var reports: [(PartitionRunner, Report)] = []
        var answers: [(turn: Int, Answer)] = []
    }

    let configuration: PipelineConfiguration
    let runtime: any Runtime
    let logger: Logger
    let stop: StopFlag
    let pipelineStatus: PipelineStatus
    let clock: GuardedClock
    let slices: SliceQueue
    let memory: MemoryWatch
    let changes: ChangeFeed
    /// The speed of a worker.
    let rate = FoldRate()
    let publishedCounters: [Counter]
    let publishedBytes: [Counter]
    let frameCounter = Counter(.foldFrames)
    let latency = LatencyMetric(.foldSeconds)
    let eventLatency = LatencyMetric(.eventToFactSeconds)
    let busySeconds = FloatingPointCounter(.foldBusySeconds)
    /// Nil if there is no data folder.
    let disk: DiskWatch?
    /// Whether a partition has facts for which the producer has no room.
    let wantsRoom = Atomic(false)
    /// Whether a partition's snapshot is in memory. At most one is at a time.
    let isTakingSnapshot = Atomic(false)
    private let haste: Mutex<FactHaste>
    private let switches = Atomic(0)
    private let state = Mutex(State())
    /// The poller's turn. Answers of an earlier turn are ignored.
    private let currentTurn = Atomic(0)

    init(_ member: Member) {
        configuration = member.configuration
        (runtime, logger) = (configuration.runtime, member.logger)
        (stop, pipelineStatus, clock, slices) = (member.stop, member.pipelineStatus, member.clock, member.slices)
        (memory, changes) = (member.memory, member.changes)
        haste = Mutex(FactHaste(at: runtime.now))
        publishedCounters = configuration.topics.facts.map { Counter(.factsPublished, labels: [("topic", $0)]) }
        publishedBytes = configuration.topics.facts.map { Counter(.factBytesPublished, labels: [("topic", $0)]) }
        disk = DiskWatch(configuration.data, runtime: configuration.runtime)
    }

    /// Nil before there is one.
    var factProducer: FactProducer? {
        get { state.withLock { $0.factProducer } }
        set {
            // The previous one is freed outside the lock, because that takes a while.
            let former = state.withLock { state in
                defer { state.factProducer = newValue }
                return state.factProducer
            }
            withExtendedLifetime(former) {}
        }
    }

    /// Called after a partition has sent `count` facts and sends no more for now.
    func hurry(afterFacts count: Int) {
        if haste.withLock({ $0.isDue(after: count, at: runtime.now) }) { factProducer?.producer.hurry() }
    }

    func report(_ report: Report, of partition: PartitionRunner) {
        state.withLock { $0.reports.append((partition, report)) }
    }

    func takeReports() -> [(PartitionRunner, Report)] {
        state.withLock { state in
            defer { state.reports = [] }
            return state.reports
        }
    }

    var turn: Int { currentTurn.load(ordering: .acquiring) }

    func beginTurn() { currentTurn.add(1, ordering: .acquiringAndReleasing) }

    /// `turn`: at the time of the request.
    func answer(_ answer: Answer, turn: Int) { state.withLock { $0.answers.append((turn, answer)) } }

    func takeAnswers() -> [(turn: Int, Answer)] {
        state.withLock { state in
            defer { state.answers = [] }
            return state.answers
        }
    }

    /// Returns false if as many partitions switch their policy as there are workers.
    func beginSwitch() -> Bool {
        let count = switches.add(1, ordering: .acquiringAndReleasing).newValue
        guard count > max(1, configuration.workers) else { return true }
        endSwitch()
        return false
    }

    func endSwitch() { switches.subtract(1, ordering: .acquiringAndReleasing) }

    /// Without threads, as in a simulation, runs a slice and work of a background line. Otherwise yields to other
    /// threads.
    func yield() {
        guard runtime.stepsWork else { return Thread.sleep(forTimeInterval: Self.pauseSeconds) }
        runtime.stepWork { slices.runNext() }
    }
}
