internal import Events
internal import Policy
public import Backtests
internal import Replay

extension ControlActs {
    /// A reading of the ledger's acts about sources goes on for this long at least. The next one continues.
    private static let leastReading = Duration.seconds(4)
    private static let readingTakesLong = "the ledger's acts about sources are not read to their end yet: ask again"

    /// Nil if the ledger cannot be read. `id`: of the event of an act that was sent from here.
    private func acts(
        about topic: String, id: String = "", until deadline: ContinuousClock.Instant
    ) async -> SourceActLog.Reading? {
        let (log, source, deadline) = (sourceActs, source, max(deadline, .now + Self.leastReading))
        return await onThread { try log.read(about: topic, event: (source, id), until: deadline) }
    }

    /// Throws if a source cannot be withdrawn or restored. The control topic cannot, because no subject is enrolled
    /// without it. A source that is in that state already in every ledger partition cannot either: an act that only some
    /// partitions have is repeated for the others.
    func checkSource(
        _ topic: String, _ kind: ControlAct.Kind, until deadline: ContinuousClock.Instant
    ) async throws(ControlRefusal) {
        guard topic != service.configuration.topics.control else {
            throw .invalid("topic: it is the control topic, without which nobody is enrolled")
        }
        guard let reading = await acts(about: topic, until: deadline) else { throw Self.readingFailed }
        guard case .acts(let acts) = reading else { throw .notReady(Self.readingTakesLong) }
        if let refusal = Self.refusal(of: acts) { throw refusal }
        let extent = acts.withdrawn.extent(of: topic)
        let (isNowhere, isEverywhere) = (extent?.isNowhere != false, extent?.isEverywhere == true)
        if kind == .withdrawSource, isEverywhere {
            throw .conflict("withdrawn-already", "the source is withdrawn already")
        }
        if kind == .restoreSource, isNowhere { throw .conflict("not-withdrawn", "the source is not withdrawn") }
        // A source that is not read any more can be withdrawn. One that neither the ledger nor the configuration has
        // cannot.
        guard !isNowhere || acts.hasSource || service.configuration.topics.sources.contains(topic) else {
            throw .invalid("topic: there is no source topic of this name")
        }
    }

    /// Why no source can be withdrawn or restored in all ledger partitions; nil if one can.
    private static func refusal(of acts: SourceActLog.Acts) -> ControlRefusal? {
        guard acts.withoutPolicy.isEmpty else {
            let names = acts.withoutPolicy.map(String.init).joined(separator: ", ")
            return .conflict(
                "partition-without-policy",
                "the act would not reach every ledger partition, because these have no policy: \(names). The start of a "
                    + "member begins what is empty, or reports what is lost")
        }
        guard acts.foldVersion >= PolicyHistory.sourcesVersion else {
            return .conflict(
                "older-ledger",
                "the ledger is of fold version \(acts.foldVersion), in which no source is withdrawn: `standing ledger "
                    + "upgrade` moves it")
        }
        return nil
    }

    /// The ledger partitions in which an act about a source does not count, as the details of an answer; nil if there are
    /// none, or if they are not known. Throws if it counts in none.
    func outcome(
        ofSource topic: String, id: String, until deadline: ContinuousClock.Instant
    ) async throws(ControlRefusal) -> String? {
        guard case .acts(let acts)? = await acts(about: topic, id: id, until: deadline) else { return nil }
        guard acts.ignoringEvent.count < acts.withdrawn.partitions.count else {
            throw .conflict(
                "out-of-range", "the act's time is out of range in every ledger partition: nothing changed")
        }
        return acts.ignoringEvent.isEmpty ? nil : JSONWriter.object { $0.member("ignoredIn", acts.ignoringEvent) }
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
        let withdrawn: WithdrawnSources
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
        guard let reading = await acts(about: topic, until: deadline) else {
            return .unknown("the ledger cannot be read now")
        }
        guard case .acts(let acts) = reading else { return .unknown(Self.readingTakesLong) }
        if let refusal = Self.refusal(of: acts) { return .refused(refusal.detail) }
        guard acts.withdrawn.extent(of: topic)?.isEverywhere != true else {
            return .refused("the source is withdrawn already")
        }
        let active = acts.activePolicy
        guard service.knowsRoomForReview else {
            return .unknown(
                "this member folds no ledger partition, so it does not know whether its memory limit leaves room for two"
            )
        }
        let question = WithdrawalQuestion(topic: topic, active: active, withdrawn: acts.withdrawn)
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
