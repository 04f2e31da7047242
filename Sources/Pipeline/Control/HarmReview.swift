internal import Backtests
internal import Events
internal import Policy
internal import Replay

/// Knows what a change of policy would do, and whether it keeps within the harm budgets: it folds the ledger's history under the active
/// policy and under the candidate. The document of a proposal is not asked for that, because anybody can write one.
final class HarmReview: Sendable {
    struct Report: Sendable {
        /// In words; empty if the change is within the budgets.
        let breaches: [String]
        /// `PolicyProposal.page`. It names nobody.
        let page: String
    }

    private static let lifetime = Duration.seconds(3600)

    /// Hashes of the policies' texts.
    struct Change: Hashable {
        let active: String
        let candidate: String
    }

    private let service: PipelineService
    private let review: LedgerReview<Change, Report>

    init(_ service: PipelineService, slot: ReviewSlot) {
        self.service = service
        review = LedgerReview(
            "harm-review", service.configuration, lifetime: Self.lifetime, passes: PolicyChange.passes, slot: slot)
    }

    func close() { review.close() }

    /// Refuses a change that breaks a budget, and one that is not reviewed by the deadline: the review continues, and a repeated request
    /// finds it. `active`: the hash of the active policy's text.
    func require(
        _ candidate: ScoringPolicy, against active: String, until deadline: ContinuousClock.Instant
    ) async throws(ControlRefusal) {
        switch await state(of: candidate, against: active, until: deadline) {
        case .answered(let report):
            guard report.breaches.isEmpty else {
                let breaches = report.breaches.joined(separator: "; ")
                throw .conflict("harm-budget", "the change breaks the harm budget: \(breaches)")
            }
        case .failed(let reason): throw .notReady("the harm budget cannot be reviewed now: \(reason)")
        case .busy:
            throw ControlRefusal(
                503, ControlRefusal.harmReview,
                "the history is folded for another change, which this one's harm budget waits for: ask again later")
        case .underWay(let frames, let total):
            throw ControlRefusal(
                503, ControlRefusal.harmReview,
                "the whole history is folded under both policies, for the harm budget: \(frames) of \(total) frames are "
                    + "done. Ask again with the same idempotency key",
                progress: total > 0 ? Double(frames) / Double(total) : 0)
        }
    }

    /// As far as it is known at the deadline. `active`: the hash of the active policy's text.
    func state(
        of candidate: ScoringPolicy, against active: String, until deadline: ContinuousClock.Instant
    ) async -> LedgerReview<Change, Report>.State {
        let change = Change(active: active, candidate: PolicyHash.of(candidate.text))
        return await review.state(of: change, until: deadline) { [service] ledger in
            // Three states of one partition are in memory at a time.
            guard service.reserveForReview(states: 3) else { throw ControlActs.NoAnswer.noRoom }
            defer { service.endReservationForReview() }
            var change = PolicyChange(candidate: candidate)
            change.listLimit = 0
            let difference = try change.run(
                partitions: ledger.partitions, source: ledger.frames, progress: ledger.progress)
            // An activation came in between.
            guard PolicyHash.of(difference.active.text) == active else {
                throw ControlActs.NoAnswer.otherPolicy
            }
            return Report(
                breaches: difference.breaches.map(\.description), page: PolicyProposal(difference).page)
        }
    }
}
