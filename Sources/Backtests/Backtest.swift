public import Events
public import Policy
public import Replay
internal import Scoring

/// `standing policy backtest`: folds the same events under a candidate policy and under a baseline, as one ledger
/// partition each. It needs no broker, reads no clock, and publishes nothing.
///
/// Files are read once. Memory is that of the folds, a score and an outcome per subject, and a few numbers per rule;
/// facts are counted and dropped. The same policies, files and outcomes give the same report.
public struct Backtest: Sendable {
    /// The candidate.
    public var policy: ScoringPolicy
    /// The baseline; nil if only the candidate is folded.
    public var against: ScoringPolicy?
    /// Files of events, JSON lines, plain or .gz, folded in this order.
    public var events: [String]
    /// The time to which the clock is moved at the end; nil for the greatest time read.
    public var asOf: Timestamp?
    public var outcomes: BacktestOutcomes?
    /// The limit of subjects in each list of the report. With 0 the report has no id of a subject, and no source or id
    /// of an event.
    public var listLimit = 10
    /// Whether the candidate is folded again without each of its rules.
    public var asksSensitivity = false

    /// The number of times that the files are read.
    public var readings: Int { asksSensitivity ? 1 + policy.rules.count : 1 }

    public init(
        policy: ScoringPolicy, against: ScoringPolicy? = nil, events: [String], asOf: Timestamp? = nil,
        outcomes: BacktestOutcomes? = nil
    ) {
        self.policy = policy
        self.against = against
        self.events = events
        self.asOf = asOf
        self.outcomes = outcomes
    }

    /// Calls `reject` with each line that is not an event. Throws `LineReader.Failure` if a file cannot be read.
    public func run(progress: FileProgress? = nil, reject: (RejectedLine) -> Void) throws -> BacktestReport {
        let candidate = BacktestFold(policy)
        let baseline = against.map { BacktestFold($0) }
        var input = BacktestReport.Input(files: events, read: 0, rejected: 0)
        for (number, file) in events.enumerated() {
            let lines = try EventFile(file, progress: progress)
            while let event = try lines.next(reject: reject) {
                candidate.fold(event, file: number)
                baseline?.fold(event, file: number)
            }
            input.read += lines.read
            input.rejected += lines.rejected
        }
        candidate.finish(asOf: asOf)
        baseline?.finish(asOf: asOf)
        input.clock = candidate.fold.clock == .distantPast ? nil : candidate.fold.clock
        let new = candidate.side(outcomes, files: events.count, namesEvents: listLimit > 0)
        let old = baseline?.side(outcomes, files: events.count, namesEvents: listLimit > 0)
        var report = BacktestReport(
            input: input, listLimit: listLimit, policy: new.side, against: old?.side,
            comparison: baseline.map { compare(candidate, $0) },
            histogram: BacktestHistogram(policy: new.scores, against: old?.scores ?? []),
            outcome: outcomes.map { outcomes in
                .init(
                    name: outcomes.name, subjects: Int64(outcomes.bySubject.count),
                    outcomes: outcomes.bySubject.values.reduce(0) { $0 + ($1 ? 1 : 0) })
            })
        if asksSensitivity { report.sensitivity = try sensitivity(candidate, progress) }
        return report
    }

    private func compare(_ candidate: BacktestFold, _ baseline: BacktestFold) -> BacktestReport.Comparison {
        var comparison = BacktestComparison(
            policy: candidate.fold.policy, against: baseline.fold.policy, listLimit: listLimit)
        comparison.add(policy: candidate.fold, against: baseline.fold)
        return comparison.finished()
    }
}
