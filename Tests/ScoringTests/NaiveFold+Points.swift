import Events
import Policy
import Scoring

/// What a set of events is worth: SPEC section 4.
extension NaiveFold {
    /// R of each rule.
    func totals(_ subject: Subject) -> [Int64] { sums(subject, at: clock).map { saturated($0) } }

    /// What each rule adds to its dimension.
    func added(_ subject: Subject) -> [Int64] { added(subject, at: clock) }

    func added(_ subject: Subject, at time: Timestamp) -> [Int64] {
        sums(subject, at: time).map { ruleSumsSaturate ? saturated($0) : $0 }
    }

    func saturated(_ sum: Int64) -> Int64 { max(-ScoringPolicy.saturation, min(ScoringPolicy.saturation, sum)) }

    private func sums(_ subject: Subject, at time: Timestamp) -> [Int64] {
        policy.rules.indices.map { number in
            let rule = policy.rules[number]
            let cap = min(rule.cap, ScoringPolicy.saturation)
            func clamped(_ points: Int64) -> Int64 { max(-cap, min(cap, points)) }
            if rule.isOverMeasures { return clamped(pointsOverMeasures(rule, subject, at: time)) }
            let mine = subject.events.flatMap(\.contributions).filter { $0.rule == number && ends($0).last! > time }
            if rule.within != nil { return clamped(mine.reduce(0) { $0 + $1.points }) }
            return Dictionary(grouping: mine) { rule.per.bucket(of: $0.time) }.reduce(0) { sum, bucket in
                sum + left(of: clamped(bucket.value.reduce(0) { $0 + $1.points }), rule, bucket.key, at: time)
            }
        }
    }

    func dimensions(_ subject: Subject) -> [Int64] {
        let added = added(subject)
        return policy.dimensions.enumerated().map { number, dimension in
            let sum = policy.rules.indices.filter { policy.rules[$0].dimension == number }
                .reduce(0) { $0 + added[$1] }
            return max(dimension.min, min(dimension.max, sum))
        }
    }

    func score(_ subject: Subject) -> Int64 {
        max(policy.score.min, min(policy.score.max, policy.score.base + dimensions(subject).reduce(0, +)))
    }
}
