internal import Events
internal import HTTP
internal import Lag
public import Pipeline
internal import Synchronization

/// The overview of a programme. One is made for all who ask within a short time.
public final class OverviewWatch: Sendable {
    /// The shortest time for which an overview is used, and the ratio of that time to the time of making it. So
    /// overviews take at most 2 % of a core.
    private static let (least, share) = (Duration.seconds(2), 50)

    private struct Made: Sendable {
        let overview: ProgrammeOverview
        let until: ContinuousClock.Instant
    }

    private let service: PipelineService
    private let lag: MemberLag?
    private let mask: @Sendable (ArraySlice<UInt8>) -> String
    /// The overview with the subjects' ids, and the masked one. Callers that ask while one is made wait for it.
    private let whole = Mutex<Made?>(nil)
    private let masked = Mutex<Made?>(nil)

    /// `mask`: replaces a subject's id if the reader may not see it.
    public init(
        _ service: PipelineService, lag: MemberLag?, mask: @escaping @Sendable (ArraySlice<UInt8>) -> String
    ) {
        (self.service, self.lag, self.mask) = (service, lag, mask)
    }

    /// Blocks until folds and other callers are ready, so it must not be called from async code.
    public func overview(showsSubjects: Bool) -> ProgrammeOverview {
        showsSubjects ? whole.withLock { renew(&$0, mask: nil) } : masked.withLock { renew(&$0, mask: mask) }
    }

    /// The overview as JSON.
    public func json(showsSubjects: Bool) -> [UInt8] {
        var writer = ByteWriter()
        overview(showsSubjects: showsSubjects).write(to: &writer, showsSubjects: showsSubjects)
        return Array(writer.bytes)
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
