/// The time that policy switches took of that for which a partition's oldest frame waits. It does not count for readiness: the
/// partition answers meanwhile, and what waited is folded afterwards. A member that was ready when a switch began stays so, and
/// one that was not does not become so.
struct SwitchTime {
    /// When the current switch was first seen; nil if there is none.
    private var start: ContinuousClock.Instant?
    /// When the last one was over.
    private var end: ContinuousClock.Instant?
    /// What switches took that are over, while frames wait for longer than they may.
    private var past = Duration.zero

    /// How much of `behind` counts; nil: it is not known how far the partition is behind.
    mutating func late(
        behind: Duration?, isSwitching: Bool, readyWithin: Duration, at now: ContinuousClock.Instant
    ) -> Duration? {
        guard let behind else {
            self = SwitchTime()
            return nil
        }
        if isSwitching {
            start = start ?? now
        } else {
            if let start {
                past += now - start
                end = now
            }
            start = nil
            // What waits now counts by itself, and so does what came after the switch.
            if behind <= readyWithin || end.map({ now - behind > $0 }) ?? true { past = .zero }
        }
        return max(.zero, behind - past - (start.map { now - $0 } ?? .zero))
    }
}
