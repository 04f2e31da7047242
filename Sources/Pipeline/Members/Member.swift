internal import CoreMetrics
internal import Events
internal import Kafka
internal import Logging

/// One process of the pipeline: the state that its workers share.
struct Member: Sendable {
    /// In hundredths of the memory limit. Above it enrolments are refused. Records in flight still arrive, and refused
    /// ones need memory until they are dead letters.
    static let memoryShare: Int64 = 94

    let configuration: PipelineConfiguration
    let logger: Logger
    let stop = StopFlag()
    let pipelineStatus: PipelineStatus
    let owned: OwnedPartitions
    let directory: MemberDirectory
    let clock: GuardedClock
    let memory: MemoryWatch
    let slices = SliceQueue()
    let appended: AppendedOffsets
    let changes: ChangeFeed

    init(_ configuration: PipelineConfiguration, logger: Logger) {
        let stop = stop
        var configuration = configuration
        // A long wait is logged once more, as a warning.
        configuration.kafka = configuration.kafka.waiting(until: { stop.isSet }, onWait: { logger.info("\($0)") })
        (self.configuration, self.logger) = (configuration, logger)
        pipelineStatus = PipelineStatus(configuration, logger: logger)
        owned = OwnedPartitions(configuration.runtime)
        directory = MemberDirectory(
            member: configuration.members?.member ?? "", seal: configuration.members?.seal)
        clock = GuardedClock(configuration.runtime, logger)
        changes = ChangeFeed(configuration.runtime)
        appended = AppendedOffsets(ledger: configuration.topics.ledger)
        memory = MemoryWatch(
            limit: configuration.memoryLimit.map { $0 / 100 * Self.memoryShare }, runtime: configuration.runtime,
            logger: logger)
    }

    /// For the fold: called before anything is open in the data folder.
    func supervisor(of role: Role, ledgerPartitions: Int) -> Supervisor {
        if role == .fold { configuration.data?.removeUnfinished(logger) }
        let restarts = Counter(.roleRestarts, labels: [("role", role.rawValue)])
        return Supervisor(runtime: configuration.runtime, stop: stop, onFailure: { restarts.increment() }) {
            pipelineStatus.noteNoPolls(of: role)
            switch role {
            case .intake: return try Intake(self, ledgerPartitions: ledgerPartitions)
            case .fold: return try FoldPoller(self, ledgerPartitions: ledgerPartitions)
            }
        }
    }
}
