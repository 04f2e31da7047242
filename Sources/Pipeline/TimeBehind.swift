/// Since when a position is behind an end that moves: since the end first went beyond it.
struct TimeBehind {
    /// Ends that came within this time are one sample, as old as the first of them: the answer is never too small.
    private static let sampleEvery = Duration.milliseconds(50)
    private static let maximumSamples = 256

    private var samples: [(end: Int64, at: ContinuousClock.Instant)] = []
    private var lastEnd = Int64.min

    /// The end at a time.
    mutating func note(end: Int64, at now: ContinuousClock.Instant) {
        guard end > lastEnd else { return }
        lastEnd = end
        if let last = samples.last, now - last.at < Self.sampleEvery || samples.count == Self.maximumSamples {
            samples[samples.count - 1].end = end
        } else {
            samples.append((end, now))
        }
    }

    /// Nothing is behind, also where the last offsets before the end are no records, as where transactions end.
    mutating func reachEnd() { samples.removeAll() }

    /// Nil if nothing is behind.
    mutating func since(position: Int64) -> ContinuousClock.Instant? {
        let reached = samples.prefix { $0.end <= position }.count
        if reached > 0 { samples.removeFirst(reached) }
        return samples.first?.at
    }
}
