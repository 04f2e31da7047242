/// The time since which a position lags after a moving end: since the end first exceeded it.
struct TimeBehind {
    /// Ends within this time are one sample with the time of the first, so that the result is never too small.
    private static let sampleEvery = Duration.milliseconds(50)
    private static let maximumSamples = 256

    private var samples: [(end: Int64, at: ContinuousClock.Instant)] = []
    private var lastEnd = Int64.min

    /// Notes the end at a time.
    mutating func note(end: Int64, at now: ContinuousClock.Instant) {
        guard end > lastEnd else { return }
        lastEnd = end
        if let last = samples.last, now - last.at < Self.sampleEvery || samples.count == Self.maximumSamples {
            samples[samples.count - 1].end = end
        } else {
            samples.append((end, now))
        }
    }

    /// Nothing lags, even if the last offsets before the end have no records, as at the end of transactions.
    mutating func reachEnd() { samples.removeAll() }

    /// Nil if the position does not lag.
    mutating func since(position: Int64) -> ContinuousClock.Instant? {
        let reached = samples.prefix { $0.end <= position }.count
        if reached > 0 { samples.removeFirst(reached) }
        return samples.first?.at
    }
}
