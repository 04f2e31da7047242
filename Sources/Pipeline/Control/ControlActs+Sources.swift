public import Replay

extension ControlActs {
    /// Throws if a source cannot be withdrawn or restored: of the control topic without which nobody is enrolled, and
    /// where nothing would change.
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
            throw .conflict(
                "older-ledger",
                "the ledger is of fold version \(version), in which no source is withdrawn: `standing ledger upgrade` moves it"
            )
        }
        guard isWithdrawn != (kind == .withdrawSource) else {
            throw isWithdrawn
                ? .conflict("withdrawn-already", "the source is withdrawn already")
                : .conflict("not-withdrawn", "the source is not withdrawn")
        }
        // A source that is not read any more can be taken back, and one that nobody knows cannot.
        guard isWithdrawn || isKnown || service.configuration.topics.sources.contains(topic) else {
            throw .invalid("topic: there is no source topic of this name")
        }
    }

    /// What the withdrawal of a source would change, as far as it is known.
    public enum WithdrawalReview: Sendable {
        case counted(SourceWithdrawal.Difference)
        /// The history is folded, and a repeated request finds the outcome.
        case underWay(frames: Int64, of: Int64)
        /// A reason in words.
        case unknown(String)
    }

    static let withdrawalsLifetime = Duration.seconds(600)

    /// Folds the ledger as it is and without the source, and waits for that at most `wait`. The outcome names nobody.
    /// It is valid for `withdrawalsLifetime`, so the ledger may have grown since.
    public func review(withdrawing topic: String, wait: Duration) async -> WithdrawalReview {
        guard topic != service.configuration.topics.control else {
            return .unknown("it is the control topic, without which nobody is enrolled")
        }
        guard !service.withdrawnSources.contains(topic) else { return .unknown("the source is withdrawn already") }
        guard hasRoomForStates else { return .unknown("this member's memory limit leaves no room for it") }
        let state = await withdrawals.state(of: topic, until: .now + wait) { ledger in
            var withdrawal = SourceWithdrawal(of: topic)
            withdrawal.listLimit = 0
            return try withdrawal.run(
                partitions: ledger.partitions, source: ledger.frames, progress: ledger.progress)
        }
        return switch state {
        case .answered(let difference) where difference.entries == 0: .unknown("the ledger has no event of this topic")
        case .answered(let difference): .counted(difference)
        case .underWay(let frames, let total): .underWay(frames: frames, of: total)
        case .failed(let reason): .unknown(reason)
        case .busy: .unknown("the withdrawal of another source is counted: ask again later")
        }
    }

    /// Whether there is room for two more states of the largest ledger partition that is folded here.
    private var hasRoomForStates: Bool {
        guard let room = service.memoryRoom else { return true }
        return (service.status.sizes.map(\.bytes).max() ?? 0) * 2 <= room
    }
}
