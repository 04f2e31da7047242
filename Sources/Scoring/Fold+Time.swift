internal import Events
internal import Policy

/// The order of a subject's timers that fall due together: bucket ends, perks by id, sanctions by id.
struct TimerRanks {
    static let bucketEnd: UInt16 = 0
    let ofPerk: [UInt16]
    let ofSanction: [UInt16]

    init(_ policy: ScoringPolicy) {
        ofPerk = Self.ranks(policy.perks.map(\.id), from: 1)
        ofSanction = Self.ranks(policy.sanctions.map(\.id), from: 1 + policy.perks.count)
    }

    private static func ranks(_ ids: [String], from first: Int) -> [UInt16] {
        let order = ids.indices.sorted { ids[$0].utf8.lexicographicallyPrecedes(ids[$1].utf8) }
        var ranks = [UInt16](repeating: 0, count: ids.count)
        for (rank, item) in order.enumerated() { ranks[item] = UInt16(first + rank) }
        return ranks
    }
}

extension Fold {
    /// Fires every timer due by `time` (or already due), each with the clock at its due time; then moves the clock.
    @inline(__always) mutating func advance(to time: Timestamp) {
        let target = max(clock, time)
        if timers.nextDue <= target.microseconds { fireTimers(until: target) }
        clock = target
        if nextExpiry <= target.microseconds { expireEarly() }
    }

    private mutating func fireTimers(until target: Timestamp) {
        while !timers.isEmpty, timers.nextDue <= target.microseconds {
            var due: [Timer] = []
            swap(&due, &dueTimers)
            clock = max(clock, Timestamp(microseconds: timers.takeNext(into: &due)))
            // Who has withdrawn has no name to be sorted by any more, and nothing that could fall due.
            due.removeAll { SubjectTable.key(subjects.record($0.subject)).isEmpty }
            due.sort { precedes($0, $1) }
            var index = 0
            while index < due.count {
                if due[index].rank == TimerRanks.bucketEnd {
                    index = endBuckets(due, from: index)
                } else {
                    fire(due[index])
                    index += 1
                }
            }
            swap(&due, &dueTimers)
        }
    }

    private func precedes(_ a: Timer, _ b: Timer) -> Bool {
        if a.subject != b.subject {
            return SubjectTable.key(subjects.record(a.subject)).precedes(SubjectTable.key(subjects.record(b.subject)))
        }
        return (a.rank, a.item, a.bucket) < (b.rank, b.item, b.bucket)
    }

    /// A subject's buckets that end together are one step. Returns the place behind them.
    private mutating func endBuckets(_ due: [Timer], from first: Int) -> Int {
        let subject = due[first].subject
        let record = subjects.record(subject)
        let firstReason = output.reasons.count
        var change = Change()
        var index = first
        while index < due.count, due[index].subject == subject, due[index].rank == TimerRanks.bucketEnd {
            // Those of one rule, two if a month lacks a day, come one after the other.
            let item = due[index].item
            var points: Int64 = 0
            while index < due.count, due[index].subject == subject, due[index].rank == TimerRanks.bucketEnd,
                due[index].item == item
            {
                points += endBucket(due[index], record)
                index += 1
            }
            guard points != 0 else { continue }
            change.points = true
            record[SubjectTable.Layout.dimensionsAt + policy.rules[Int(item)].dimension] += points
            output.reasons.append(Reason(rule: Int(item), points: points))
        }
        output.sortReasons(from: firstReason)
        weigh(record, &change)
        evaluate(subject, cause: .bucketEnd, reasons: firstReason..<output.reasons.count, change)
        return index
    }

    private mutating func fire(_ timer: Timer) {
        let record = subjects.record(timer.subject)
        let item = Int(timer.item)
        guard Int(timer.rank) <= policy.perks.count else {
            fire(item, record, timer.subject)
            return
        }
        let states = record + subjects.layout.perksAt
        guard states[item] != PerkState.held, states[item] != PerkState.idle, states[item] <= clock.microseconds else {
            return
        }
        states[item] = PerkState.idle
        let level = level(record)
        emit(.perkRevoked, record, cause: .perk(item), before: level, after: level, item: item, reasons: noReasons)
    }
}
