internal import Scoring

/// The activity of a member in the last hour: samples of its counters.
struct ActivitySamples: Sendable {
    /// Counters since the start of the process.
    struct Counts: Sendable, Equatable {
        var events: Int64 = 0
        var entries: Int64 = 0
        var facts: Int64 = 0
        var deadLetters: Int64 = 0
    }

    static let interval = Duration.seconds(5)
    private static let window = Duration.seconds(3600)
    private static let maximum = Int(window / interval) + 1
    /// A shorter time gives no meaningful rate.
    private static let least = Duration.seconds(1)

    /// Oldest first, never empty.
    private var samples: [(at: ContinuousClock.Instant, counts: Counts)]

    init(at now: ContinuousClock.Instant) { samples = [(now, Counts())] }

    func isDue(at now: ContinuousClock.Instant) -> Bool { now - samples[samples.count - 1].at >= Self.interval }

    mutating func add(_ counts: Counts, at now: ContinuousClock.Instant) {
        samples.append((now, counts))
        // Samples before the window are removed together, so that the array is moved rarely.
        if samples.count > 2 * Self.maximum { samples.removeFirst(samples.count - Self.maximum) }
    }

    /// The activity in the last `window`, or since the start of the process if that is shorter; nil if it is too short.
    /// `counts`: the present ones.
    func activity(over window: Duration, until counts: Counts, at now: ContinuousClock.Instant) -> Activity? {
        guard let start = samples.last(where: { now - $0.at >= window }) ?? samples.first, now - start.at >= Self.least
        else { return nil }
        return Activity(from: start.counts, to: counts, seconds: (now - start.at) / .seconds(1))
    }

    /// The activity of each of the last minutes, the newest last.
    func byMinute(_ minutes: Int, until counts: Counts, at now: ContinuousClock.Instant) -> [Activity] {
        var result: [Activity] = []
        var (end, endCounts) = (now, counts)
        for minute in 1...max(1, minutes) {
            guard let start = samples.last(where: { now - $0.at >= .seconds(60 * minute) }) else { break }
            result.append(Activity(from: start.counts, to: endCounts, seconds: (end - start.at) / .seconds(1)))
            (end, endCounts) = (start.at, start.counts)
        }
        return result.reversed()
    }
}

/// The activity of a member in a period.
public struct Activity: Sendable, Equatable, Codable {
    public let seconds: Double
    /// Source records that became entries of the ledger.
    public let events: Int64
    /// Entries that were folded, which other members may have appended.
    public let entries: Int64
    /// Facts that were published.
    public let facts: Int64
    public let deadLetters: Int64

    init(seconds: Double, events: Int64, entries: Int64, facts: Int64, deadLetters: Int64) {
        (self.seconds, self.events, self.entries) = (seconds, events, entries)
        (self.facts, self.deadLetters) = (facts, deadLetters)
    }

    init(from start: ActivitySamples.Counts, to end: ActivitySamples.Counts, seconds: Double) {
        self.init(
            seconds: seconds, events: end.events - start.events, entries: end.entries - start.entries,
            facts: end.facts - start.facts, deadLetters: end.deadLetters - start.deadLetters)
    }

    public var eventsPerSecond: Double { Double(events) / seconds }
    public var entriesPerSecond: Double { Double(entries) / seconds }
    public var factsPerSecond: Double { Double(facts) / seconds }
}

extension ActivitySamples.Counts {
    init(_ status: PipelineReading) {
        (events, entries) = (status.intake.events, status.folded.counters.entries)
        (facts, deadLetters) = (status.factsPublished.reduce(0, +), status.intake.deadLetterTotal)
    }
}
