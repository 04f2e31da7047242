internal import Events
internal import HTTP
internal import Lag
internal import Pipeline
internal import Synchronization

/// The overview of a programme. One is made for all who ask within a short time.
final class OverviewWatch: Sendable {
    /// An overview is used for at least `least`, and for `share` times as long as it took to make here. So overviews
    /// cost at most 2 % of a core.
    private static let (least, share) = (Duration.seconds(2), 50)
    /// A list of sources waits at most this long for an overview.
    private static let patience = Duration.milliseconds(500)
    private static let betweenLooks = Duration.milliseconds(10)
    /// What others have reported of sources is used for this long.
    private static let longestAge = Duration.seconds(30)

    private struct Made: Sendable {
        let overview: ProgrammeOverview
        let until: ContinuousClock.Instant
    }

    /// The overview of all members.
    private struct Shared {
        let task: Task<ProgrammeOverview, any Error>
        /// Nil while it is being made.
        var until: ContinuousClock.Instant?
    }

    private let service: PipelineService
    private let queries: SubjectQueries
    private let lag: MemberLag?
    private let mask: @Sendable (ArraySlice<UInt8>) -> String
    /// The overview with the subjects' ids, and the masked one. Callers that ask while one is made wait for it.
    private let whole = Mutex<Made?>(nil)
    private let masked = Mutex<Made?>(nil)

    /// By whether it shows subjects.
    private let shared = Mutex<[Bool: Shared]>([:])

    private struct Reported: Sendable {
        let withdrawals: WithdrawalReading
        let until: ContinuousClock.Instant
    }

    /// By the last overview of all members; nil before the first.
    private let reported = Mutex<Reported?>(nil)

    /// `mask`: replaces a subject's id if the reader may not see it.
    init(
        _ service: PipelineService, queries: SubjectQueries, lag: MemberLag?,
        mask: @escaping @Sendable (ArraySlice<UInt8>) -> String
    ) {
        (self.service, self.queries, self.lag, self.mask) = (service, queries, lag, mask)
    }

    /// Of all members. Who asks while one is made waits for it. Throws `BlockingWork.Busy`.
    func overview(showsSubjects: Bool) async throws -> ProgrammeOverview {
        try await recent(showsSubjects: showsSubjects).value
    }

    /// One that is recent or being made. Else a new one begins.
    private func recent(showsSubjects: Bool) -> Task<ProgrammeOverview, any Error> {
        shared.withLock { shared in
            if let known = shared[showsSubjects], known.until.map({ .now < $0 }) ?? true { return known.task }
            let task = Task { [self] in
                var lasts = Duration.zero
                defer { self.shared.withLock { [lasts] in $0[showsSubjects]?.until = .now + lasts } }
                let own = try await queries.work.run { self.ownOverview(showsSubjects: showsSubjects) }
                let overview = await queries.overview(own, showsSubjects: showsSubjects)
                note(overview)
                lasts = Self.least
                return overview
            }
            shared[showsSubjects] = Shared(task: task, until: nil)
            return task
        }
    }

    private func note(_ overview: ProgrammeOverview) {
        let withdrawals = WithdrawalReading(
            overview.withdrawnSources ?? WithdrawnSources(), switching: overview.switching)
        reported.withLock { $0 = Reported(withdrawals: withdrawals, until: .now + Self.longestAge) }
    }

    /// The same as JSON.
    func json(showsSubjects: Bool) async throws -> [UInt8] {
        var writer = JSONWriter()
        try await overview(showsSubjects: showsSubjects).write(to: &writer, showsSubjects: showsSubjects)
        return writer.take()
    }

    /// Of this member's partitions as they are, and of others as in a recent overview, or in the last one if a member is
    /// slow. Partitions of which neither has a report are missing.
    func withdrawals() async -> WithdrawalReading {
        var withdrawals = WithdrawalReading(service.withdrawnSources, switching: service.status.switching)
        guard !withdrawals.sources.missing(of: service.ledgerPartitionCount ?? 0).isEmpty else { return withdrawals }
        _ = recent(showsSubjects: false)
        let end = ContinuousClock.now + Self.patience
        while isBeingMade, ContinuousClock.now < end, (try? await Task.sleep(for: Self.betweenLooks)) != nil {}
        if let reported = reported.withLock({ $0 }), .now < reported.until { withdrawals.add(reported.withdrawals) }
        return withdrawals
    }

    private var isBeingMade: Bool { shared.withLock { $0[false].map { $0.until == nil } ?? false } }

    /// Of this member alone. Waits for folds and for others who ask; not from async code.
    func ownOverview(showsSubjects: Bool) -> ProgrammeOverview {
        showsSubjects ? whole.withLock { renew(&$0, mask: nil) } : masked.withLock { renew(&$0, mask: mask) }
    }

    private func renew(_ made: inout Made?, mask: ((ArraySlice<UInt8>) -> String)?) -> ProgrammeOverview {
        let start = ContinuousClock.now
        if let made, start < made.until { return made.overview }
        let overview = make(mask: mask)
        let end = ContinuousClock.now
        made = Made(overview: overview, until: end + max(Self.least, (end - start) * Self.share))
        return overview
    }

    private func make(mask: ((ArraySlice<UInt8>) -> String)?) -> ProgrammeOverview {
        var overview = service.overview(mask: mask)
        let readiness = Readiness(service, service.status)
        var attention = readiness.reasons.map { reason in
            ProgrammeOverview.Attention(.warning, "not-ready", "This member is not ready: \(reason).", page: "/readyz")
        }
        if let report = lag?.report {
            overview.lag = ProgrammeOverview.Lag(
                seconds: report.groups.compactMap(\.knownSeconds).max(),
                peopleAtLeast: report.people?.subjects.atLeast ?? 0, peopleAtMost: report.people?.subjects.atMost)
            for group in report.groups where Self.urgent.contains(group.status) {
                attention.append(
                    ProgrammeOverview.Attention(
                        .critical, "group-\(group.status.rawValue)",
                        "The consumer group \(group.group) is \(group.status.rawValue).", page: "/lag"))
            }
        }
        overview.add(attention)
        return overview
    }

    private static let urgent: [LagEvaluation.Status] = [.rewound, .stalled, .stopped, .expired]
}
