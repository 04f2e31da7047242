internal import Events
internal import Policy
public import Backtests
internal import Replay

extension ControlActs {
    /// Throws if a source cannot be withdrawn or restored. The control topic cannot, because no subject is enrolled
    /// without it. A source that is in that state already cannot either. The ledger's first partition decides: intake
    /// appends an act to every partition before it commits its position.
    func checkSource(_ topic: String, _ kind: ControlAct.Kind) async throws(ControlRefusal) {
        guard topic != service.configuration.topics.control else {
            throw .invalid("topic: it is the control topic, without which nobody is enrolled")
        }
        let policies = policies
        let found = await onThread {
            try policies.read { ($0.withdrawnSources.contains(topic), $0.hasSource(topic), $0.foldVersion) }
        }
        guard let (isWithdrawn, isKnown, version) = found else { throw Self.readingFailed }
        guard version >= PolicyHistory.sourcesVersion else {
            throw .conflict("older-ledger", Self.olderLedger(version))
        }
        guard isWithdrawn != (kind == .withdrawSource) else {
            throw isWithdrawn
                ? .conflict(
                    "withdrawn-already",
                    "the source is withdrawn already; `standing source withdraw` repeats the act for ledger partitions that "
                        + "lack it")
                : .conflict("not-withdrawn", "the source is not withdrawn")
        }
        // A source that is not read any more can be withdrawn. One that neither the ledger nor the configuration has
        // cannot.
        guard isWithdrawn || isKnown || service.configuration.topics.sources.contains(topic) else {
            throw .invalid("topic: there is no source topic of this name")
        }
    }

    private static func olderLedger(_ version: Int64) -> String {
        "the ledger is of fold version \(version), in which no source is withdrawn: `standing ledger upgrade` moves it"
    }

    /// What the withdrawal of a source would change, as far as it is known.
    public enum WithdrawalReview: Sendable {
        case counted(SourceWithdrawal.Difference)
        /// The history is folded, and a repeated request finds the outcome.
        case underWay(frames: Int64, of: Int64)
        /// A reason in words.
        case unknown(String)
        /// The act would be refused now, for a reason in words.
        case refused(String)
    }

    /// Everything that the answer depends on.
    struct WithdrawalQuestion: Hashable, Sendable {
        let topic: String
        /// The hash of the active policy's text.
        let active: String
        /// The topics that are withdrawn already.
        let withdrawn: [String]
    }

    struct NoAnswer: Error, CustomStringConvertible {
        let description: String

        static let noRoom = NoAnswer(description: "this member's memory limit leaves no room for it")
        static let otherPolicy = NoAnswer(description: "another policy is active by now")
    }

    static let withdrawalsLifetime = Duration.seconds(600)

    /// Folds the ledger as it is and without the source, and waits for that at most `wait`. The outcome names nobody.
    /// It is valid for `withdrawalsLifetime`, so the ledger may have grown since.
    public func review(withdrawing topic: String, wait: Duration) async -> WithdrawalReview {
        let deadline = ContinuousClock.now + wait
        guard topic != service.configuration.topics.control else {
            return .refused("it is the control topic, without which nobody is enrolled")
        }
        let policies = policies
        let found = await onThread {
            try policies.read { (PolicyHash.of($0.texts.last ?? ""), $0.withdrawnSources, $0.foldVersion) }
        }
        guard let (active, withdrawn, version) = found else { return .unknown("the ledger cannot be read now") }
        guard version >= PolicyHistory.sourcesVersion else { return .refused(Self.olderLedger(version)) }
        guard !withdrawn.contains(topic) else { return .refused("the source is withdrawn already") }
        guard service.knowsRoomForReview else {
            return .unknown(
                "this member folds no ledger partition, so it does not know whether its memory limit leaves room for two"
            )
        }
        let question = WithdrawalQuestion(topic: topic, active: active, withdrawn: withdrawn)
        let state = await withdrawals.state(of: question, until: deadline) { [service] ledger in
            // Two states of one partition are in memory at a time.
            guard service.reserveForReview(states: 2) else { throw NoAnswer.noRoom }
            defer { service.endReservationForReview() }
            var withdrawal = SourceWithdrawal(of: topic)
            withdrawal.listLimit = 0
            let difference = try withdrawal.run(
                partitions: ledger.partitions, source: ledger.frames, progress: ledger.progress)
            guard PolicyHash.of(difference.policy.text) == active else { throw NoAnswer.otherPolicy }
            return difference
        }
        return switch state {
        case .answered(let difference) where difference.entries == 0: .unknown("the ledger has no event of this topic")
        case .answered(let difference): .counted(difference)
        case .underWay(let frames, let total): .underWay(frames: frames, of: total)
        case .failed(let reason): .unknown(reason)
        case .busy: .unknown("the ledger is folded for another question: ask again later")
        }
    }
}
