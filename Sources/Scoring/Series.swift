internal import Events
internal import Policy

/// The buckets of a rule or a measure. Rules come first under their own numbers, then the measures.
///
/// What is in one bucket ends together: the events of a period, or, where there is a window, of a UTC day. Without an end
/// all events are in one, but for a measure that goes by their order: its buckets are days too, so that an event that comes
/// late finds its place among those of its day.
struct Series {
    enum Form: UInt8 {
        /// A rule: the sum of each bucket is clamped.
        case plain
        /// A rule whose buckets shrink by steps once they have ended.
        case fading
        /// A rule with a window: the sum of all buckets is clamped.
        case rolling
        /// A rule over measures, which has no buckets. The head in a record holds its points as the bucket's sum.
        case overMeasures
        // Measures.
        case count, sum, least, greatest, latest, streak

        var isMeasure: Bool { rawValue >= Form.count.rawValue }
        /// Its events are kept in their order (`OrderedEvents`).
        var isOrdered: Bool { self == .latest || self == .streak }
    }

    var form: Form
    var dimension: Int
    var kinds: UInt8
    var per: Period
    /// How long a bucket counts after its end; nil: for ever.
    var lasts: CalendarSpan?
    var cap: Int64 = .max
    var fading: ScoringPolicy.Rule.Fading?
    /// Where in a record its state is, in words: of a rolling rule the sum of its window, of a measure a `MeasureState`; 0: it
    /// has none.
    var stateAt = 0
    /// Where in a record the number of its oldest bucket is, in 32-bit words; 0: it has few buckets, or they never end.
    var oldestAt = 0

    init(_ rule: ScoringPolicy.Rule) {
        form =
            rule.isOverMeasures ? .overMeasures : rule.within != nil ? .rolling : rule.fading != nil ? .fading : .plain
        dimension = rule.dimension
        kinds = rule.kinds.rawValue
        per = rule.within == nil ? rule.per : .day
        lasts = rule.within ?? rule.lasts
        cap = min(rule.cap, ScoringPolicy.saturation)
        fading = rule.fading
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

    /// Those of a policy, with their states laid out from a word of the record on.
    static func all(of policy: ScoringPolicy, statesAt start: Int) -> [Series] {
        var all = policy.rules.map { Series($0) } + policy.measures.map { Series($0) }
        var next = start
        for number in all.indices {
            let words = all[number].stateWords
            if words > 0 { all[number].stateAt = next }
            if all[number].knowsOldest { all[number].oldestAt = all[number].oldestAt(from: next) }
            next += words
        }
        return all
    }

    static func stateWords(of policy: ScoringPolicy) -> Int {
        policy.rules.reduce(0) { $0 + Series($1).stateWords } + policy.measures.reduce(0) { $0 + Series($1).stateWords }
    }

    /// Its buckets are days that end: there can be many, and the one that ends is found at once.
    private var knowsOldest: Bool { per == .day && lasts != nil }

    private var stateWords: Int {
        form.isMeasure ? MeasureState.words : (form == .rolling ? 1 : 0) + (knowsOldest ? 1 : 0)
    }

    /// In 32-bit words, where its state begins at `word`.
    private func oldestAt(from word: Int) -> Int {
        if form.isMeasure { return word * 2 + MemoryLayout<MeasureState>.offset(of: \.oldest)! / 4 }
        return (form == .rolling ? word + 1 : word) * 2
    }

    /// The instant from which a bucket counts no more; `Int64.max`: never.
    func end(of bucket: Int32) -> Int64 {
        guard let lasts else { return .max }
        return per.end(of: bucket).adding(lasts).microseconds
    }

    /// The instant from which a bucket that fades has made so many steps.
    func start(ofStep step: Int64, of bucket: Int32) -> Int64 {
        guard let fading else { return .max }
        return per.end(of: bucket).adding(CalendarSpan(step, fading.unit)).microseconds
    }

    /// How many steps a bucket that fades has made by `time`.
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
