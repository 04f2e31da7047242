/// How records gather on their way from a source topic to the fact topics. A record that comes alone does not wait, and
/// under load larger frames cost less. `standing bench latency` and `standing bench pipeline` show the effect of these
/// numbers.
///
/// An intake sends the frames of a round at the round's end. At rest that is at once. The more records a round had, the
/// longer the next one may gather. A pure state machine: its owner polls, and ends the rounds.
struct Batching {
    /// Milliseconds that a frame, and a fact, waits in the producer for others of its partition, unless `FactHaste`
    /// flushes it earlier.
    static let (frameLingerMilliseconds, factLingerMilliseconds) = (0, 5)
    /// After a round with at most this many records the next one does not wait.
    static let recordsAtRest = 4
    /// The time for which a round may gather, per record of the previous round, up to `longestWait`.
    static let waitPerRecord = Duration.microseconds(100)
    static let longestWait = Duration.milliseconds(4)
    /// A round with this many records ends.
    static let recordsAtMost = Backpressure.batch

    /// The number of records in the current round.
    private(set) var records = 0
    /// The time at which the current round may end.
    private var due: ContinuousClock.Instant

    init(at now: ContinuousClock.Instant) { due = now }

    mutating func add(records count: Int) { records += count }

    func isDue(at now: ContinuousClock.Instant) -> Bool {
        records >= Self.recordsAtMost || records > 0 && now >= due
    }

    /// The time to wait for further records until the round is due, at least a millisecond; nil if the round has no
    /// record yet.
    func millisecondsLeft(at now: ContinuousClock.Instant) -> Int? {
        records == 0 ? nil : max(1, Int(((due - now) / .milliseconds(1)).rounded(.up)))
    }

    /// Ends the round and begins the next one.
    mutating func end(at now: ContinuousClock.Instant) {
        due = now + (records <= Self.recordsAtRest ? .zero : min(Self.waitPerRecord * records, Self.longestWait))
        records = 0
    }
}

/// Decides whether facts are sent without a wait. When a partition has nothing more to fold, the producer flushes,
/// unless facts are so frequent that gathering them is cheaper. A pure state machine.
struct FactHaste {
    /// The pause before the next flush, per fact: up to 20,000 facts per second are sent at once.
    static let pausePerFact = Duration.microseconds(50)

    private var facts = 0
    private var last: ContinuousClock.Instant

    init(at now: ContinuousClock.Instant) { last = now }

    /// Called after `count` facts were sent and no more follow for now. Returns true if the producer must flush.
    mutating func isDue(after count: Int, at now: ContinuousClock.Instant) -> Bool {
        facts += count
        let isDue = now - last >= Self.pausePerFact * facts
        if isDue || now - last > .milliseconds(Batching.factLingerMilliseconds) { (facts, last) = (0, now) }
        return isDue
    }
}
