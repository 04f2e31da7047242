internal import Events
internal import Policy

/// What calendar arithmetic gave of late, by series: events and the ends of buckets come close together in time, whoever's they
/// are. It follows from the policy alone, and is no part of the state.
struct CalendarCache {
    /// How far a bucket that fades has come at a clock.
    struct Steps {
        var number: Int32 = .min
        /// Steps that it has made.
        var count: Int64 = 0
        /// The clocks at which they are so many.
        var from: Int64 = .max
        var until: Int64 = .min
    }

    /// Days of events, and buckets that fade, that are known at once: a power of two.
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

    /// How far a bucket that fades has come at `clock`.
    mutating func steps(of bucket: Int32, _ series: Series, _ number: Int, at clock: Timestamp) -> Steps {
        let slot = number * Self.slots + Int(bucket) & (Self.slots - 1)
        let now = clock.microseconds
        var found = steps[slot]
        if found.number == bucket, now >= found.from {
            if now < found.until { return found }
            // Mostly it has made one step more.
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
    /// The first step after `step` at which a bucket's clamped sum `points` gives something else than `rest`, which it gives after
    /// `step`; the last step if there is none.
    func nextStep(of points: Int64, after step: Int64, rest: Int64) -> Int64 {
        guard rest != 0 else { return steps }
        // |points| * (steps - k) / steps, truncated, is less than |rest| first at this k.
        let (sum, left) = (Int64(points.magnitude), Int64(rest.magnitude))
        return steps - (left * steps + sum - 1) / sum + 1
    }
}
