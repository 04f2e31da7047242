internal import Kafka

/// Control topics go first: an intake that begins to read, or that was away for a while, reads its sources only when the group
/// has read the control topic to the end that it had then, or after `patience` without progress. So an enrolment that was made before an
/// event is mostly read before it; where it is not, the fold waits for it (SPEC section 2, `early`).
///
/// A pure state machine: whoever uses it asks the broker, and pauses and resumes the sources.
struct ControlFirst {
    /// A control topic that nobody reads must not stop the sources for ever.
    static let patience = Duration.seconds(30)
    /// Between two looks at the group.
    static let lookEvery = Duration.milliseconds(100)
    /// An intake that has not read for so long begins anew with the control topic.
    static let longestPause = Duration.seconds(5)

    let start: ContinuousClock.Instant
    private var lastLook: ContinuousClock.Instant?
    /// The ends of the control topic's partitions that the group has not reached yet; nil while they are not known.
    private(set) var waiting: [TopicPartition: Int64]?
    private var positions: [TopicPartition: Int64] = [:]
    private var lastProgress: ContinuousClock.Instant

    init(at now: ContinuousClock.Instant) { (start, lastProgress) = (now, now) }

    /// Whether it is time to look, which counts as a look.
    mutating func isDue(at now: ContinuousClock.Instant) -> Bool {
        if let lastLook, now - lastLook < Self.lookEvery { return false }
        lastLook = now
        return true
    }

    /// The ends, as they are at the start.
    mutating func begin(ends: [TopicPartition: Int64]) { waiting = ends.filter { $0.value > 0 } }

    /// How far the group has read.
    mutating func note(_ positions: [TopicPartition: Int64], at now: ContinuousClock.Instant) {
        if positions.contains(where: { self.positions[$0.key] ?? .min < $0.value }) { lastProgress = now }
        self.positions.merge(positions) { max($0, $1) }
        waiting = waiting?.filter { place, end in positions[place].map { $0 < end } ?? true }
    }

    func mayReadSources(at now: ContinuousClock.Instant) -> Bool { waiting?.isEmpty == true || hasGivenUp(at: now) }

    func hasGivenUp(at now: ContinuousClock.Instant) -> Bool {
        waiting?.isEmpty != true && now - lastProgress > Self.patience
    }
}
