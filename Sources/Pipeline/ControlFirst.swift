internal import Kafka

/// Gives the control topic precedence. An intake that begins to read, or that was paused for long, reads its sources
/// only after the group has read the control topic to its end at that time, or after `patience` without progress. So an
/// enrolment that was made before an event is usually read before it. Otherwise the fold waits for it (SPEC section 2,
/// `early`).
///
/// A pure state machine: its owner queries the broker, and pauses and resumes the sources.
struct ControlFirst {
    /// A control topic without a reader must not block the sources for ever.
    static let patience = Duration.seconds(30)
    /// The time between two readings of the group's positions.
    static let lookEvery = Duration.milliseconds(100)
    /// An intake that has not read for this long begins with the control topic again.
    static let longestPause = Duration.seconds(5)

    let start: ContinuousClock.Instant
    private var lastLook: ContinuousClock.Instant?
    /// The ends of the control topic's partitions that the group has not reached yet; nil before they are known.
    private(set) var waiting: [TopicPartition: Int64]?
    private var positions: [TopicPartition: Int64] = [:]
    private var lastProgress: ContinuousClock.Instant

    init(at now: ContinuousClock.Instant) { (start, lastProgress) = (now, now) }

    /// Whether the positions must be read now. If it returns true, the next reading is due after `lookEvery`.
    mutating func isDue(at now: ContinuousClock.Instant) -> Bool {
        if let lastLook, now - lastLook < Self.lookEvery { return false }
        lastLook = now
        return true
    }

    /// `ends`: the control topic's ends at the start.
    mutating func begin(ends: [TopicPartition: Int64]) { waiting = ends.filter { $0.value > 0 } }

    /// `positions`: of the group.
    mutating func note(_ positions: [TopicPartition: Int64], at now: ContinuousClock.Instant) {
        if positions.contains(where: { self.positions[$0.key] ?? .min < $0.value }) { lastProgress = now }
        self.positions.merge(positions) { max($0, $1) }
        waiting = waiting?.filter { topicPartition, end in positions[topicPartition].map { $0 < end } ?? true }
    }

    func mayReadSources(at now: ContinuousClock.Instant) -> Bool { waiting?.isEmpty == true || hasGivenUp(at: now) }

    func hasGivenUp(at now: ContinuousClock.Instant) -> Bool {
        waiting?.isEmpty != true && now - lastProgress > Self.patience
    }
}
