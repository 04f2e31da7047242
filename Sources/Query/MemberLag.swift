internal import Access
internal import Events
internal import HTTP
public import Lag
internal import Logging
public import Pipeline
internal import Replay
internal import Scoring
internal import Synchronization

/// The lag of the groups that this member is one of, with causes that only a member knows: why its fold lags, and the
/// sanctions of its ledger partitions. It measures only while callers ask, so that a member without readers uses no
/// time for it.
public final class MemberLag: Sendable {
    /// The time between two measurements.
    private static let interval = Duration.seconds(10)
    /// A scrape per minute is enough to continue the measurements.
    private static let restsAfter = Duration.seconds(300)
    /// Milliseconds from one point of the history to the next. The history has an hour.
    private static let spacing: Int64 = 15_000

    /// The names of Standing's groups and of the ledger.
    public struct Names: Sendable {
        let fold: String
        let intake: String
        let ledger: String

        public init(fold: String, intake: String, ledger: String) {
            (self.fold, self.intake, self.ledger) = (fold, intake, ledger)
        }
    }

    private let watch: LagWatch
    /// As of the last measurement.
    private let sanctions: Box

    private final class Box: Sendable {
        let value = Mutex<(open: OpenSanctions, reading: SanctionReading)?>(nil)
    }

    /// `makeLook`: as in `LagWatch`. Its reports are of the groups of `names`.
    public init(_ service: PipelineService, names: Names, makeLook: @escaping @Sendable () throws -> LagWatch.Look) {
        let box = Box()
        sanctions = box
        watch = LagWatch(
            interval: Self.interval, restsAfter: Self.restsAfter, history: LagHistory(spacing: Self.spacing)
        ) {
            let look = try makeLook()
            var before: [MemberReading] = []
            return { now in
                let (open, partitions) = service.openSanctions()
                let reading = SanctionReading(
                    open: open.count, overdue: service.configuration.clock == .wall ? open.overdue : nil,
                    partitions: partitions.count, frozenTopics: service.frozenTopics)
                box.value.withLock { $0 = (open, reading) }
                let member = MemberReading(service, sanctions: reading)
                defer { before = [member] }
                return try look(now)
                    .adding(LagCause.inside([member], ledger: names.ledger), to: names.fold)
                    .adding(LagCause.insideIntake([member], before: before), to: names.intake)
                    .addingPeople(fold: names.fold, intake: names.intake, [reading])
            }
        }
    }

    /// `GET /lag` and its pages.
    var routes: [Route] {
        LagRoutes(watch, title: "Lag of this member's groups").lagRoutes(requires: .permission(.readProgramme))
    }

    /// Adds the last measurement. Before the first, and after one that failed, it adds only that there is none.
    func add(to exposition: inout Exposition) {
        let state = watch.ask()
        exposition.addLag(state.report, age: state.age, isCurrent: state.isCurrent)
        guard state.isCurrent, let (open, reading) = sanctions.value.withLock({ $0 }) else { return }
        for (state, count) in [
            (SanctionState.noticed, open.noticed), (.inForce, open.inForce), (.stayed, open.stayed),
        ] {
            exposition.add(.sanctions, count, labels: [("state", "\(state.name)")])
        }
        if let overdue = reading.overdue { exposition.add(.sanctionsOverdue, overdue) }
        exposition.add(.sanctionsPartitions, Int64(reading.partitions))
    }

    /// The last report, if it is current.
    var report: LagReport? {
        let state = watch.ask()
        return state.isCurrent ? state.report : nil
    }

    /// The last measurement. Waits for the first one up to `limit`. Nil if the task is cancelled.
    func state(within limit: Duration) async -> LagWatch.State? { try? await watch.ask(within: limit) }

    /// The history of a group's lag, the oldest first.
    func points(of group: String) -> [LagHistory.Point] { watch.points(of: group) }

    /// Ends after the measurement in progress.
    public func stop() { watch.stop() }
}

extension MemberReading {
    /// The state of this process.
    fileprivate init(_ service: PipelineService, sanctions: SanctionReading) {
        let status = service.status
        let readiness = Readiness(service, status)
        var work = Work()
        (work.slicesWaiting, work.partitionsPaused) = (status.waitingSlices, status.pausedPartitions)
        work.partitionsWithoutRoom = status.stores.waitingForRoom
        work.partitionsWithoutProducer = status.stores.waitingForProducer
        work.factsInFlight = Int(clamping: status.stores.factsInFlight)
        work.intakeIsPaused = status.inFlight?.isPaused
        work.intakeBytes = status.inFlight.map { Int(clamping: $0.bytes) }
        work.intakeWaitsForControl = status.inFlight?.waitsForControl
        work.intakePolls = status.inFlight.map {
            IntakePolls(all: Int(clamping: $0.polls), full: Int(clamping: $0.fullPolls))
        }
        work.costliestRule = RuleCost(
            service.diagnosis.ruleCosts.map { (rule: $0.rule, units: Double($0.units)) })
        self.init(
            member: "this member", reasons: readiness.reasons,
            quarantined: status.quarantined.map {
                Quarantined(partition: $0.partition, offset: $0.offset, reason: $0.reason)
            },
            switching: status.switching.map {
                Switching(
                    partition: $0.partition,
                    policy: Switching.Policy(id: $0.policy, version: $0.version),
                    source: $0.source.map { Switching.Source(topic: $0.topic, withdrawn: $0.isWithdrawn) },
                    done: $0.done)
            },
            work: work, sanctions: sanctions)
    }
}
