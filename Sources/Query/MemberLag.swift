internal import Access
internal import Events
internal import HTTP
public import Lag
internal import Logging
public import Pipeline
internal import Scoring
internal import Synchronization

/// The lag of the groups that this member is one of, with what it knows of it from inside: why its fold is behind, and the sanctions
/// of its ledger partitions. It looks while somebody asks, so that a member that nobody watches costs nothing.
public final class MemberLag: Sendable {
    /// Between two looks.
    private static let interval = Duration.seconds(10)
    /// A scrape a minute keeps it looking.
    private static let restsAfter = Duration.seconds(300)
    /// Milliseconds from one point of the history to the next: an hour in all.
    private static let spacing: Int64 = 15_000

    /// Standing's groups and the ledger, by their names.
    public struct Names: Sendable {
        let fold: String
        let intake: String
        let ledger: String

        public init(fold: String, intake: String, ledger: String) {
            (self.fold, self.intake, self.ledger) = (fold, intake, ledger)
        }
    }

    private let watch: LagWatch
    /// As of the last look.
    private let sanctions: Box

    private final class Box: Sendable {
        let value = Mutex<(open: OpenSanctions, reading: SanctionReading)?>(nil)
    }

    /// `makeLook`: as of `LagWatch`; its reports are of the groups of `names`.
    public init(_ service: PipelineService, names: Names, makeLook: @escaping @Sendable () throws -> LagWatch.Look) {
        let box = Box()
        sanctions = box
        watch = LagWatch(
            interval: Self.interval, restsAfter: Self.restsAfter, history: LagHistory(spacing: Self.spacing)
        ) {
            let look = try makeLook()
            return { now in
                let (open, partitions) = service.openSanctions()
                let reading = SanctionReading(
                    open: open.count, overdue: service.configuration.clock == .wall ? open.overdue : nil,
                    partitions: partitions.count, frozenTopics: service.frozenTopics)
                box.value.withLock { $0 = (open, reading) }
                let member = MemberReading(service, sanctions: reading)
                return try look(now)
                    .adding(LagCause.inside([member], ledger: names.ledger), to: names.fold)
                    .addingPeople(fold: names.fold, intake: names.intake, [reading])
            }
        }
    }

    /// `GET /lag` and its pages.
    var routes: [Route] {
        LagRoutes(watch, title: "Lag of this member's groups").lagRoutes(requires: .permission(.readProgramme))
    }

    /// What the last look told; nothing but that there is none, before the first one and after one that failed.
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

    /// The last report, if it says how things are now.
    var report: LagReport? {
        let state = watch.ask()
        return state.isCurrent ? state.report : nil
    }

    /// The last look, once there is one, for at most `limit`; nil if the task is cancelled.
    func state(within limit: Duration) async -> LagWatch.State? { try? await watch.ask(within: limit) }

    /// How far a group was behind, the oldest first.
    func points(of group: String) -> [LagHistory.Point] { watch.points(of: group) }

    /// Ends after the look that is under way.
    public func stop() { watch.stop() }
}

extension MemberReading {
    /// What this process says of itself.
    fileprivate init(_ service: PipelineService, sanctions: SanctionReading) {
        let status = service.status
        let readiness = Readiness(service, status)
        self.init(
            member: "this member", reasons: readiness.reasons,
            quarantined: status.quarantined.map {
                Quarantined(partition: $0.partition, offset: $0.offset, reason: $0.reason)
            },
            switching: status.switching.map {
                Switching(
                    partition: $0.partition, policy: Switching.Policy(id: $0.policy, version: $0.version), done: $0.done
                )
            },
            slicesWaiting: status.waitingSlices, partitionsPaused: status.pausedPartitions, sanctions: sanctions)
    }
}
