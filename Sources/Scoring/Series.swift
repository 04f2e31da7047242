internal import Events
internal import Policy

/// The buckets of a rule or a measure. Rules have their own numbers, and measures follow.
///
/// The content of a bucket ends together: the events of a period, or of a UTC day if there is a window. Without an end
/// there is one bucket. An ordered measure always has one bucket per day, so that a late event finds its position among
/// those of its day.
struct Series {
    enum Form: UInt8 {
        /// A rule: the sum of each bucket is clamped.
        case plain
        /// A rule whose buckets shrink by steps once they have ended.
        case fading
        /// A rule with a window: the sum of all buckets is clamped.
        case rolling
        /// A rule over measures, which has no buckets. The bucket in the record has its points as the sum.
        case overMeasures
        // Measures.
        case count, sum, least, greatest, latest, streak

        var isMeasure: Bool { rawValue >= Form.count.rawValue }
        /// Whether its events are stored in their order (`OrderedEvents`).
        var isOrdered: Bool { self == .latest || self == .streak }
        /// Whether a measure without an event has no value.
        var canBeAbsent: Bool { self == .least || self == .greatest || self == .latest }
    }

    var form: Form
    var dimension: Int
    var kinds: UInt8
    var per: Period
    /// How long a bucket counts after its end; nil if it counts for ever.
    var lasts: CalendarSpan?
    var cap: Int64 = .max
    var fading: ScoringPolicy.Rule.Fading?
    /// Whether its state begins with a sum: of the window of a rolling rule, or of the points of all buckets of a rule
    /// that may exceed the limit of sums.
    var hasSum = false
    /// The position of its state in a record, in words: the sum of a rule, the `MeasureState` of a measure. 0 if it has
    /// no state.
    var stateAt = 0
    /// The position of the number of its oldest bucket in a record, in 32-bit words. 0 if it has few buckets, or if
    /// they never end.
    var oldestAt = 0

    /// `saturates` is false in a ledger that began before fold version 9.
    init(_ rule: ScoringPolicy.Rule, saturates: Bool) {
        form =
            rule.isOverMeasures ? .overMeasures : rule.within != nil ? .rolling : rule.fading != nil ? .fading : .plain
        dimension = rule.dimension
        kinds = rule.kinds.rawValue
        per = rule.within == nil ? rule.per : .day
        lasts = rule.within ?? rule.lasts
        cap = min(rule.cap, ScoringPolicy.saturation)
        fading = rule.fading
        hasSum = form == .rolling || saturates && form != .overMeasures && rule.maximumPoints > ScoringPolicy.saturation
    }

    init(_ measure: ScoringPolicy.Measure) {
        form =
            switch measure.value {
            case .count: .count
            case .sum: .sum
            case .min: .least
            case .max: .greatest
            case .latest: .latest
            case .streak: .streak
            }
        dimension = measure.dimension
        kinds = measure.kinds.rawValue
        per = measure.within == nil && !form.isOrdered ? .ever : .day
        lasts = measure.within
    }

    /// The series of a policy. Their states begin at a word of the record.
    static func all(of policy: ScoringPolicy, statesAt start: Int, ruleSumsSaturate saturates: Bool) -> [Series] {
        var all = policy.rules.map { Series($0, saturates: saturates) } + policy.measures.map { Series($0) }
        var next = start
        for number in all.indices {
            let words = all[number].stateWords
            if words > 0 { all[number].stateAt = next }
            if all[number].knowsOldest { all[number].oldestAt = all[number].oldestAt(from: next) }
            next += words
        }
        return all
    }

    static func stateWords(of policy: ScoringPolicy, ruleSumsSaturate saturates: Bool) -> Int {
        all(of: policy, statesAt: 0, ruleSumsSaturate: saturates).reduce(0) { $0 + $1.stateWords }
    }

    /// Whether its buckets are days that end. There can be many, and the oldest one is found without a search.
    private var knowsOldest: Bool { per == .day && lasts != nil }

    var stateWords: Int {
        form.isMeasure ? MeasureState.words : (hasSum ? 1 : 0) + (knowsOldest ? 1 : 0)
    }

    /// The position in 32-bit words, of a state that begins at `word`.
    private func oldestAt(from word: Int) -> Int {
        if form.isMeasure { return word * 2 + MemoryLayout<MeasureState>.offset(of: \.oldest)! / 4 }
        return (hasSum ? word + 1 : word) * 2
    }

    /// The instant from which a bucket does not count; `Int64.max` if it always counts.
    func end(of bucket: Int32) -> Int64 {
        guard let lasts else { return .max }
        return per.end(of: bucket).adding(lasts).microseconds
    }

    /// The instant from which a fading bucket has made this many steps.
    func start(ofStep step: Int64, of bucket: Int32) -> Int64 {
        guard let fading else { return .max }
        return per.end(of: bucket).adding(CalendarSpan(step, fading.unit)).microseconds
    }

    /// The steps that a fading bucket has made by `time`.
    func steps(of bucket: Int32, at time: Int64) -> Int64 {
        guard let fading else { return 0 }
        var (least, beyond) = (Int64(0), fading.steps + 1)
        while beyond - least > 1 {
            let middle = (least + beyond) / 2
            if start(ofStep: middle, of: bucket) <= time { least = middle } else { beyond = middle }
        }
        return least
    }
}

extension ScoringPolicy.Rule {
    /// An upper bound of the points that the rule's buckets have together, in a ledger whose entries are in range
    /// (`EntryTime`), before they saturate.
    fileprivate var maximumPoints: Int64 {
        let ofEvent: Int64 =
            switch points {
            case .constant(let points): Int64(points.magnitude)
            case .expression: ScoringPolicy.saturation
            }
        let buckets =
            maximumLiveBuckets ?? Int64(per.bucket(of: EntryTime.last) - per.bucket(of: EntryTime.first)) + 1
        return min(min(cap, ScoringPolicy.saturation) * buckets, ofEvent * Int64(Fold.maximumSubjectEvents))
    }
}
