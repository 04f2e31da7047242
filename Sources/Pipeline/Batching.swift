/// How records gather on their way from a source topic to the fact topics: nothing waits for company when nothing else comes, and
/// under load larger frames cost less. `standing bench latency` and `standing bench pipeline` show what these numbers do.
///
/// An intake sends the frames of a round when the round ends. At rest that is at once; the more records the round before had,
/// the longer the next one may gather. A pure state machine: whoever uses it polls, and ends the rounds.
struct Batching {
    /// Milliseconds that a frame, and a fact, waits in the producer for others of its partition, unless the producer is told to
    /// hurry (`FactHaste`).
    static let (frameLingerMilliseconds, factLingerMilliseconds) = (0, 5)
    /// After a round of no more records the next one does not wait.
    static let recordsAtRest = 4
    /// For each record of the round before, the next one may gather for so long, but never longer than `longestWait`.
    static let waitPerRecord = Duration.microseconds(100)
    static let longestWait = Duration.milliseconds(4)
    /// A round of so many records ends.
    static let recordsAtMost = Backpressure.batch

    /// Of the round under way.
    private(set) var records = 0
    /// When the round under way may end.
    private var due: ContinuousClock.Instant

    init(at now: ContinuousClock.Instant) { due = now }

    mutating func add(records count: Int) { records += count }

    func isDue(at now: ContinuousClock.Instant) -> Bool {
        records >= Self.recordsAtMost || records > 0 && now >= due
    }

    /// How long to wait for other records until the round is due: at least a millisecond. Nil if it has none yet.
    func millisecondsLeft(at now: ContinuousClock.Instant) -> Int? {
        records == 0 ? nil : max(1, Int(((due - now) / .milliseconds(1)).rounded(.up)))
    }

    /// The round is over, and the next one begins.
    mutating func end(at now: ContinuousClock.Instant) {
        due = now + (records <= Self.recordsAtRest ? .zero : min(Self.waitPerRecord * records, Self.longestWait))
        records = 0
    }
}

/// Whether facts go without a wait: a partition that has nothing more to fold says so, and the producer is told to hurry, unless facts
/// come so fast that they gather more cheaply than they hurry. A pure state machine.
struct FactHaste {
    /// For each fact the next hurry may come so much later: up to 20,000 facts a second go at once.
    static let pausePerFact = Duration.microseconds(50)

    private var facts = 0
    private var last: ContinuousClock.Instant

    init(at now: ContinuousClock.Instant) { last = now }

    /// `count` facts were sent, and no more come for now. True: the producer is to hurry.
    mutating func isDue(after count: Int, at now: ContinuousClock.Instant) -> Bool {
        facts += count
        let isDue = now - last >= Self.pausePerFact * facts
        if isDue || now - last > .milliseconds(Batching.factLingerMilliseconds) { (facts, last) = (0, now) }
        return isDue
    }
}
