/// The time of policy switches within the waiting time of a partition's oldest frame. It does not count for readiness,
/// because the partition answers meanwhile, and the waiting frames are folded afterwards. A member that was ready at
/// the start of a switch stays so, and one that was not does not become so.
struct SwitchTime {
    /// The first observation of the current switch; nil if there is none.
    private var start: ContinuousClock.Instant?
    /// The end of the last switch; nil if there was none.
    private var end: ContinuousClock.Instant?
    /// The time of finished switches, while frames wait longer than allowed.
    private var past = Duration.zero

    /// The part of `behind` that counts; nil if `behind` is unknown.
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
            // The waiting time of later frames counts in full.
            if behind <= readyWithin || end.map({ now - behind > $0 }) ?? true { past = .zero }
        }
        return max(.zero, behind - past - (start.map { now - $0 } ?? .zero))
    }
}
