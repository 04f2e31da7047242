internal import Events
internal import Policy

/// Recent results of calendar arithmetic, by series. Events and ends of buckets of all subjects are close together in
/// time, so most look-ups hit. The cache follows from the policy alone, and is not part of the state.
struct CalendarCache {
    /// The steps that a fading bucket has made at a clock.
    struct Steps {
        var number: Int32 = .min
        /// Steps made.
        var count: Int64 = 0
        /// The clocks at which the count is valid.
        var from: Int64 = .max
        var until: Int64 = .min
    }

    /// Cached days of events, and cached fading buckets. A power of two.
    private static let slots = 32
    private var buckets: [Fold.LastBucket]
    private var steps: [Steps]

    init(series: Int) {
        buckets = [Fold.LastBucket](repeating: Fold.LastBucket(), count: series * Self.slots)
        steps = [Steps](repeating: Steps(), count: series * Self.slots)
    }

    /// The bucket of a time.
    mutating func bucket(of time: Timestamp, _ series: Series, _ number: Int) -> Fold.LastBucket {
        let day = time.microseconds / Timestamp.microsecondsPerDay
        let slot = number * Self.slots + Int(truncatingIfNeeded: day) & (Self.slots - 1)
        let known = buckets[slot]
        if time.microseconds >= known.start, time.microseconds < known.end { return known }
        let bucket = series.per.bucket(of: time)
        let found = Fold.LastBucket(
            number: bucket, start: series.per.start(of: bucket).microseconds,
            end: series.per.end(of: bucket).microseconds, due: series.end(of: bucket))
        buckets[slot] = found
        return found
    }

    /// The steps that a fading bucket has made at `clock`.
    mutating func steps(of bucket: Int32, _ series: Series, _ number: Int, at clock: Timestamp) -> Steps {
        let slot = number * Self.slots + Int(bucket) & (Self.slots - 1)
        let now = clock.microseconds
        var found = steps[slot]
        if found.number == bucket, now >= found.from {
            if now < found.until { return found }
            // In most cases it has made one step more.
            found.count += 1
            found.from = found.until
            found.until = series.start(ofStep: found.count + 1, of: bucket)
        }
        if found.number != bucket || now < found.from || now >= found.until {
            let count = series.steps(of: bucket, at: now)
            found = Steps(
                number: bucket, count: count, from: count == 0 ? .min : series.start(ofStep: count, of: bucket),
                until: series.start(ofStep: count + 1, of: bucket))
        }
        steps[slot] = found
        return found
    }
}

extension ScoringPolicy.Rule.Fading {
    /// The first step after `step` at which a bucket with the clamped sum `points` gives another value than `rest`, its
    /// value after `step`. The last step if there is none.
    func nextStep(of points: Int64, after step: Int64, rest: Int64) -> Int64 {
        guard rest != 0 else { return steps }
        // |points| * (steps - k) / steps, truncated, becomes less than |rest| at this k.
        let (sum, left) = (Int64(points.magnitude), Int64(rest.magnitude))
        return steps - (left * steps + sum - 1) / sum + 1
    }
}
