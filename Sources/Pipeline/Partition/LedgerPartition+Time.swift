internal import Events
internal import Replay
internal import Scoring

// The lag of the fold after the ledger, and that of the ledger's clock after the wall clock.
extension LedgerPartition {
    /// Notes the time for which an acknowledged frame of the ledger has waited until its facts are acknowledged, and
    /// the part of it that counts for readiness. `readyWithin`: the greatest lag of a ready member.
    func noteBehind(at now: ContinuousClock.Instant, readyWithin: Duration = .zero) {
        behind = timeBehind(at: now)
        late = switchTime.late(behind: behind, isSwitching: phase == .switching, readyWithin: readyWithin, at: now)
    }

    private func timeBehind(at now: ContinuousClock.Instant) -> Duration? {
        if phase == .current, shared.isCurrent {
            firstEnd = 0
            ends.reachEnd()
            return .zero
        }
        // The waiting time of frames from before the assignment is unknown.
        guard quarantine == nil, let end = shared.end, let publication, publication.committable >= firstEnd else {
            return nil
        }
        ends.note(end: end, at: now)
        return ends.since(position: publication.committable).map { now - $0 } ?? .zero
    }

    /// The time of a tick to append because the wall clock, `now`, is ahead of the partition's clock; nil if none is
    /// due. All times are in microseconds. One tick moves the clock no further than an entry may, so the clock of an
    /// old ledger reaches the present in steps.
    func tick(at now: Int64, interval: Int64, readyWithin: Int64) -> Timestamp? {
        // A tick is also due under continuous traffic. A partition that lags too much folds its frames first.
        guard let behind, behind <= .microseconds(readyWithin) else { return nil }
        let clock = withFold { $0.policy == nil ? Int64.max : $0.fold.clock.microseconds }
        let latest = max(clock, lastTick ?? .min)
        guard now.subtractingReportingOverflow(interval).partialValue > latest else { return nil }
        let time = min(Timestamp(microseconds: now), EntryTime.latest(at: Timestamp(microseconds: latest)))
        lastTick = time.microseconds
        return time
    }
}
