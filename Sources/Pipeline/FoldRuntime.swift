internal import CoreMetrics
internal import Events
internal import Foundation
internal import Kafka
internal import Ledger
internal import Logging
internal import Synchronization

/// What the poller and the partitions of a member share.
final class FoldRuntime: Sendable {
    /// Marks the delivery of a tick or a checkpoint, which are no facts.
    static let otherTag = -1
    private static let pauseSeconds = 0.001

    /// What a partition tells the poller.
    enum Report: Sendable {
        /// It is to be given what is polled from this ledger offset on; until then it takes nothing.
        case reads(from: Int64)
        /// Its state can be asked.
        case opened
        /// The partition's clock is behind the wall clock: the poller appends a tick of this time.
        case tick(Timestamp)
        /// It does nothing more.
        case failed(any Error)
        case closed
    }

    /// What a broker has answered to the poller's questions.
    enum Answer: Sendable {
        case recovered([Int32: PartitionInbox.Recovered], CheckpointReading?)
        /// By standby: the ledger offset before which its owner has published every fact.
        case publishedByOwners([Int32: Int64])
        /// Of a question about these partitions.
        case failed([Int32], any Error)
    }

    /// The checkpoints that are there, and the topic, which the poller reads on.
    struct CheckpointReading: @unchecked Sendable {
        let topic: CheckpointTopic
        let found: [Checkpoint]
    }

    private struct State {
        var outlet: FactProducer?
        var reports: [(PartitionRunner, Report)] = []
        var answers: [(turn: Int, Answer)] = []
    }

    let configuration: PipelineConfiguration
    let host: any Runtime
    let logger: Logger
    let stop: StopFlag
    let board: StatusBoard
    let clock: GuardedClock
    let slices: SliceQueue
    let memory: MemoryWatch
    let changes: ChangeFeed
    /// How fast a worker folds.
    let rate = FoldRate()
    let publishedCounters: [Counter]
    let publishedBytes: [Counter]
    let frameCounter = Counter(.foldFrames)
    let latency = LatencyMetric(.foldSeconds)
    let eventLatency = LatencyMetric(.eventToFactSeconds)
    let busySeconds = FloatingPointCounter(.foldBusySeconds)
    /// Nil without a data folder.
    let disk: DiskWatch?
    /// Some partition has facts for which the producer has no room.
    let wantsRoom = Atomic(false)
    /// One snapshot at a time is held in memory.
    let isTakingSnapshot = Atomic(false)
    private let haste: Mutex<FactHaste>
    private let switches = Atomic(0)
    private let state = Mutex(State())
    /// That of the poller: an answer to a question of an earlier one is of no use.
    private let currentTurn = Atomic(0)

    init(_ member: Member) {
        configuration = member.configuration
        (host, logger) = (configuration.host, member.logger)
        (stop, board, clock, slices) = (member.stop, member.board, member.clock, member.slices)
        (memory, changes) = (member.memory, member.changes)
        haste = Mutex(FactHaste(at: host.now))
        publishedCounters = configuration.topics.facts.map { Counter(.factsPublished, labels: [("topic", $0)]) }
        publishedBytes = configuration.topics.facts.map { Counter(.factBytesPublished, labels: [("topic", $0)]) }
        disk = DiskWatch(configuration.data, host: configuration.host)
    }

    /// Nil before there is one.
    var outlet: FactProducer? {
        get { state.withLock { $0.outlet } }
        set {
            // The one before takes a while to go.
            let former = state.withLock { state in
                defer { state.outlet = newValue }
                return state.outlet
            }
            withExtendedLifetime(former) {}
        }
    }

    /// A partition has sent so many facts, and sends no more for now.
    func hurry(afterFacts count: Int) {
        if haste.withLock({ $0.isDue(after: count, at: host.now) }) { outlet?.producer.hurry() }
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

    /// `turn`: that in which the question was asked.
    func answer(_ answer: Answer, turn: Int) { state.withLock { $0.answers.append((turn, answer)) } }

    func takeAnswers() -> [(turn: Int, Answer)] {
        state.withLock { state in
            defer { state.answers = [] }
            return state.answers
        }
    }

    /// False: as many partitions as there are workers switch their policy already.
    func beginSwitch() -> Bool {
        let count = switches.add(1, ordering: .acquiringAndReleasing).newValue
        guard count > max(1, configuration.workers) else { return true }
        endSwitch()
        return false
    }

    func endSwitch() { switches.subtract(1, ordering: .acquiringAndReleasing) }

    /// Where no thread does it, as in a simulation, runs a slice and something that waits for the disk or the broker; else gives
    /// the others time.
    func yield() {
        guard host.stepsWork else { return Thread.sleep(forTimeInterval: Self.pauseSeconds) }
        host.stepWork { slices.runNext() }
    }
}
