internal import Events
internal import Replay
internal import Scoring

// How far the fold is behind the ledger, and the ledger's clock behind the wall clock.
extension LedgerPartition {
    /// For how long an acknowledged frame of the ledger has waited until its facts are acknowledged too, and how much of that
    /// counts for readiness. `readyWithin`: how far a member may be behind.
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
        // How long the frames have waited that were there before the partition was assigned is not known.
        guard quarantine == nil, let end = shared.end, let publication, publication.committable >= firstEnd else {
            return nil
        }
        ends.note(end: end, at: now)
        return ends.since(position: publication.committable).map { now - $0 } ?? .zero
    }

    /// The time of the tick that is to be appended where the wall clock, `now`, has run ahead of the partition's clock; nil if
    /// none is due. All in microseconds. One tick moves the clock no further than an entry may, so a ledger of long ago comes
    /// to now in steps.
    func tick(at now: Int64, interval: Int64, readyWithin: Int64) -> Timestamp? {
        // Under traffic there is no moment of rest; but who is far behind first folds what is there.
        guard let behind, behind <= .microseconds(readyWithin) else { return nil }
        let clock = withFold { $0.policy == nil ? Int64.max : $0.fold.clock.microseconds }
        let latest = max(clock, lastTick ?? .min)
        guard now.subtractingReportingOverflow(interval).partialValue > latest else { return nil }
        let time = min(Timestamp(microseconds: now), EntryTime.latest(at: Timestamp(microseconds: latest)))
        lastTick = time.microseconds
        return time
    }
}
